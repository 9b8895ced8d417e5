"""What becomes of wanted files: fetched once, kept, failed, deleted meanwhile, interrupted."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from httpx import AsyncClient
from msgspec.structs import replace

from renderio_box.catalog.wanted import WantedFiles
from renderio_box.companions import accompanied_by
from renderio_box.inputs.download import Downloader
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.jobs.files import FileStatus, MediaInfo, StoredFile
from renderio_box.scheduler.keeper import Keeper
from tests.builders import ADDRESSES, OWNER
from tests.fakes import Answer, Receiver, ScriptedProber, TroubledDatabase, answer
from tests.integration.box import (
    BOUNDS,
    FILES,
    LOOPBACK,
    MAX_INPUT_BYTES,
    Box,
    Outside,
    files_kept,
    open_box,
    upload,
)

CONTENT = bytes(range(256)) * 300
ENDLESS = Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nbegun", stays_silent=True)


@pytest.fixture
async def patient(outside: Outside) -> AsyncGenerator[Outside]:
    """A world in which a silent server is waited for longer than a test may last."""
    downloader = Downloader(
        replace(BOUNDS, stall_seconds=60.0, total_seconds=60.0), OutboundTransport(LOOPBACK)
    )
    yield replace(outside, downloader=downloader)
    await downloader.close()


async def wanted(box: Box, url: str, filename: str = "clip.mp4") -> str:
    box.clock.advance(1)
    return (await box.wanted.add(url, filename, owner=OWNER, field="url")).id


async def kept(box: Box, url: str, filename: str = "clip.mp4") -> StoredFile:
    return await box.keep_until(await wanted(box, url, filename))


async def failure(box: Box, url: str) -> tuple[str | None, str | None]:
    file = await kept(box, url)
    return file.error_status, file.error_message


async def test_a_wanted_file_is_fetched_and_served(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(CONTENT)

    file = await kept(box, f"{receiver.url}/clip.mp4")

    record = (await client.get(f"{FILES}/{file.id}")).json()
    assert (record["status"], record["codec"]) == ("STORED", "h264")
    assert record["size_mbytes"] == len(CONTENT) / 1_048_576
    assert (await client.get(record["storage_url"])).content == CONTENT


async def test_a_file_is_fetched_once(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(CONTENT)
    async with accompanied_by(box.keeper.run):
        await box.until_file(await wanted(box, f"{receiver.url}/clip.mp4"))
        await box.until_file(await wanted(box, f"{receiver.url}/missing.mp4"))

    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("path", "media_type", "chosen", "name"),
    [
        ("/clip.mp4", "", "clip.mp4", "clip.mp4"),
        ("/clip", "video/mp4", "clip", "clip.mp4"),
        ("/clip", "video/webm; codecs=x", "mine", "mine.webm"),
        ("/clip.mp4", "image/png", "mine", "mine.mp4"),
        ("/clip.mp4", "image/png", "mine.mov", "mine.mov"),
        ("/clip", "application/octet-stream", "clip", "clip"),
        ("/clip", "made/up", "clip", "clip"),
    ],
)
async def test_a_name_without_extension_gets_the_one_of_the_content(
    box: Box, receiver: Receiver, path: str, media_type: str, chosen: str, name: str
) -> None:
    receiver.answers[path] = answer(
        b"x", headers={"Content-Type": media_type, "Content-Length": "1"}
    )

    assert (await kept(box, receiver.url + path, chosen)).filename == name


async def test_a_files_address_outlives_its_new_extension(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    headers = {"Content-Type": "video/mp4", "Content-Length": str(len(CONTENT))}
    receiver.answers["/clip"] = answer(CONTENT, headers=headers)
    body = {"url": f"{receiver.url}/clip"}
    stored = (await client.post(f"{FILES}/store-file", json=body)).json()

    await box.keep_until(stored["file_id"])

    assert (await client.get(stored["storage_url"])).content == CONTENT


async def test_a_file_that_is_no_media_is_kept_as_what_its_name_says(
    box: Box, receiver: Receiver, prober: ScriptedProber
) -> None:
    prober.unreadable.add("clip.mp4")
    receiver.answers["/clip.mp4"] = answer(b"noise")

    file = await kept(box, f"{receiver.url}/clip.mp4")

    assert (file.status, file.media.file_type, file.media.codec) == ("stored", "video", None)


async def test_an_empty_file_can_be_kept(box: Box, receiver: Receiver) -> None:
    receiver.answers["/empty.txt"] = answer(b"")

    assert (await kept(box, f"{receiver.url}/empty.txt", "empty.txt")).size_bytes == 0


@pytest.mark.parametrize(
    ("told", "status", "reason"),
    [
        (answer(b"", status="404 Not Found"), "UNREACHABLE_INPUT_FILE", "the server answered 404"),
        (ENDLESS, "UNREACHABLE_INPUT_FILE", "the server did not answer in time"),
        (
            answer(b"half", headers={"Content-Length": "9"}),
            "UNREACHABLE_INPUT_FILE",
            "the server broke off before the file was complete",
        ),
    ],
    ids=["missing", "silent", "broken off"],
)
async def test_a_file_that_cannot_be_fetched_has_failed(
    box: Box, receiver: Receiver, told: Answer, status: str, reason: str
) -> None:
    receiver.answers["/clip.mp4"] = told

    assert await failure(box, f"{receiver.url}/clip.mp4") == (
        status,
        f"clip.mp4 could not be fetched: {reason}.",
    )


@pytest.mark.parametrize("length", [None, "200000"])
async def test_a_file_over_the_limit_has_failed(
    box: Box, receiver: Receiver, length: str | None
) -> None:
    headers = {} if length is None else {"Content-Length": length}
    receiver.answers["/clip.mp4"] = answer(bytes(2 * MAX_INPUT_BYTES), headers=headers)

    status, _ = await failure(box, f"{receiver.url}/clip.mp4")

    assert status == "INPUT_TOO_LARGE"


async def test_a_server_that_is_not_there_fails_the_file(box: Box) -> None:
    assert await failure(box, "http://127.0.0.1:1/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        "clip.mp4 could not be fetched: no connection to the server could be made.",
    )


async def test_a_failed_file_has_no_address_and_leaves_no_bytes(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"half", headers={"Content-Length": "9"})

    file = await kept(box, f"{receiver.url}/clip.mp4")

    record = (await client.get(f"{FILES}/{file.id}")).json()
    assert (record["status"], record["storage_url"], files_kept(box)) == ("FAILED", None, [])


async def test_a_fault_of_ours_fails_the_file_without_a_word_about_it(
    box: Box, receiver: Receiver, prober: ScriptedProber
) -> None:
    prober.error = ZeroDivisionError("secret")
    receiver.answers["/clip.mp4"] = answer(CONTENT)

    assert await failure(box, f"{receiver.url}/clip.mp4") == (
        "INTERNAL_ERROR",
        "The box failed while it fetched this file; its log has the details.",
    )
    assert files_kept(box) == []


async def test_a_file_of_ours_is_taken_from_disk(box: Box, client: AsyncClient) -> None:
    original = await upload(client, CONTENT)

    file = await kept(box, str(original["storage_url"]), "again.mp4")

    assert (await client.get(f"/files/{file.token}/x")).content == CONTENT
    assert file.sha256 == (await client.get(f"{FILES}/{original['file_id']}")).json()["sha256"]


async def test_a_file_of_ours_outlives_its_original(box: Box, client: AsyncClient) -> None:
    original = await upload(client, CONTENT)
    file = await kept(box, str(original["storage_url"]))

    await client.delete(f"{FILES}/{original['file_id']}")

    assert (await client.get(f"/files/{file.token}/x")).content == CONTENT


async def test_an_original_that_is_deleted_before_its_turn_fails_the_file(
    box: Box, client: AsyncClient
) -> None:
    original = await upload(client, CONTENT)
    file_id = await wanted(box, str(original["storage_url"]))
    await client.delete(f"{FILES}/{original['file_id']}")

    file = await box.keep_until(file_id)

    assert (file.error_status, file.error_message) == (
        "UNREACHABLE_INPUT_FILE",
        f"clip.mp4 could not be fetched: the stored file {original['file_id']} was deleted before.",
    )


async def test_a_file_that_is_deleted_while_it_waits_is_never_fetched(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    file_id = await wanted(box, f"{receiver.url}/clip.mp4")

    deleted = await client.delete(f"{FILES}/{file_id}")
    await kept(box, f"{receiver.url}/other.mp4")

    assert deleted.status_code == 200
    assert [request.split()[1] for request in receiver.requests] == [b"/other.mp4"]


async def test_a_file_that_is_deleted_while_it_is_fetched_makes_room_for_others(
    tmp_path: Path, patient: Outside, receiver: Receiver
) -> None:
    receiver.answers = {"/endless.mp4": ENDLESS, "/clip.mp4": answer(CONTENT)}
    async with open_box(tmp_path, patient) as box:
        hanging = [await wanted(box, f"{receiver.url}/endless.mp4") for _ in range(2)]
        async with accompanied_by(box.keeper.run):
            for each in hanging:
                found = await box.until_file(each, FileStatus.FETCHING)
                await box.files.delete(found.id, sees=OWNER)

            file = await box.until_file(await wanted(box, f"{receiver.url}/clip.mp4"))

        assert file.status is FileStatus.STORED
        assert len(files_kept(box)) == 1


async def test_a_file_that_is_deleted_before_it_is_published_leaves_no_bytes(box: Box) -> None:
    file_id = await wanted(box, "http://a.test/clip.mp4")
    file = await box.wanted.claim()
    assert file is not None
    assert file.id == file_id
    await box.files.delete(file.id, sees=OWNER)

    async with box.storage.receive() as incoming:
        await incoming.write(CONTENT)
        is_kept = await box.wanted.keep(file, incoming, filename="clip.mp4")

    assert (is_kept, files_kept(box)) == (False, [])


async def test_no_more_than_two_files_are_fetched_at_once(
    tmp_path: Path, patient: Outside, receiver: Receiver
) -> None:
    receiver.answers["/endless.mp4"] = ENDLESS
    async with open_box(tmp_path, patient) as box, accompanied_by(box.keeper.run):
        ids = [await wanted(box, f"{receiver.url}/endless.mp4") for _ in range(3)]
        for each in ids[:2]:
            await box.until_file(each, FileStatus.FETCHING)
        await anyio.wait_all_tasks_blocked()

        assert (await box.until_file(ids[2], FileStatus.WAITING)).status is FileStatus.WAITING


async def test_what_was_being_fetched_when_the_box_ended_is_fetched_by_the_next(
    tmp_path: Path, patient: Outside, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = ENDLESS
    async with open_box(tmp_path, patient) as box:
        file_id = await wanted(box, f"{receiver.url}/clip.mp4")
        await box.keep_until(file_id, FileStatus.FETCHING)
    receiver.answers["/clip.mp4"] = answer(CONTENT)

    async with open_box(tmp_path, patient) as box:
        left = await box.files.find(
            (await box.until_file(file_id, FileStatus.FETCHING)).id, sees=OWNER
        )
        file = await box.keep_until(file_id)

        assert (left.status, file.status) == ("fetching", "stored")
        assert len(files_kept(box)) == 1


async def test_what_waits_when_the_box_ends_is_fetched_by_the_next(
    tmp_path: Path, outside: Outside, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(CONTENT)
    async with open_box(tmp_path, outside) as box:
        file_id = await wanted(box, f"{receiver.url}/clip.mp4")

    async with open_box(tmp_path, outside) as box:
        assert (await box.keep_until(file_id)).status is FileStatus.STORED


async def test_a_failed_file_is_not_fetched_again_by_the_next_box(
    tmp_path: Path, outside: Outside, receiver: Receiver
) -> None:
    async with open_box(tmp_path, outside) as box:
        await kept(box, f"{receiver.url}/missing.mp4")

    async with open_box(tmp_path, outside) as box:
        await kept(box, f"{receiver.url}/other.mp4")

    assert len(receiver.requests) == 2


class SpoilingProber(ScriptedProber):
    """Has the database in trouble from when the file is looked at."""

    def __init__(self, database: TroubledDatabase) -> None:
        super().__init__()
        self._database = database

    async def probe(self, path: Path, filename: str) -> MediaInfo:
        self._database.in_trouble = True
        return await super().probe(path, filename)


def keeper_of(box: Box, outside: Outside, files: WantedFiles) -> Keeper:
    return Keeper(
        wanted=files,
        uploads=box.part_uploads,
        downloader=outside.downloader,
        storage=box.storage,
    )


async def test_a_database_in_trouble_does_not_end_the_keeper(
    box: Box, outside: Outside, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(CONTENT)
    database = TroubledDatabase(box.database, in_trouble=True)
    files = WantedFiles(database, box.storage, box.prober, box.clock, ADDRESSES)

    async with accompanied_by(keeper_of(box, outside, files).run):
        await database.refused.wait()
        database.in_trouble = False
        added = await files.add(f"{receiver.url}/clip.mp4", "clip.mp4", owner=OWNER, field="url")
        with anyio.fail_after(30), files.listening() as wakeup:
            while (await box.files.find(added.id, sees=OWNER)).status is not FileStatus.STORED:
                await wakeup.wait(timeout_s=1)


async def test_a_file_whose_end_cannot_be_noted_is_fetched_again(
    box: Box, outside: Outside, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(CONTENT)
    file_id = await wanted(box, f"{receiver.url}/clip.mp4")
    database = TroubledDatabase(box.database, in_trouble=False)
    files = WantedFiles(database, box.storage, SpoilingProber(database), box.clock, ADDRESSES)

    async with accompanied_by(keeper_of(box, outside, files).run):
        await database.refused.wait()

    left = (await box.until_file(file_id, FileStatus.FETCHING)).status, files_kept(box)
    assert left == ("fetching", [])
    assert (await box.keep_until(file_id)).status == "stored"
