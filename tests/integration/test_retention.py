"""Files and rows whose time is over, with a clock that is moved by hand."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest
from httpx import AsyncClient

from renderio_box.catalog.expiry import Expiry, Freed
from renderio_box.catalog.keys import USUAL_SCOPES
from renderio_box.companions import accompanied_by
from renderio_box.database import events
from renderio_box.database import expiry as expiry_queries
from renderio_box.identifiers import JobId
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.queue import disposal
from renderio_box.queue.disposal import Disposal
from renderio_box.scheduler.retention import Retention
from renderio_box.storage.local import LocalStorage
from renderio_box.storage.storage import StorageFullError
from renderio_box.wakeup import Wakeup
from tests.builders import OWNER, make_body, make_submission
from tests.fakes import Script, answer, receiving
from tests.integration.box import (
    COMMANDS,
    FILES,
    RUN,
    Box,
    Outside,
    files_kept,
    open_box,
    problem,
    show,
    speaking_to,
    submit,
    upload,
)
from tests.integration.part_upload import begin
from tests.integration.standing_app import StandingApp
from tests.integration.test_playlists import WRITES, playing
from tests.integration.webhook_steps import configure, ended, listed, until_ended

HOUR_S = 3600
DAY = timedelta(days=1)
DAY_S = 24 * HOUR_S


class Opener(Protocol):
    """Opens a box with terms, and a client of ann's; again and again on the same files."""

    def __call__(
        self,
        **terms: Any,  # noqa: ANN401 - any field of the terms
    ) -> AbstractAsyncContextManager[tuple[Box, AsyncClient]]: ...


@pytest.fixture
def opened(
    tmp_path: Path, outside: Outside, new_database: Path, standing_app: StandingApp
) -> Opener:
    shutil.copy(new_database, tmp_path)

    @asynccontextmanager
    async def open_with(
        **terms: Any,  # noqa: ANN401 - any field of the terms
    ) -> AsyncGenerator[tuple[Box, AsyncClient]]:
        async with open_box(tmp_path, outside, terms=Terms(**terms)) as box:
            name = f"ann-{len(await box.keys.list())}"
            key = await box.keys.add(name, owner=OWNER, scopes=USUAL_SCOPES)
            async with speaking_to(standing_app.around(box.parts), key) as client:
                yield box, client

    return open_with


async def made(box: Box, client: AsyncClient, **changes: object) -> dict[str, Any]:
    """Run a command to its end and return what a poll says."""
    command_id = await submit(client, make_body(**changes))
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def record(client: AsyncClient, file_id: object) -> dict[str, Any]:
    shown = await client.get(f"{FILES}/{file_id}")
    assert shown.status_code == 200, shown.text
    return dict(shown.json())


async def count(box: Box, table: str) -> int:
    statements = {
        "jobs": "SELECT count(*) AS n FROM jobs",
        "events": "SELECT count(*) AS n FROM events",
        "job_logs": "SELECT count(*) AS n FROM job_logs",
        "job_metadata": "SELECT count(*) AS n FROM job_metadata",
        "deliveries": "SELECT count(*) AS n FROM deliveries",
        "files": "SELECT count(*) AS n FROM files",
        "segments": "SELECT count(*) AS n FROM segments",
        "idempotency_keys": "SELECT count(*) AS n FROM idempotency_keys",
        "needed_files": "SELECT count(*) AS n FROM needed_files",
    }
    async with box.database.reading() as tx:
        row = await tx.fetch_one(statements[table], {})
    assert row is not None
    return int(row["n"] or 0)


async def stored_bytes(box: Box) -> int:
    async with box.database.reading() as tx:
        return await expiry_queries.stored_bytes(tx)


async def after(box: Box, seconds: float) -> None:
    """Let time pass and the retention do what is due then."""
    box.clock.advance(seconds)
    await box.retention.work()


async def test_the_record_says_when_an_upload_expires(opened: Opener) -> None:
    async with opened(uploads=DAY) as (_, client):
        stored = await upload(client)

        shown = await record(client, stored["file_id"])

    assert (shown["created_at"][:10], shown["expires_at"][:10]) == ("2026-01-01", "2026-01-02")


async def test_the_record_says_when_an_output_expires(opened: Opener) -> None:
    async with opened(outputs=DAY, uploads=2 * DAY) as (box, client):
        polled = await made(box, client)

    assert polled["output_files"]["out_clip"]["expires_at"].startswith("2026-01-02T12:00:00")


async def test_without_a_limit_nothing_expires(opened: Opener) -> None:
    async with opened() as (box, client):
        stored = await upload(client)
        await after(box, 1000 * DAY_S)

        shown = await record(client, stored["file_id"])

    assert (shown["expires_at"], shown["is_deleted"]) == (None, False)


async def test_a_file_in_parts_is_kept_from_when_it_is_complete(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        begun = await begin(client)
        box.clock.advance(23 * HOUR_S)
        completed = await begun.complete(await begun.send_all())

    assert completed.json()["expires_at"].startswith("2026-01-03T11:00:00")


async def test_an_expired_file_answers_like_a_deleted_one(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client)
        await after(box, DAY_S)

        shown = await record(client, stored["file_id"])
        served = await client.get(str(stored["storage_url"]))
        deleted = await client.delete(f"{FILES}/{stored['file_id']}")

    assert shown["is_deleted"] is True
    assert problem(served) == (404, "NOT_FOUND")
    assert problem(deleted) == (404, "NOT_FOUND")


async def test_the_bytes_of_an_expired_file_are_gone(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        await upload(client)
        await after(box, DAY_S)

        assert (files_kept(box), await stored_bytes(box)) == ([], 0)


async def test_a_file_is_kept_until_its_time_is_over(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client)
        await after(box, DAY_S - 1)

        assert (await record(client, stored["file_id"]))["is_deleted"] is False


async def test_outputs_and_uploads_have_limits_of_their_own(opened: Opener) -> None:
    async with opened(outputs=DAY, uploads=3 * DAY) as (box, client):
        stored = await upload(client)
        polled = await made(box, client)
        await after(box, 2 * DAY_S)

        output = await record(client, polled["output_files"]["out_clip"]["file_id"])
        kept = await record(client, stored["file_id"])

    assert (output["is_deleted"], kept["is_deleted"]) == (True, False)


async def test_a_playlist_expires_with_its_segments(opened: Opener) -> None:
    async with opened(outputs=DAY) as (box, client):
        box.executor.script = Script(writes=WRITES)
        command_id = await submit(client, playing("playlist.m3u8"))
        await box.work_until_final(command_id)
        assert len(files_kept(box)) == 3
        await after(box, DAY_S)

        assert (files_kept(box), await count(box, "segments")) == ([], 0)
        assert await stored_bytes(box) == 0


async def test_a_file_that_a_waiting_command_needs_is_kept_until_that_has_ended(
    opened: Opener,
) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client)
        command_id = await submit(
            client,
            make_body(
                ffmpeg_command="-i {{in_clip}} {{out_clip}}",
                input_files={"in_clip": stored["storage_url"]},
            ),
        )
        await after(box, 2 * DAY_S)
        waiting = await record(client, stored["file_id"])
        report = await box.work_until_final(command_id)
        await box.retention.work()
        ended = await record(client, stored["file_id"])

    assert (waiting["is_deleted"], ended["is_deleted"]) == (False, True)
    assert report.job.error_message is None


async def test_a_file_that_a_running_command_needs_is_kept(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client)
        box.executor.script = Script(hangs=True)
        command_id = await submit(
            client,
            make_body(
                ffmpeg_command="-i {{in_clip}} {{out_clip}}",
                input_files={"in_clip": stored["file_id"]},
            ),
        )
        async with accompanied_by(box.scheduler.run):
            await box.executor.started.wait()
            await after(box, 2 * DAY_S)
            running = await record(client, stored["file_id"])
            await client.post(f"{COMMANDS}/{command_id}/cancel")
            await box.until_final(command_id)
        await box.retention.work()

        ended = await record(client, stored["file_id"])
        assert (running["is_deleted"], ended["is_deleted"]) == (False, True)
        assert await count(box, "needed_files") == 0


async def test_an_archive_that_a_waiting_command_needs_is_kept(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client, name="clips.zip")
        accepted = await client.post(
            "/v1/run-ffmpeg-command",
            json={
                "ffmpeg_command": "-i a.mp4 {{out_clip}}",
                "input_compressed_folder": stored["storage_url"],
                "output_files": {"out_clip": "clip.mp4"},
            },
        )
        assert accepted.status_code == 200, accepted.text
        await after(box, 2 * DAY_S)

        assert (await record(client, stored["file_id"]))["is_deleted"] is False


async def test_outputs_stay_together_while_one_of_them_is_needed(opened: Opener) -> None:
    async with opened(outputs=DAY) as (box, client):
        both = {"out_a": "a.mp4", "out_b": "b.mp4"}
        polled = await made(
            box,
            client,
            ffmpeg_command="-f lavfi -i testsrc {{out_a}} {{out_b}}",
            output_files=both,
        )
        needed = polled["output_files"]["out_a"]["file_id"]
        await submit(
            client,
            make_body(
                ffmpeg_command="-i {{in_clip}} {{out_clip}}", input_files={"in_clip": needed}
            ),
        )
        await after(box, 2 * DAY_S)

        assert sorted(name[-9:] for name in files_kept(box)) == ["out_a.mp4", "out_b.mp4"]


async def test_above_the_total_the_oldest_files_go_whatever_their_kind(opened: Opener) -> None:
    async with opened(total_bytes=30) as (box, client):
        first = await upload(client, b"0123456789")
        box.clock.advance(1)
        polled = await made(box, client)
        box.clock.advance(1)
        last = await upload(client, b"01234")
        await box.retention.work()

        files = [first["file_id"], polled["output_files"]["out_clip"]["file_id"], last["file_id"]]
        gone = [(await record(client, each))["is_deleted"] for each in files]
        assert (gone, await stored_bytes(box)) == ([True, False, False], 26)


async def test_below_the_total_nothing_goes(opened: Opener) -> None:
    async with opened(total_bytes=14) as (box, client):
        await upload(client, b"1234567")
        await upload(client, b"7654321")
        await box.retention.work()

        assert len(files_kept(box)) == 2


async def test_the_total_passes_over_what_a_waiting_command_needs(opened: Opener) -> None:
    async with opened(total_bytes=10) as (box, client):
        needed = await upload(client, b"0123456789")
        await submit(
            client,
            make_body(
                ffmpeg_command="-i {{in_clip}} {{out_clip}}",
                input_files={"in_clip": needed["file_id"]},
            ),
        )
        box.clock.advance(1)
        other = await upload(client, b"01234")
        await box.retention.work()

        gone = [
            (await record(client, each))["is_deleted"]
            for each in (needed["file_id"], other["file_id"])
        ]
    assert gone == [False, True]


class WatchedExpiry(Expiry):
    """Tells when it has had a look at what is due."""

    def __init__(self, box: Box, storage: LocalStorage) -> None:
        super().__init__(box.database, storage, box.clock, Terms(uploads=DAY))
        self.looked = anyio.Event()

    async def expire_due(self) -> Freed | None:
        freed = await super().expire_due()
        if freed is None:
            self.looked.set()
            self.looked = anyio.Event()
        return freed


async def test_a_full_disk_has_room_made_at_once(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        await upload(client)
        shortage = Wakeup()
        storage = LocalStorage(box.root / "files", reserve_bytes=2**60, shortage=shortage)
        expiry, rows = WatchedExpiry(box, storage), Disposal(box.database, box.clock, FOR_EVER)
        retention = Retention(expiry=expiry, disposal=rows, clock=box.clock, wakeup=shortage)
        first = expiry.looked
        with anyio.fail_after(10):
            async with accompanied_by(retention.run):
                await first.wait()
                before = files_kept(box)
                box.clock.advance(DAY_S)
                second = expiry.looked
                async with storage.receive() as incoming:
                    await incoming.write(b"more")
                    with pytest.raises(StorageFullError):
                        await incoming.inspectable()
                await second.wait()

        assert (len(before), files_kept(box)) == (1, [])


async def test_a_limit_that_is_set_later_holds_for_what_is_there(opened: Opener) -> None:
    async with opened() as (_, client):
        stored = await upload(client)

    async with opened(uploads=DAY) as (box, client):
        await box.retention.work()
        dated = await record(client, stored["file_id"])
        await after(box, DAY_S)
        assert (await record(client, stored["file_id"]))["is_deleted"] is True
    assert dated["expires_at"].startswith("2026-01-02T12:00:00")


async def test_a_limit_that_is_lifted_lets_files_stay(opened: Opener) -> None:
    async with opened(uploads=DAY) as (box, client):
        stored = await upload(client)
        await box.retention.work()

    async with opened() as (box, client):
        await after(box, 2 * DAY_S)
        shown = await record(client, stored["file_id"])
    assert (shown["expires_at"], shown["is_deleted"]) == (None, False)


async def test_more_files_than_fit_into_a_batch_all_go(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderio_box.catalog.expiry.FILES_AT_ONCE", 2)
    async with opened(uploads=DAY) as (box, client):
        for number in range(5):
            await upload(client, b"%d" % number)
        await after(box, DAY_S)

        assert files_kept(box) == []


async def test_a_command_goes_with_all_that_belongs_to_it(opened: Opener) -> None:
    async with opened(commands=2 * DAY, outputs=DAY) as (box, client):
        body = make_body(metadata={"order": "A-17"})
        accepted = await client.post(RUN, json=body, headers={"Idempotency-Key": "once"})
        command_id = accepted.json()["command_id"]
        await box.work_until_final(command_id)
        await ended(client)
        await after(box, 3 * DAY_S)
        gone = await client.get(f"{COMMANDS}/{command_id}")
        listing = (await client.get(COMMANDS)).json()

        left = {
            table: await count(box, table)
            for table in ("files", "job_logs", "job_metadata", "idempotency_keys")
        }
    assert problem(gone) == (404, "NOT_FOUND")
    assert (listing["total"], len(listing["commands"])) == (1, 1)
    assert left == dict.fromkeys(left, 0)


async def test_a_command_whose_output_is_kept_stays(opened: Opener) -> None:
    async with opened(commands=DAY) as (box, client):
        polled = await made(box, client)
        await ended(client)
        await after(box, 30 * DAY_S)
        kept = await show(client, polled["command_id"])
        await client.delete(f"{COMMANDS}/{polled['command_id']}/files")
        await after(box, HOUR_S)

        gone = await client.get(f"{COMMANDS}/{polled['command_id']}")
    assert kept["status"] == "SUCCESS"
    assert problem(gone) == (404, "NOT_FOUND")


async def test_the_newest_event_stays_so_that_no_number_comes_twice(opened: Opener) -> None:
    async with opened(commands=DAY, events=DAY) as (box, client):
        for _ in range(3):
            await ended(client)
        async with box.database.reading() as tx:
            before = await events.latest(tx)
        await after(box, 30 * DAY_S)
        left = await count(box, "jobs")
        await submit(client, make_body())
        async with box.database.reading() as tx:
            latest = await events.latest(tx)

    assert (left, latest) == (1, before + 1)


async def test_a_command_whose_webhook_is_pending_stays(opened: Opener) -> None:
    async with opened(commands=DAY, deliveries=DAY) as (box, client):
        waiting = await ended(client, webhook_url="https://hooks.example.org/renderio")
        other = await ended(client)
        await ended(client)
        await after(box, 30 * DAY_S)

        shown = await client.get(f"{COMMANDS}/{waiting}")
        gone = await client.get(f"{COMMANDS}/{other}")
        deliveries = await listed(client)
    assert (shown.status_code, gone.status_code, len(deliveries)) == (200, 404, 1)


async def test_a_delivery_goes_some_time_after_it_ended(opened: Opener) -> None:
    async with receiving() as receiver, opened(deliveries=DAY) as (box, client):
        receiver.answers["/hook"] = answer(b"")
        await configure(client, f"{receiver.url}/hook")
        command_id = await ended(client)
        async with accompanied_by(box.dispatcher.run):
            await receiver.until_asked(1)
            await until_ended(box)
        await after(box, DAY_S - 1)
        kept = len(await listed(client))
        await after(box, HOUR_S)

        assert (kept, await listed(client)) == (1, [])
        assert (await client.get(f"{COMMANDS}/{command_id}")).status_code == 200


async def test_a_log_goes_before_its_command(opened: Opener) -> None:
    async with opened(logs=DAY) as (box, client):
        polled = await made(box, client)
        before = (await client.get(f"{COMMANDS}/{polled['command_id']}/log")).text
        await after(box, DAY_S + 1)

        log = await client.get(f"{COMMANDS}/{polled['command_id']}/log")
    assert (before != "", log.status_code, log.text) == (True, 200, "")


async def test_old_events_go_but_for_the_last_one_of_each_command(opened: Opener) -> None:
    async with opened(events=DAY) as (box, client):
        polled = await made(box, client)
        await after(box, DAY_S)

        stream = await client.get(f"{COMMANDS}/{polled['command_id']}/events")
    assert stream.text.count("event: status") == 1
    assert '"status":"SUCCESS"' in stream.text


async def test_events_of_an_unfinished_command_stay(opened: Opener) -> None:
    async with opened(events=DAY) as (box, client):
        await submit(client, make_body())
        await submit(client, make_body())
        await after(box, 30 * DAY_S)

        assert await count(box, "events") == 2


async def test_an_unfinished_command_stays_however_old(opened: Opener) -> None:
    async with opened(commands=DAY) as (box, client):
        command_id = await submit(client, make_body())
        await after(box, 1000 * DAY_S)

        assert (await show(client, command_id))["status"] == "QUEUED"


async def test_the_record_of_a_deleted_upload_goes_like_a_commands(opened: Opener) -> None:
    async with opened(commands=DAY) as (box, client):
        stored, kept = await upload(client), await upload(client)
        await client.delete(f"{FILES}/{stored['file_id']}")
        await after(box, DAY_S)

        gone = await client.get(f"{FILES}/{stored['file_id']}")
        assert problem(gone) == (404, "NOT_FOUND")
        assert (await record(client, kept["file_id"]))["is_deleted"] is False


async def test_commands_go_batch_by_batch_past_those_that_stay(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposal, "JOBS_AT_ONCE", 2)
    async with opened(commands=DAY) as (box, client):
        kept = [await made(box, client) for _ in range(3)]
        for _ in range(5):
            await ended(client)
        await after(box, 2 * DAY_S)

        assert await count(box, "jobs") == len(kept) + 1


async def test_counts_are_right_after_commands_went(opened: Opener) -> None:
    async with opened(commands=DAY) as (box, client):
        await made(box, client)
        for _ in range(3):
            await ended(client)
        await submit(client, make_body())
        await after(box, 2 * DAY_S)

        totals = {
            status: (await client.get(COMMANDS, params={"status": status})).json()["total"]
            for status in ("SUCCESS", "FAILED", "QUEUED")
        }
    assert totals == {"SUCCESS": 1, "FAILED": 0, "QUEUED": 1}


async def test_the_bytes_that_are_stored_are_counted_through_everything(opened: Opener) -> None:
    async with opened() as (box, client):
        stored = await upload(client, b"1234567")
        polled = await made(box, client)
        both = await stored_bytes(box)
        await client.delete(f"{FILES}/{stored['file_id']}")
        output = await stored_bytes(box)
        await client.delete(f"{COMMANDS}/{polled['command_id']}/files")

        size = len(b"written by the script")
        assert (both, output, await stored_bytes(box)) == (7 + size, size, 0)


async def test_an_idempotency_key_outlives_a_clock_that_jumps_by_a_day(opened: Opener) -> None:
    async with opened() as (box, client):
        headers = {"Idempotency-Key": "once"}
        first = await client.post(RUN, json=make_body(), headers=headers)
        await after(box, DAY_S)
        box.clock.advance(-DAY_S)
        again = await client.post(RUN, json=make_body(), headers=headers)
        await after(box, 4 * DAY_S)

        assert first.json() == again.json()
        assert await count(box, "idempotency_keys") == 0


async def test_rows_are_looked_at_once_an_hour_and_files_every_time(opened: Opener) -> None:
    async with opened(commands=DAY, uploads=DAY) as (box, client):
        await box.retention.work()
        stored = await upload(client)
        await ended(client)
        await ended(client)
        box.clock.advance(DAY_S - HOUR_S)
        await box.retention.work()
        await after(box, HOUR_S - 1)
        jobs = await count(box, "jobs")
        await after(box, 1)

        assert (jobs, await count(box, "jobs")) == (2, 1)
        assert (await record(client, stored["file_id"]))["is_deleted"] is True


async def test_what_the_disk_will_not_do_now_is_done_later(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(uploads=DAY) as (box, client):
        await upload(client)
        with monkeypatch.context() as broken:

            async def fail(_: str) -> None:
                raise OSError(5, "Input/output error")

            broken.setattr(box.storage, "delete", fail)
            await after(box, DAY_S)
        await after(box, 60)

        assert (await client.get(FILES)).json()["files"] == []


async def test_submitting_while_commands_are_removed_works(opened: Opener) -> None:
    async with opened(commands=DAY) as (box, _):
        jobs = [
            job
            for _ in range(30)
            for job in await box.queue.submit([make_submission()], owner=OWNER, sees=OWNER)
        ]
        for job in jobs:
            await box.queue.cancel(JobId(job.id), sees=None)
        box.clock.advance(2 * DAY_S)
        async with anyio.create_task_group() as both:
            both.start_soon(box.retention.work)
            for _ in range(10):
                await box.queue.submit([make_submission()], owner=OWNER, sees=OWNER)

        assert 10 <= await count(box, "jobs") <= 11
