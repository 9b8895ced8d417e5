"""A box that takes up no work: drained by its operator, or in its quiet hours."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from httpx import AsyncClient
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.companions import accompanied_by
from renderio_box.jobs.job import JobState
from renderio_box.jobs.room import Lack
from renderio_box.queue.history import JobReport
from renderio_box.quiet_hours import quiet_hours
from tests.builders import make_body
from tests.fakes import ManualClock, Script, ScriptedExecutor
from tests.integration.box import (
    DATABASE,
    Box,
    Outside,
    open_box,
    problem,
    show,
    speaking_to,
    submit,
)
from tests.integration.queue_steps import submitted

QUEUE = "/api/v1/queue"
IDLE = {"drained": False, "quiet_until": None, "running": 0, "queued": 0}
WITHIN_S = 10.0


@pytest.fixture
async def quiet_box(tmp_path: Path, outside: Outside, new_database: Path) -> AsyncGenerator[Box]:
    """Return a box whose quiet hours end in an hour."""
    shutil.copy(new_database, tmp_path / DATABASE)
    quiet = quiet_hours(["12:00-13:00"])
    async with open_box(tmp_path, replace(outside, quiet=quiet)) as opened:
        yield opened


async def until_waiting(box: Box, job_id: str) -> JobReport:
    """Wait, in a bounded time, until the queue says what the job waits for."""
    with anyio.fail_after(WITHIN_S):
        while (report := await box.report(job_id)).waiting_for is None:
            await anyio.lowlevel.checkpoint()
    return report


async def test_the_queue_says_what_there_is_to_do(client: AsyncClient, admin: AsyncClient) -> None:
    before = (await admin.get(QUEUE)).json()
    await submit(client, make_body())

    assert (before, (await admin.get(QUEUE)).json()) == (IDLE, IDLE | {"queued": 1})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", QUEUE), ("POST", f"{QUEUE}/drain"), ("POST", f"{QUEUE}/resume")]
)
async def test_the_queue_is_for_administrators(
    client: AsyncClient, anonymous: AsyncClient, box: Box, method: str, path: str
) -> None:
    refused = [problem(await each.request(method, path)) for each in (anonymous, client)]

    assert refused == [(401, "UNAUTHORIZED"), (403, "FORBIDDEN")]
    assert not box.parts.gate.is_drained


async def test_a_drained_box_accepts_commands_and_says_what_they_wait_for(
    box: Box, client: AsyncClient, admin: AsyncClient
) -> None:
    drained = await admin.post(f"{QUEUE}/drain")

    async with accompanied_by(box.scheduler.run):
        command_id = await submit(client, make_body())
        await until_waiting(box, command_id)
        shown = await show(client, command_id)

    assert drained.json() == IDLE | {"drained": True}
    assert (shown["status"], shown["waiting_for"]) == ("QUEUED", "RESUME")


async def test_a_resumed_box_takes_up_what_has_waited(
    box: Box, client: AsyncClient, admin: AsyncClient
) -> None:
    await admin.post(f"{QUEUE}/drain")
    async with accompanied_by(box.scheduler.run):
        command_id = await submit(client, make_body())
        await until_waiting(box, command_id)
        resumed = await admin.post(f"{QUEUE}/resume")
        report = await box.until_final(command_id)

    assert resumed.json()["drained"] is False
    assert report.job.state is JobState.SUCCEEDED


async def test_draining_lets_what_runs_end_and_takes_up_nothing_after_it(
    box: Box, client: AsyncClient, admin: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    async with accompanied_by(box.scheduler.run):
        running = await submit(client, make_body(vcpu_count=4))
        await executor.started.wait()
        drained = await admin.post(f"{QUEUE}/drain")
        waiting = await submit(client, make_body())
        await client.post(f"/api/v1/commands/{running}/cancel")
        await box.until_final(running)
        await until_waiting(box, waiting)

        assert drained.json()["running"] == 1
        assert (await admin.get(QUEUE)).json() == IDLE | {"drained": True, "queued": 1}


async def test_a_claim_that_was_under_way_when_the_box_was_drained_is_counted(
    box: Box, client: AsyncClient, admin: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    await submit(client, make_body())
    answers: list[dict[str, object]] = []

    async def drain() -> None:
        answers.append((await admin.post(f"{QUEUE}/drain")).json())

    async with (
        accompanied_by(box.scheduler.run),
        anyio.create_task_group() as draining,
        box.database.transaction(),
    ):
        while not box.database._turn.statistics().tasks_waiting:
            await anyio.lowlevel.checkpoint()
        draining.start_soon(drain)
        await anyio.wait_all_tasks_blocked()

    assert answers == [IDLE | {"drained": True, "running": 1}]


@pytest.mark.parametrize("change", ["drain", "resume"])
async def test_a_change_may_be_repeated(admin: AsyncClient, change: str) -> None:
    answers = [(await admin.post(f"{QUEUE}/{change}")).json() for _ in range(2)]

    assert answers[0] == answers[1]


async def test_a_drained_box_still_cancels(client: AsyncClient, admin: AsyncClient) -> None:
    await admin.post(f"{QUEUE}/drain")
    command_id = await submit(client, make_body())

    cancelled = await client.post(f"/api/v1/commands/{command_id}/cancel")

    assert cancelled.json()["error_status"] == "CANCELLED"


async def test_a_box_that_is_opened_anew_is_not_drained(
    tmp_path: Path, outside: Outside, client: AsyncClient, box: Box
) -> None:
    box.parts.gate.drain()
    command_id = await submit(client, make_body())

    async with open_box(tmp_path, outside) as next_box:
        report = await next_box.work_until_final(command_id)

    assert report.job.state is JobState.SUCCEEDED


async def test_commands_wait_while_it_is_quiet_and_run_soon_after(
    quiet_box: Box, clock: ManualClock
) -> None:
    job = await submitted(quiet_box.queue)

    async with accompanied_by(quiet_box.scheduler.run):
        waiting = await until_waiting(quiet_box, job.id)
        clock.advance(3600)
        quiet_box.wakeup.notify()
        report = await quiet_box.until_final(job.id)

    assert (waiting.waiting_for, report.job.state) == (Lack.RESUME, JobState.SUCCEEDED)


async def test_the_queue_says_until_when_it_is_quiet(quiet_box: Box) -> None:
    app = create_app(quiet_box.parts)

    async with speaking_to(app, quiet_box.keys.admit_operator()) as operator:
        answered = await operator.post(f"{QUEUE}/resume")

    assert answered.json() == IDLE | {"quiet_until": "2026-01-01T13:00:00Z"}
