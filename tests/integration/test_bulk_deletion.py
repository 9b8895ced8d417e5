"""Deleting many files at once: all or none; and what may not be deleted alone."""

import pytest
from httpx import AsyncClient

from renderio_box.database import files
from renderio_box.jobs.files import FOLDER_ALIAS, Bundle, FileType, MediaInfo, NewFile
from renderio_box.jobs.job import Succeeded
from tests.builders import make_file
from tests.integration.box import COMMANDS, FILES, NOWHERE, Box, files_kept, problem, upload
from tests.integration.queue_steps import claimed, submitted

BULK = f"{FILES}/bulk-delete"
BOTH = pytest.mark.parametrize("path", [BULK, "/v1/files/bulk-delete"])


async def uploaded(client: AsyncClient, count: int) -> list[str]:
    return [str((await upload(client, b"%d" % number))["file_id"]) for number in range(count)]


async def deleted(client: AsyncClient, file_id: str) -> bool:
    return bool((await client.get(f"{FILES}/{file_id}")).json()["is_deleted"])


async def bundled(box: Box, alias: str) -> str:
    """Return an output of several files."""
    await submitted(box.queue)
    job = await claimed(box.queue)
    output = NewFile(
        key=f"outputs/ab/{alias}",
        filename="playlist.m3u8",
        size_bytes=1,
        sha256="0" * 64,
        media=MediaInfo(file_type=FileType.TEXT),
        alias=alias,
        bundle=Bundle(file_count=3, size_bytes=9),
    )
    await box.queue.settle(job, Succeeded(outputs=(output,), run_seconds=1.0, log=""))
    (file,) = (await box.report(job.id)).outputs
    return file.id


@BOTH
async def test_files_are_deleted_together(box: Box, client: AsyncClient, path: str) -> None:
    ids = await uploaded(client, 3)

    answered = await client.post(path, json={"file_ids": ids[:2]})

    assert (answered.status_code, answered.json()) == (200, {"deleted_file_ids": ids[:2]})
    assert [await deleted(client, each) for each in ids] == [True, True, False]
    assert len(files_kept(box)) == 1


async def test_a_file_may_be_named_twice(client: AsyncClient) -> None:
    (file_id,) = await uploaded(client, 1)

    answered = await client.post(BULK, json={"file_ids": [file_id, file_id]})

    assert answered.json() == {"deleted_file_ids": [file_id]}


@BOTH
@pytest.mark.parametrize("unknown", [NOWHERE, "not-an-id", ""])
async def test_when_one_is_unknown_none_is_deleted(
    box: Box, client: AsyncClient, path: str, unknown: str
) -> None:
    ids = await uploaded(client, 2)

    refused = await client.post(path, json={"file_ids": [ids[0], unknown, ids[1]]})

    assert refused.status_code == 404
    assert [await deleted(client, each) for each in ids] == [False, False]
    assert len(files_kept(box)) == 2


async def test_a_file_that_was_deleted_before_counts_as_unknown(client: AsyncClient) -> None:
    ids = await uploaded(client, 2)
    await client.delete(f"{FILES}/{ids[0]}")

    refused = await client.post(BULK, json={"file_ids": ids})

    assert problem(refused) == (404, "NOT_FOUND")
    assert await deleted(client, ids[1]) is False


async def test_somebody_elses_file_counts_as_unknown(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    mine, (theirs,) = await uploaded(client, 1), await uploaded(stranger, 1)

    refused = await client.post(BULK, json={"file_ids": [*mine, theirs]})

    assert problem(refused) == (404, "NOT_FOUND")
    assert await deleted(stranger, theirs) is False


async def test_an_administrator_may_delete_everybodys_files(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient
) -> None:
    ids = [*await uploaded(client, 1), *await uploaded(stranger, 1)]

    assert (await admin.post(BULK, json={"file_ids": ids})).status_code == 200


async def test_files_that_are_on_their_way_are_deleted_too(client: AsyncClient) -> None:
    body = {"url": "http://a.test/clip.mp4"}
    file_id = (await client.post(f"{FILES}/store-file", json=body)).json()["file_id"]

    assert (await client.post(BULK, json={"file_ids": [file_id]})).status_code == 200


async def test_a_thousand_files_are_deleted_together(box: Box, client: AsyncClient) -> None:
    ids = [f"00000000-0000-7000-8000-{number:012}" for number in range(1000)]
    async with box.database.transaction() as tx:
        for file_id in ids:
            await files.insert(tx, make_file(id=file_id, key=f"uploads/ab/{file_id}"))

    answered = await client.post(BULK, json={"file_ids": ids})

    assert answered.json() == {"deleted_file_ids": ids}


@BOTH
async def test_a_playlist_is_not_deleted_without_its_segments(
    box: Box, client: AsyncClient, path: str
) -> None:
    (file_id,) = await uploaded(client, 1)
    playlist = await bundled(box, "out_playlist_hls")

    refused = await client.post(path, json={"file_ids": [file_id, playlist]})

    assert refused.status_code == 400
    assert "is a playlist" in str(refused.json().get("message") or refused.json()["detail"])
    assert await deleted(client, file_id) is False


async def test_a_playlist_cannot_be_deleted_as_a_file(box: Box, client: AsyncClient) -> None:
    playlist = await bundled(box, "out_playlist_hls")

    refused = await client.delete(f"{FILES}/{playlist}")

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert f"DELETE {COMMANDS.removeprefix('/api/v1/')}/" in refused.json()["message"]
    assert await deleted(client, playlist) is False


async def test_a_folder_may_be_deleted_as_a_file(box: Box, client: AsyncClient) -> None:
    folder = await bundled(box, FOLDER_ALIAS)

    assert (await client.delete(f"{FILES}/{folder}")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_ids": []},
        {"file_ids": None},
        {"file_ids": "x"},
        {"file_ids": [1]},
        {"file_ids": [[]]},
        {"file_ids": ["x"] * 1001},
    ],
)
async def test_what_lists_no_files_is_refused(
    shared_client: AsyncClient, body: dict[str, object]
) -> None:
    assert problem(await shared_client.post(BULK, json=body)) == (400, "INVALID_REQUEST")


@BOTH
async def test_nobody_deletes_files_without_a_key(shared_anonymous: AsyncClient, path: str) -> None:
    assert (await shared_anonymous.post(path, json={"file_ids": ["x"]})).status_code == 401
