import re
from typing import Any

import anyio
import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.ffmpeg.progress import Report
from renderio_box.queue.job_queue import EVERY_LEASE
from tests.builders import make_body
from tests.fakes import ManualClock, Script, ScriptedExecutor, ScriptedProber
from tests.integration.box import COMMANDS, RUN, Box, problem, show, submit
from tests.integration.queue_steps import ROOM

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Shown = dict[str, Any]


@pytest.fixture
async def success(box: Box, client: AsyncClient, clock: ManualClock) -> Shown:
    command_id = await submit(client, make_body())
    clock.advance(2.5)
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def test_a_command_is_accepted_with_its_id_and_nothing_else(client: AsyncClient) -> None:
    accepted = await client.post(RUN, json=make_body())

    assert (accepted.status_code, list(accepted.json())) == (202, ["command_id"])


async def test_a_command_id_is_a_uuid(client: AsyncClient) -> None:
    accepted = await client.post(RUN, json=make_body())

    assert re.fullmatch(UUID, accepted.json()["command_id"])


async def test_an_accepted_command_runs_once(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    await box.work_until_final(await submit(client, make_body()))

    assert len(executor.executions) == 1


async def test_a_job_requeued_after_a_crash_stays_processing(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.queue.claim(ROOM, lease=EVERY_LEASE - EVERY_LEASE)
    await box.queue.rescue(leases_before=EVERY_LEASE)

    shown = await show(client, command_id)

    assert (shown["status"], shown["queue_position"]) == ("PROCESSING", None)


async def test_a_job_requeued_after_a_crash_is_listed_as_processing(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await box.queue.claim(ROOM, lease=EVERY_LEASE - EVERY_LEASE)
    await box.queue.rescue(leases_before=EVERY_LEASE)

    listed = await client.get(COMMANDS, params={"status": "PROCESSING"})

    assert [each["command_id"] for each in listed.json()["commands"]] == [command_id]


async def test_a_queued_command_is_cancelled_at_once(client: AsyncClient) -> None:
    command_id = await submit(client, make_body())

    cancelled = await client.post(f"{COMMANDS}/{command_id}/cancel")

    assert (cancelled.status_code, cancelled.json()["error_status"]) == (200, "CANCELLED")


async def test_a_running_command_ends_cancelled(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await executor.started.wait()
        await client.post(f"{COMMANDS}/{command_id}/cancel")
        await box.until_final(command_id)

    assert (await show(client, command_id))["error_status"] == "CANCELLED"


async def test_a_cancelled_command_leaves_nothing_running(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await executor.started.wait()
        await client.post(f"{COMMANDS}/{command_id}/cancel")
        await box.until_final(command_id)

    assert executor.running == 0


async def test_a_finished_command_cannot_be_cancelled(success: Shown, client: AsyncClient) -> None:
    refused = await client.post(f"{COMMANDS}/{success['command_id']}/cancel")

    assert problem(refused) == (409, "ALREADY_FINISHED")


async def test_stopping_the_scheduler_puts_running_jobs_back(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await executor.started.wait()

    assert (await box.report(command_id)).job.state == "queued"


async def test_a_drained_scheduler_starts_nothing(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    box.scheduler.drain()

    with anyio.fail_after(30):
        await box.scheduler.run()

    assert (await show(client, command_id))["status"] == "QUEUED"


async def test_draining_lets_running_jobs_end(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body(max_command_run_seconds=1))

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(box.scheduler.run)
            await executor.started.wait()
            box.scheduler.drain()

    assert (await show(client, command_id))["error_status"] == "TIMEOUT"


async def test_the_workspace_is_gone_after_the_run(box: Box) -> None:
    assert list((box.root / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("script", "error_status"),
    [
        (Script(exit_status=1), "FFMPEG_FAILED"),
        (Script(timed_out=True), "TIMEOUT"),
        (Script(exit_status=-25), "OUTPUT_TOO_LARGE"),
        (Script(exit_status=1, log="Cannot allocate memory\n"), "OUT_OF_MEMORY"),
        (Script(exit_status=1, log="No space left on device\n"), "STORAGE_FULL"),
        (Script(leaves_out=frozenset({"clip.mp4"})), "OUTPUT_MISSING"),
        (Script(writes={"clip.mp4": b""}), "OUTPUT_MISSING"),
        (Script(error=OSError(5, "Input/output error")), "INTERNAL_ERROR"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_way_to_fail_has_its_error_status(
    box: Box, client: AsyncClient, executor: ScriptedExecutor, script: Script, error_status: str
) -> None:
    executor.script = script

    report = await box.work_until_final(await submit(client, make_body()))

    assert report.job.error_status == error_status


async def test_a_failed_command_publishes_none_of_its_outputs(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(writes={"a.mp4": b"a"})
    outputs = {"out_a": "a.mp4", "out_b": "b.mp4"}
    body = make_body(ffmpeg_command="-i x {{out_a}} {{out_b}}", output_files=outputs)

    await box.work_until_final(await submit(client, body))

    assert [path for path in (box.root / "files/outputs").rglob("*") if path.is_file()] == []


async def test_an_output_that_is_no_media_fails_the_command(
    box: Box, client: AsyncClient, prober: ScriptedProber
) -> None:
    prober.unreadable.add("clip.mp4")

    report = await box.work_until_final(await submit(client, make_body()))

    assert report.job.error_status == "OUTPUT_MISSING"


async def test_progress_is_shown_while_ffmpeg_runs(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(
        hangs=True, reports=(Report(out_time_us=500_000, fps=25.0, speed=2.0),)
    )
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        shown = await encoding(client, command_id)

    assert shown["progress"] == {
        "percent": None,
        "out_time_seconds": 0.5,
        "fps": 25.0,
        "speed": 2.0,
        "eta_seconds": None,
    }


async def encoding(client: AsyncClient, command_id: str) -> Shown:
    """Return the first poll that shows FFmpeg at work; progress is told once a second."""
    with anyio.fail_after(30):
        shown = await show(client, command_id)
        while shown["processing_stage"] != "FFMPEG_PROCESSING":
            await anyio.sleep(0.02)
            shown = await show(client, command_id)
    return shown
