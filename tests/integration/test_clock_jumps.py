"""The time of day is corrected by a day while things run; what has passed is not.

What ends at a time that callers were told of (files, addresses, uploads, keys of requests) goes
by the time of day, right or wrong. Everything else must not notice.
"""

import shutil
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.api.rate_limit import RateLimit
from renderio_box.companions import accompanied_by
from renderio_box.jobs.job import JobState
from renderio_box.jobs.retention import Terms
from renderio_box.queue.job_queue import JobQueue
from tests.builders import make_body
from tests.fakes import ManualClock, Receiver, Script, ScriptedExecutor
from tests.integration.box import (
    DATABASE,
    RUN,
    Box,
    Outside,
    files_kept,
    open_box,
    show,
    speaking_to,
    submit,
    upload,
)
from tests.integration.part_upload import begin
from tests.integration.queue_steps import claimed, submitted
from tests.integration.webhook_steps import ended, pass_time, until_attempted

DAY = timedelta(days=1)
HOUR_S = 3600
BOTH_WAYS = pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])


@pytest.fixture
async def keeping(
    tmp_path: Path, outside: Outside, new_database: Path
) -> AsyncGenerator[tuple[Box, AsyncClient]]:
    """Return a box that keeps uploads for two days and whose addresses are good for one hour."""
    shutil.copy(new_database, tmp_path / DATABASE)
    async with (
        open_box(tmp_path, outside, terms=Terms(uploads=2 * DAY), url_hours=1) as box,
        speaking_to(create_app(box.parts), await box.key("ann")) as client,
    ):
        yield box, client


@BOTH_WAYS
async def test_a_command_during_which_the_clock_jumps_runs_once_and_to_its_end(
    box: Box, client: AsyncClient, executor: ScriptedExecutor, jump: timedelta
) -> None:
    executor.script = Script(havoc=lambda _: box.clock.jump(jump))
    command_id = await submit(client, make_body())

    await box.work_until_final(command_id)
    polled = await show(client, command_id)

    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 1)
    assert len(executor.executions) == 1
    assert polled["ffmpeg_command_run_seconds"] == 1.5
    assert str(polled["created_at"]) <= str(polled["started_at"]) <= str(polled["finished_at"])


@BOTH_WAYS
async def test_a_command_that_waits_while_the_clock_jumps_starts_no_earlier_than_it_came(
    box: Box, client: AsyncClient, jump: timedelta
) -> None:
    command_id = await submit(client, make_body())
    box.clock.jump(jump)

    report = await box.work_until_final(command_id)

    moments = [report.job.created_at, report.job.started_at, report.job.finished_at]
    assert moments == sorted(filter(None, moments))


@BOTH_WAYS
async def test_a_running_attempt_is_not_taken_away_when_the_clock_jumps(
    box: Box, client: AsyncClient, executor: ScriptedExecutor, jump: timedelta
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await executor.started.wait()
        box.clock.jump(jump)
        await box.scheduler.look()
        job = (await box.report(command_id)).job

    assert (job.state, job.attempt, job.interruptions) == (JobState.RUNNING, 1, 0)


async def test_a_box_that_stood_still_does_not_take_its_own_attempts_away(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await executor.started.wait()
        box.clock.advance(HOUR_S)
        await box.scheduler.look()
        job = (await box.report(command_id)).job

    assert (job.state, job.attempt, job.interruptions) == (JobState.RUNNING, 1, 0)


@BOTH_WAYS
async def test_a_job_that_nobody_works_on_is_taken_up_a_minute_later(
    queue: JobQueue, clock: ManualClock, jump: timedelta
) -> None:
    await submitted(queue)
    await claimed(queue)

    clock.jump(jump)
    early = await queue.rescue(leases_before=queue.lease_clock.now())
    clock.advance(61)
    late = await queue.rescue(leases_before=queue.lease_clock.now())

    assert (len(early), len(late)) == (0, 1)


@BOTH_WAYS
async def test_a_request_that_is_repeated_after_a_jump_finds_its_command(
    client: AsyncClient, clock: ManualClock, jump: timedelta
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await client.post(RUN, json=make_body(), headers=headers)

    clock.jump(jump)
    again = await client.post(RUN, json=make_body(), headers=headers)

    assert again.json() == first.json()


@BOTH_WAYS
def test_a_jump_neither_gives_nor_takes_requests(clock: ManualClock, jump: timedelta) -> None:
    limit = RateLimit(1, clock)
    limit.take("key")
    waits = [limit.take("key")]

    clock.jump(jump)
    waits.append(limit.take("key"))
    clock.advance(60)

    assert waits[0] == waits[1] > 0
    assert limit.take("key") == 0


@BOTH_WAYS
async def test_a_webhook_is_tried_again_at_once_rather_than_a_day_later(
    box: Box, client: AsyncClient, receiver: Receiver, jump: timedelta
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_attempted(box, 1)
        box.clock.jump(jump)
        pass_time(box, 0)
        delivery = await until_attempted(box, 2)

    assert (delivery.attempts, len(receiver.requests)) == (2, 2)
    assert delivery.due_at is not None
    assert timedelta(0) < delivery.due_at - box.clock.now() < timedelta(minutes=6)


async def test_a_webhook_goes_out_although_the_clock_was_set_back_while_the_box_was_down(
    tmp_path: Path, outside: Outside, receiver: Receiver
) -> None:
    async with open_box(tmp_path, outside) as box:
        client = speaking_to(create_app(box.parts), await box.key("ann"))
        async with client, accompanied_by(box.dispatcher.run):
            await ended(client, webhook_url=f"{receiver.url}/in")
            await until_attempted(box, 1)
    outside.clock.jump(-DAY)

    async with open_box(tmp_path, outside) as box, accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 2)

    assert delivery.attempts == 2


async def test_a_file_ends_when_its_record_says_by_the_time_of_day(
    keeping: tuple[Box, AsyncClient],
) -> None:
    box, client = keeping
    await upload(client)

    box.clock.jump(DAY)
    await box.retention.work()
    kept = len(files_kept(box))
    box.clock.jump(DAY)
    await box.retention.work()

    assert (kept, files_kept(box)) == (1, [])


async def test_an_address_that_a_jump_has_ended_is_good_again_when_the_clock_is(
    keeping: tuple[Box, AsyncClient],
) -> None:
    box, client = keeping
    url = str((await upload(client))["storage_url"])
    statuses: list[int] = []

    for jump in (DAY, -DAY, -DAY):
        box.clock.jump(jump)
        statuses.append((await client.get(url)).status_code)

    assert statuses == [404, 200, 200]


@BOTH_WAYS
async def test_an_upload_in_parts_goes_on_within_its_day(
    box: Box, client: AsyncClient, jump: timedelta
) -> None:
    begun = await begin(client)
    parts = [await begun.send(number) for number in (1, 2)]

    box.clock.jump(jump - timedelta(seconds=1))
    parts.append(await begun.send(3))
    listed = [
        {"part_number": number, "etag": part.headers["ETag"]}
        for number, part in enumerate(parts, start=1)
    ]

    assert (await begun.complete(listed)).status_code == 200
