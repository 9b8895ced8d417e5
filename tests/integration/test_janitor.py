"""What is removed that belongs to nothing, what is left alone, and what is missed."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs

from renderio_box.catalog.orphans import OrphanFinder
from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.identifiers import FileId, JobId
from renderio_box.scheduler import janitor as janitors
from renderio_box.scheduler.janitor import Janitor
from renderio_box.scheduler.workspace import Workspaces
from renderio_box.storage.inventory import Inventory
from renderio_box.storage.keys import output_key, part_key, segment_key, upload_key
from tests.builders import make_body
from tests.fakes import ManualClock, Script
from tests.integration.box import Box, files_kept, show, submit, upload
from tests.integration.part_upload import begin
from tests.integration.test_playlists import WRITES, playing

JOB = JobId("019b76da-a800-7000-8710-e6e95f2721cd")
FILE = FileId(JOB)
ORPHANS = [
    output_key(JOB, 1, "out_clip", "mp4"),
    segment_key(JOB, 1, 0, "ts"),
    upload_key(FILE, "mp4"),
    part_key(FILE, 1, "ab"),
]
LATER = timedelta(hours=2)


def plant(box: Box, key: str, content: bytes = b"orphan") -> Path:
    """Put an object into storage that no row speaks of."""
    path = box.root / "files" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def hired(box: Box) -> Callable[[timedelta], Janitor]:
    """Return what makes a janitor of a process that began now, and works some time later.

    ``began_in`` is by how much its clock was fast when it began.
    """

    def hire(later: timedelta = LATER, began_in: timedelta = timedelta()) -> Janitor:
        clock = ManualClock(SystemClock().now() + began_in)
        janitor = Janitor(
            inventory=Inventory(box.root / "files"),
            finder=OrphanFinder(box.database),
            storage=box.storage,
            workspaces=Workspaces(box.root / "work"),
            clock=clock,
        )
        clock.advance(later.total_seconds())
        clock.jump(-began_in)
        return janitor

    return hire


Hire = Callable[..., Janitor]


@pytest.mark.parametrize("key", ORPHANS)
async def test_an_old_object_without_a_row_is_removed(box: Box, hired: Hire, key: str) -> None:
    path = plant(box, key)

    await hired().tidy()

    assert not path.exists()


@pytest.mark.parametrize("key", ORPHANS)
async def test_why_it_was_removed_is_said(box: Box, hired: Hire, key: str) -> None:
    plant(box, key)

    with capture_logs() as lines:
        await hired().tidy()

    (line,) = [line for line in lines if line["event"] == "orphans_removed"]
    assert (line["count"], line["bytes"], line["keys"]) == (1, 6, key)
    assert "have them" in line["reason"] or "has them" in line["reason"]


@pytest.mark.parametrize("key", ORPHANS)
async def test_a_young_object_without_a_row_is_left(box: Box, hired: Hire, key: str) -> None:
    path = plant(box, key)

    await hired(timedelta(minutes=59)).tidy()

    assert path.exists()


@pytest.mark.parametrize("key", ORPHANS)
async def test_what_is_older_than_the_process_is_removed_when_it_starts(
    box: Box, hired: Hire, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitors, "TICK", timedelta(minutes=-1))
    path = plant(box, key)

    await hired(timedelta()).tidy()

    assert not path.exists()


async def test_a_young_object_is_left_although_the_clock_was_set_back_since_the_start(
    box: Box, hired: Hire
) -> None:
    path = plant(box, ORPHANS[0])

    await hired(timedelta(seconds=1), began_in=timedelta(days=1)).tidy()

    assert path.exists()


async def test_what_belongs_to_something_is_left(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    await upload(client)
    await (await begin(client)).send(1)
    box.executor.script = Script(writes=WRITES)
    command_id = await submit(client, playing("playlist.m3u8"))
    await box.work_until_final(command_id)
    before = sorted(files_kept(box))

    with capture_logs() as lines:
        await hired().tidy()

    assert (len(before), sorted(files_kept(box)), lines) == (5, before, [])


async def test_the_parts_that_a_box_left_when_it_died_after_joining_them_are_removed(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    parts = {path: path.read_bytes() for path in (box.root / "files/parts").glob("*/*")}
    record = (await begun.complete(claims)).json()
    for path, content in parts.items():
        path.write_bytes(content)

    await hired().tidy()

    assert (len(parts), len(files_kept(box))) == (3, 1)
    assert (await client.get(record["storage_url"])).content == begun.content
    assert (await begun.complete(claims)).status_code == 200


async def test_the_bytes_of_a_deleted_file_are_removed(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    stored = await upload(client)
    (kept,) = [path for path in (box.root / "files").rglob("*") if path.is_file()]
    spare = kept.with_name("spare")
    os.link(kept, spare)
    await client.delete(f"/api/v1/files/{stored['file_id']}")
    spare.rename(kept)

    await hired().tidy()

    assert files_kept(box) == []


async def test_what_a_running_attempt_publishes_is_left_however_old(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    box.executor.script = Script(hangs=True)
    command_id = JobId(await submit(client, make_body()))
    dead = plant(box, output_key(JOB, 1, "out_clip", "mp4"))
    async with accompanied_by(box.scheduler.run):
        await box.executor.started.wait()
        publishing = plant(box, output_key(command_id, 1, "out_clip", "mp4"))

        await hired().tidy()

        assert (publishing.exists(), dead.exists()) == (True, False)
        await client.post(f"/api/v1/commands/{command_id}/cancel")
        await box.until_final(command_id)


async def test_what_an_earlier_attempt_of_a_running_job_left_is_removed(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    box.executor.script = Script(hangs=True)
    command_id = JobId(await submit(client, make_body()))
    async with accompanied_by(box.scheduler.run):
        await box.executor.started.wait()
        earlier = plant(box, output_key(command_id, 0, "out_clip", "mp4"))

        await hired().tidy()

        assert not earlier.exists()
        await client.post(f"/api/v1/commands/{command_id}/cancel")
        await box.until_final(command_id)


async def test_a_command_that_publishes_while_the_janitor_works_keeps_its_outputs(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    for number in range(20):
        plant(box, output_key(JOB, number, "out_clip", "mp4"))
    ids = [await submit(client, make_body()) for _ in range(10)]

    async with accompanied_by(box.scheduler.run):
        await hired().tidy()
        for command_id in ids:
            await box.until_final(command_id)
    await hired().tidy()

    polled = [await show(client, command_id) for command_id in ids]
    assert [each["status"] for each in polled] == ["SUCCESS"] * 10
    assert len(files_kept(box)) == 10


async def test_files_that_the_box_never_made_are_left_and_reported(box: Box, hired: Hire) -> None:
    path = plant(box, "outputs/ab/My Movie.mp4")

    with capture_logs() as lines:
        await hired().tidy()

    assert path.exists()
    assert [line["event"] for line in lines] == ["strange_files_left"]


async def test_a_missing_object_is_reported_and_its_record_stays(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    stored = await upload(client)
    for path in (box.root / "files" / "uploads").rglob("*.mp4"):
        path.unlink()

    with capture_logs() as lines:
        await hired().tidy()

    (line,) = lines
    assert (line["event"], line["count"], line["log_level"]) == ("objects_missing", 1, "warning")
    record = (await client.get(f"/api/v1/files/{stored['file_id']}")).json()
    assert record["is_deleted"] is False


async def test_a_missing_segment_is_reported(box: Box, client: AsyncClient, hired: Hire) -> None:
    box.executor.script = Script(writes=WRITES)
    await box.work_until_final(await submit(client, playing("playlist.m3u8")))
    for path in (box.root / "files" / "outputs").rglob("*.ts"):
        path.unlink()

    with capture_logs() as lines:
        await hired().tidy()

    assert [(line["event"], line["count"]) for line in lines] == [("objects_missing", 2)]


async def test_everything_is_left_when_most_of_it_has_no_record(
    box: Box, hired: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitors, "DOUBTED_ABOVE", 2)
    paths = [plant(box, key) for key in ORPHANS]

    with capture_logs() as lines:
        await hired().tidy()

    assert all(path.exists() for path in paths)
    assert [line["event"] for line in lines] == ["orphans_left"]


async def test_half_an_arrival_that_nobody_writes_is_removed(box: Box, hired: Hire) -> None:
    old = plant(box, "incoming/abc")
    day_ago = SystemClock().now() - timedelta(days=1)
    os.utime(old, (day_ago.timestamp(), day_ago.timestamp()))
    young = plant(box, "incoming/def")

    await hired(timedelta(hours=23)).tidy()

    assert (old.exists(), young.exists()) == (False, True)


async def test_a_workspace_that_nothing_runs_in_is_removed(box: Box, hired: Hire) -> None:
    left = box.root / "work" / f"{JOB}-1"
    (left / "out").mkdir(parents=True)
    (left / "out" / "clip.mp4").write_bytes(b"left")

    await hired().tidy()

    assert not left.exists()


async def test_the_workspace_of_a_running_attempt_is_left(
    box: Box, client: AsyncClient, hired: Hire
) -> None:
    box.executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())
    async with accompanied_by(box.scheduler.run):
        await box.executor.started.wait()

        await hired().tidy()

        assert (box.root / "work" / f"{command_id}-1").is_dir()
        await client.post(f"/api/v1/commands/{command_id}/cancel")
        await box.until_final(command_id)


async def test_looking_goes_on_in_pages(
    box: Box, hired: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderio_box.storage.inventory.ENTRIES_AT_ONCE", 2)
    for number in range(7):
        plant(box, output_key(JOB, number, "out_clip", "mp4"))

    await hired().tidy()

    assert files_kept(box) == []


async def test_a_disk_that_fails_is_tried_again_the_next_time(
    box: Box, hired: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plant(box, ORPHANS[0])

    async def fail(_: str) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(box.storage, "delete", fail)
        await hired().tidy()
    assert path.exists()

    await hired().tidy()

    assert not path.exists()
