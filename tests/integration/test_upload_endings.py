"""Uploads in parts that nobody completes, that outlive their box, or meet a full disk."""

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.companions import accompanied_by
from renderio_box.identifiers import FileId
from tests.builders import OWNER
from tests.integration.box import (
    FILES,
    FINAL_WITHIN_S,
    UPLOAD_TERMS,
    Box,
    Outside,
    files_kept,
    open_box,
    problem,
    speaking_to,
)
from tests.integration.part_upload import CONTENT, PART, Begun, begin, claim

HOURS_S = UPLOAD_TERMS.kept_for.total_seconds()


async def test_a_part_may_come_until_the_upload_ends(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    box.clock.advance(HOURS_S - 1)

    assert (await begun.send(1)).status_code == 200


async def test_no_part_is_taken_once_the_upload_has_ended(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    box.clock.advance(HOURS_S)

    assert problem(await begun.send(1)) == (404, "NOT_FOUND")


async def test_an_upload_that_has_ended_cannot_be_completed(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    box.clock.advance(HOURS_S)

    assert problem(await begun.complete(claims)) == (404, "NOT_FOUND")


async def test_an_upload_that_ends_while_a_part_arrives_does_not_keep_it(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)
    upload = await box.part_uploads.awaiting(begun.urls[0].split("/")[-2], 1)

    async with box.storage.receive() as incoming:
        await incoming.write(CONTENT[:PART])
        box.clock.advance(HOURS_S)
        with pytest.raises(Exception, match="or it has ended"):
            await box.part_uploads.add_part(upload, 1, incoming)

    assert files_kept(box) == []


async def test_an_abandoned_upload_is_deleted_with_its_parts(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    await begun.send_all()
    box.clock.advance(HOURS_S)

    cleared = await box.part_uploads.clear_away()

    assert (cleared, files_kept(box)) == (1, [])
    assert (await begun.record())["is_deleted"] is True


async def test_the_keeper_clears_abandoned_uploads_away(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    await begun.send(1)
    box.clock.advance(HOURS_S)

    async with accompanied_by(box.keeper.run):
        with anyio.fail_after(FINAL_WITHIN_S):
            while not (await begun.record())["is_deleted"]:
                await anyio.lowlevel.checkpoint()


async def test_uploads_that_go_on_are_left_alone(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    assert await box.part_uploads.clear_away() == 0
    assert (await begun.complete(claims)).status_code == 200


async def test_a_completed_file_outlives_its_upload(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    record = (await begun.complete(claims)).json()
    box.clock.advance(HOURS_S)

    await box.part_uploads.clear_away()

    assert (await client.get(record["storage_url"])).content == CONTENT
    assert problem(await begun.complete(claims)) == (404, "NOT_FOUND")


async def test_many_abandoned_uploads_are_cleared_away_bit_by_bit(
    box: Box, client: AsyncClient
) -> None:
    for _ in range(101):
        await box.part_uploads.begin("clip.mp4", 5, owner=OWNER)
    box.clock.advance(HOURS_S)

    assert [await box.part_uploads.clear_away() for _ in range(3)] == [100, 1, 0]
    assert (await client.get(FILES)).json()["files"] == []


async def test_deleting_an_upload_that_goes_on_stops_it(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    deleted = await client.delete(f"{FILES}/{begun.file_id}")

    assert deleted.status_code == 200
    assert problem(await begun.send(1)) == (404, "NOT_FOUND")
    assert problem(await begun.complete(claims)) == (404, "NOT_FOUND")
    assert (await box.part_uploads.clear_away(), files_kept(box)) == (1, [])


async def test_an_upload_goes_on_in_the_next_box(tmp_path: Path, outside: Outside) -> None:
    async with open_box(tmp_path, outside) as box:
        key = await box.key("ann")
        async with speaking_to(create_app(box.parts), key) as client:
            begun = await begin(client)
            claims = [claim(number, await begun.send(number)) for number in (1, 3)]

    async with (
        open_box(tmp_path, outside) as box,
        speaking_to(create_app(box.parts), key) as client,
    ):
        begun = Begun(client, begun.file_id, begun.urls, begun.content)
        claims.append(claim(2, await begun.send(2)))
        record = (await begun.complete(claims)).json()

        assert (await client.get(record["storage_url"])).content == CONTENT


async def test_what_a_box_that_died_while_it_joined_parts_left_is_written_over(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    await leave_half_joined(box, begun)

    record = (await begun.complete(claims)).json()

    assert (await client.get(record["storage_url"])).content == CONTENT


async def test_what_a_box_that_died_while_it_joined_parts_left_is_cleared_away(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)
    await leave_half_joined(box, begun)
    box.clock.advance(HOURS_S)

    await box.part_uploads.clear_away()

    assert files_kept(box) == []


async def leave_half_joined(box: Box, begun: Begun) -> None:
    """Publish an object that no row speaks of as stored."""
    file = await box.files.find(FileId(begun.file_id), sees=None)
    async with box.storage.receive() as incoming:
        await incoming.write(b"something else")
        await incoming.complete(file.key)


async def test_a_full_disk_takes_no_part_and_loses_none(tmp_path: Path, outside: Outside) -> None:
    async with open_box(tmp_path, outside) as box:
        key = await box.key("ann")
        async with speaking_to(create_app(box.parts), key) as client:
            begun = await begin(client)
            claims = await begun.send_all()

    async with (
        open_box(tmp_path, outside, reserve_bytes=2**60) as box,
        speaking_to(create_app(box.parts), key) as client,
    ):
        begun = Begun(client, begun.file_id, begun.urls, begun.content)
        assert problem(await begun.send(1)) == (503, "STORAGE_FULL")
        assert problem(await begun.complete(claims)) == (503, "STORAGE_FULL")

    async with (
        open_box(tmp_path, outside) as box,
        speaking_to(create_app(box.parts), key) as client,
    ):
        begun = Begun(client, begun.file_id, begun.urls, begun.content)
        assert (await begun.complete(claims)).status_code == 200
