"""Jobs for which there is no room yet: they wait, say for what, and start when it is there."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from httpx import AsyncClient
from msgspec import structs

from renderio_box.api.app import create_app
from renderio_box.companions import accompanied_by
from renderio_box.jobs.room import Lack
from renderio_box.scheduler import scheduler
from tests.builders import make_body
from tests.fakes import Receiver, Script, ScriptedExecutor, answer
from tests.integration.box import (
    COMMANDS,
    NEED_BOUNDS,
    Box,
    Outside,
    open_box,
    show,
    speaking_to,
    submit,
    upload,
)

JOB = make_body(vcpu_count=1)
LACKED_WITHIN_S = 10.0


@pytest.fixture
async def narrow(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    """A box with CPUs for several jobs and memory for one."""
    memory_bytes = NEED_BOUNDS.memory_bytes
    async with open_box(tmp_path, structs.replace(outside, memory_bytes=memory_bytes)) as box:
        yield box


@pytest.fixture
async def narrow_client(narrow: Box) -> AsyncGenerator[AsyncClient]:
    async with speaking_to(create_app(narrow.parts), await narrow.key("ann")) as client:
        yield client


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LOOKED_FOR_STORAGE_EVERY_S", 0.05)


async def until_lacking(box: Box, lack: Lack) -> None:
    """Wait, in a bounded time, until the head of the queue lacks that."""
    with anyio.fail_after(LACKED_WITHIN_S):
        while box.queue.line.waiting_for is not lack:
            await anyio.wait_all_tasks_blocked()


async def lined_up(box: Box, client: AsyncClient, body: dict[str, object]) -> str:
    """Submit a command behind all others."""
    box.clock.advance(1)
    return await submit(client, body)


def leave(box: Box, monkeypatch: pytest.MonkeyPatch, room_bytes: int) -> None:
    monkeypatch.setattr(box.storage, "room_bytes", lambda: room_bytes)


async def test_a_command_waits_below_the_floor_and_starts_above_it(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(box, monkeypatch, 0)
    command_id = await submit(client, JOB)

    async with accompanied_by(box.scheduler.run):
        await until_lacking(box, Lack.STORAGE)
        waiting = await show(client, command_id)
        leave(box, monkeypatch, 1)
        report = await box.until_final(command_id)

    assert (waiting["status"], waiting["waiting_for"]) == ("QUEUED", "STORAGE")
    assert (report.job.state, report.job.attempt) == ("succeeded", 1)


async def test_a_command_that_waits_for_the_disk_can_be_cancelled(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(box, monkeypatch, 0)
    command_id = await submit(client, JOB)

    async with accompanied_by(box.scheduler.run):
        await until_lacking(box, Lack.STORAGE)
        await client.post(f"{COMMANDS}/{command_id}/cancel")

    assert (await show(client, command_id))["error_status"] == "CANCELLED"


async def test_what_a_running_command_will_write_is_not_given_to_another(
    box: Box, client: AsyncClient, executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(box, monkeypatch, NEED_BOUNDS.output_bytes * 2 - 1)
    executor.script = Script(hangs=True)
    running = await lined_up(box, client, JOB)
    waiting = await lined_up(box, client, JOB)

    async with accompanied_by(box.scheduler.run):
        await until_lacking(box, Lack.STORAGE)
        executor.script = Script()
        await client.post(f"{COMMANDS}/{running}/cancel")
        report = await box.until_final(waiting)

    assert report.job.state == "succeeded"


async def test_a_command_thought_too_large_for_the_disk_starts_alone(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(box, monkeypatch, 1)

    report = await box.work_until_final(await submit(client, JOB))

    assert report.job.state == "succeeded"


async def test_a_stored_input_counts_with_its_size(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"x" * 1234)
    body = make_body(
        ffmpeg_command="-i {{in_a}} {{out_clip}}",
        input_files={"in_a": stored["storage_url"]},
    )

    report = await box.report(await submit(client, body))

    assert getattr(report.job.spec.inputs["in_a"], "size_bytes", 0) == 1234


async def test_a_command_waits_for_memory_and_nobody_overtakes_it(
    narrow: Box, narrow_client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    running = await lined_up(narrow, narrow_client, JOB)
    waiting = await lined_up(narrow, narrow_client, JOB)
    frugal = make_body(ffmpeg_command="-f lavfi -i testsrc -c:v copy {{out_clip}}", vcpu_count=1)
    behind = await lined_up(narrow, narrow_client, frugal)

    async with accompanied_by(narrow.scheduler.run):
        await until_lacking(narrow, Lack.MEMORY)
        shown = [await show(narrow_client, each) for each in (waiting, behind)]
        started = len(executor.executions)
        executor.script = Script()
        await narrow_client.post(f"{COMMANDS}/{running}/cancel")
        ends = [await narrow.until_final(each) for each in (waiting, behind)]

    assert [(each["status"], each["waiting_for"]) for each in shown] == [("QUEUED", "MEMORY")] * 2
    assert started == 1
    assert [end.job.state for end in ends] == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    "script",
    [Script(), Script(exit_status=1), Script(timed_out=True), Script(error=RuntimeError("broken"))],
    ids=["well", "badly", "late", "with a crash"],
)
async def test_whatever_way_a_command_ends_its_place_is_free_again(
    narrow: Box, narrow_client: AsyncClient, executor: ScriptedExecutor, script: Script
) -> None:
    executor.script = script
    commands = [await submit(narrow_client, JOB) for _ in range(3)]

    async with accompanied_by(narrow.scheduler.run):
        ends = [await narrow.until_final(each) for each in commands]

    assert {end.job.attempt for end in ends} == {1}


async def test_a_command_whose_input_cannot_be_had_leaves_its_place(
    narrow: Box, narrow_client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer()
    command, there = "-i {{in_a}} {{out_clip}}", f"{receiver.url}/clip.mp4"
    gone = make_body(ffmpeg_command=command, input_files={"in_a": f"{receiver.url}/gone.mp4"})
    failing = await submit(narrow_client, gone)
    next_one = await submit(
        narrow_client, make_body(ffmpeg_command=command, input_files={"in_a": there})
    )

    async with accompanied_by(narrow.scheduler.run):
        ends = [await narrow.until_final(each) for each in (failing, next_one)]

    assert [end.job.state for end in ends] == ["failed", "succeeded"]
