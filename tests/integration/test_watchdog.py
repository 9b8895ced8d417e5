"""Looking after runs: what is counted on a real disk, and what becomes of the job."""

import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from anyio import to_thread
from msgspec import structs

from renderio_box.api.app import create_app
from renderio_box.ffmpeg.executor import (
    DiskRunningOut,
    Effort,
    Ended,
    Execution,
    Guard,
    Stalled,
    Stop,
    TooManyBytes,
    TooManyFiles,
    unguarded,
)
from renderio_box.ffmpeg.progress import Report
from renderio_box.scheduler.floor import FULL_BYTES, Floor
from renderio_box.scheduler.tracker import Tracker
from renderio_box.scheduler.usage import Usage, usage_in, usage_of
from renderio_box.scheduler.watchdog import WatchBounds, Watchdog
from renderio_box.scheduler.written import listing
from tests.builders import make_body
from tests.fakes import Script, ScriptedExecutor
from tests.integration.box import Box, Outside, open_box, speaking_to, submit

PLENTY = Usage(files=1000, bytes=10**9)
QUICK = WatchBounds(stall_seconds=0, max_bytes=10_000, max_files=20, look_every_s=0.02)


class Scribbler:
    """An executor whose FFmpeg does something with every look that is taken, until it is stopped."""

    def __init__(self, act: Callable[[Execution], object]) -> None:
        self._act = act

    def effort(self) -> Effort:
        return Effort(processor_seconds=0, read_bytes=0)

    async def run(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard = unguarded
    ) -> Ended:
        stops: list[Stop] = []

        async def scribble() -> None:
            while True:
                self._act(execution)
                await anyio.sleep(0.005)

        report(Report(frame=3))
        async with anyio.create_task_group() as group:
            group.start_soon(scribble)
            stops.append(await guard(self.effort))
            group.cancel_scope.cancel()
        return Ended(exit_status=255, timed_out=False, stopped_by=stops[0], log="", run_seconds=1.0)


@pytest.fixture
def execution(tmp_path: Path) -> Execution:
    directories = [tmp_path / "out", tmp_path / "tmp", tmp_path / "in"]
    for directory in directories:
        directory.mkdir()
    return Execution(arguments=(), directory=directories[0], scratch=directories[1], timeout_s=10.0)


async def ended(
    act: Callable[[Execution], object],
    execution: Execution,
    bounds: WatchBounds = QUICK,
    given: Usage | None = None,
) -> Stop | None:
    """Return what ended a run that does this."""
    with anyio.fail_after(30):
        watchdog = Watchdog(Scribbler(act), bounds, Floor(lambda: 2**60, reserve_bytes=0))
        return (await watchdog.run(execution, Tracker(), given or Usage())).stopped_by


def another(directory: Path, size: int = 0) -> None:
    (directory / uuid4().hex).write_bytes(bytes(size))


class Hider(Scribbler):
    """An executor whose FFmpeg writes to a file without a name, a MiB for each look."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.written_bytes = 0

    def effort(self) -> Effort:
        self.written_bytes += 2**20
        return Effort(processor_seconds=0, read_bytes=0, written_bytes=self.written_bytes)


async def test_a_run_that_eats_the_reserve_is_ended_though_its_file_has_no_name(
    execution: Execution,
) -> None:
    hider = Hider()
    floor = Floor(lambda: 2**20 - hider.written_bytes, reserve_bytes=2**22)
    bounds = structs.replace(QUICK, stall_seconds=60)
    hider.written_bytes = 2**20 + 1

    with anyio.fail_after(30):
        ended = await Watchdog(hider, bounds, floor).run(execution, Tracker(), Usage())

    assert ended.stopped_by == DiskRunningOut(2**21)


async def test_a_run_that_takes_nothing_goes_on_while_somebody_else_fills_the_disk(
    execution: Execution,
) -> None:
    room = iter(range(-(2**22), -(2**30), -4096))
    floor = Floor(lambda: next(room), reserve_bytes=2**20)

    with pytest.raises(TimeoutError), anyio.fail_after(0.3):
        await Watchdog(Scribbler(lambda _: None), QUICK, floor).run(execution, Tracker(), Usage())


async def test_it_is_told_when_the_disk_was_full_for_a_moment_while_a_run_wrote(
    execution: Execution,
) -> None:
    room = iter([2**30, 0, 2**30])
    floor = Floor(lambda: next(room, 2**30), reserve_bytes=0)
    bounds = structs.replace(QUICK, stall_seconds=0.1)

    with anyio.fail_after(30):
        ended = await Watchdog(Scribbler(lambda _: None), bounds, floor).run(
            execution, Tracker(), Usage()
        )

    assert ended.disk_was_full


async def test_it_is_told_when_the_disk_is_full_right_after_a_run(execution: Execution) -> None:
    floor = Floor(lambda: FULL_BYTES - 2**20, reserve_bytes=2**20)
    brief = ScriptedExecutor()

    ended = await Watchdog(brief, QUICK, floor).run(execution, Tracker(), Usage())

    assert ended.disk_was_full


async def test_what_a_run_has_written_is_known_beside_it(execution: Execution) -> None:
    (execution.directory / "kept.avi").write_bytes(bytes(700))
    tracker, floor = Tracker(), Floor(lambda: 2**60, reserve_bytes=0)
    bounds = structs.replace(QUICK, stall_seconds=0.1)

    with anyio.fail_after(30):
        await Watchdog(Scribbler(lambda _: None), bounds, floor).run(execution, tracker, Usage())

    assert tracker.written_bytes == 700


async def test_many_small_files_are_too_many(execution: Execution) -> None:
    assert await ended(lambda run: another(run.directory), execution) == TooManyFiles(20)


async def test_what_is_kept_aside_counts_too(execution: Execution) -> None:
    assert await ended(lambda run: another(run.scratch, 3000), execution) == TooManyBytes(10_000)


async def test_folders_count_as_files(execution: Execution) -> None:
    stop = await ended(lambda run: (run.directory / uuid4().hex).mkdir(), execution)

    assert stop == TooManyFiles(20)


async def test_what_the_command_was_given_is_not_held_against_it(execution: Execution) -> None:
    for number in range(30):
        (execution.directory / f"given-{number}").write_bytes(bytes(1000))
    given = usage_in(await to_thread.run_sync(listing, execution.directory))
    bounds = structs.replace(QUICK, stall_seconds=0.1)

    assert isinstance(await ended(lambda run: run, execution, bounds, given), Stalled)


async def test_what_earlier_steps_have_left_is_held_against_it(execution: Execution) -> None:
    (execution.directory / "kept.avi").write_bytes(bytes(10_001))

    assert await ended(lambda run: run, execution) == TooManyBytes(10_000)


async def test_a_run_that_writes_is_not_quiet(execution: Execution) -> None:
    bounds = structs.replace(QUICK, stall_seconds=0.1)

    stop = await ended(lambda run: another(run.directory), execution, bounds)

    assert stop == TooManyFiles(20)


async def test_a_run_that_writes_in_place_is_not_quiet(execution: Execution) -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(0.6):
        await ended(
            lambda run: (run.directory / "a").write_bytes(b"x"),
            execution,
            structs.replace(QUICK, stall_seconds=0.2),
        )


async def test_a_quiet_run_is_told_how_far_it_had_come(execution: Execution) -> None:
    stop = await ended(lambda run: run, execution, structs.replace(QUICK, stall_seconds=0.1))

    assert isinstance(stop, Stalled)
    assert (stop.last.frame, stop.quiet_seconds >= 0.1) == (3, True)


async def test_a_run_may_be_quiet_for_ever_when_nothing_else_is_set(execution: Execution) -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(0.3):
        await ended(lambda run: run, execution)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
async def test_a_folder_that_cannot_be_looked_into_ends_the_run(execution: Execution) -> None:
    (execution.directory / "closed").mkdir(mode=0o300)

    with pytest.RaisesGroup(PermissionError, flatten_subgroups=True):
        await ended(lambda run: run, execution)


def test_everything_below_the_directories_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").write_bytes(bytes(10))
    (tmp_path / "c").mkdir()
    (tmp_path / "c/y").write_bytes(bytes(5))

    usage = usage_of([tmp_path / "a", tmp_path / "c"], up_to=PLENTY)

    assert (usage.files, usage.bytes) == (3, 15)


def test_a_link_is_counted_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/big").write_bytes(bytes(9999))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/link").symlink_to("../far")
    (tmp_path / "out/round").symlink_to(".")

    usage = usage_of([tmp_path / "out"], up_to=PLENTY)

    assert (usage.files, usage.bytes < 100) == (2, True)


@pytest.mark.parametrize(
    ("up_to", "counted"),
    [(Usage(files=7, bytes=10**9), 8), (Usage(files=10**9, bytes=70), 8), (PLENTY, 50)],
)
def test_counting_ends_above_the_limit(tmp_path: Path, up_to: Usage, counted: int) -> None:
    for number in range(50):
        (tmp_path / str(number)).write_bytes(bytes(10))

    assert usage_of([tmp_path], up_to=up_to).files == counted


def test_counting_ends_among_nothing_but_folders(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).mkdir()

    assert usage_of([tmp_path], up_to=Usage(files=7, bytes=0)).files == 8


def test_a_directory_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert usage_of([tmp_path / "gone"], up_to=PLENTY) == Usage()


def test_what_is_written_in_place_changes_the_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    os.utime(tmp_path / "b", ns=(0, 2**62))
    before = usage_of([tmp_path], up_to=PLENTY)

    os.utime(tmp_path / "a", ns=(0, 1))

    assert usage_of([tmp_path], up_to=PLENTY) != before


async def test_what_was_listed_comes_to_what_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x").write_bytes(bytes(10))
    (tmp_path / "y").write_bytes(bytes(5))

    given = usage_in(await to_thread.run_sync(listing, tmp_path))

    assert given == structs.replace(usage_of([tmp_path], up_to=PLENTY), changed_ns=0)


@pytest.fixture
async def impatient(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    """Return a box that gives runs up which do nothing for a tenth of a second."""
    bounds = structs.replace(QUICK, stall_seconds=0.1)
    async with open_box(tmp_path, structs.replace(outside, bounds=bounds)) as opened:
        yield opened


async def test_a_job_that_stands_still_ends_stalled_with_its_log(
    impatient: Box, executor: ScriptedExecutor
) -> None:
    executor.script = Script(
        hangs=True, log="what it said\n", reports=(Report(out_time_us=1_000_000),)
    )
    client = speaking_to(create_app(impatient.parts), await impatient.key("ann"))

    report = await impatient.work_until_final(await submit(client, make_body()))

    assert (report.job.error_status, report.job.run_seconds) == ("STALLED", 1.5)
    assert report.job.error_message == (
        "FFmpeg was stopped because nothing had happened for 0 s (jobs.stall_seconds);"
        " its output had come to 1.00 s. what it said"
    )
    log = await client.get(f"/api/v1/commands/{report.job.id}/log")
    assert log.text == "what it said\n"


async def test_a_step_that_stands_still_is_named(
    impatient: Box, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    client = speaking_to(create_app(impatient.parts), await impatient.key("ann"))
    body = {
        "ffmpeg_commands": ["-i a {{out_a}}", "-i b {{out_b}}"],
        "input_files": {},
        "output_files": {"out_a": "a.mp4", "out_b": "b.mp4"},
    }
    accepted = await client.post("/api/v1/run-chained-ffmpeg-commands", json=body)

    report = await impatient.work_until_final(accepted.json()["command_id"])

    assert report.job.error_status == "STALLED"
    assert str(report.job.error_message).startswith("Step 1 of 2: FFmpeg was stopped because")
