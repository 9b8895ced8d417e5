"""What every Executor promises; the real one runs a real FFmpeg."""

from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio import to_thread

from renderio_box.ffmpeg.executor import Effort, Ended, Execution, Executor, Stop, TooManyFiles
from renderio_box.ffmpeg.isolation import Wanted, find_isolation
from renderio_box.ffmpeg.local_executor import LocalExecutor
from renderio_box.ffmpeg.progress import Report
from renderio_box.ffmpeg.sandbox import ResourceLimits, process_limit
from tests.fakes import Script, ScriptedExecutor

LIMITS = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
PROGRESS = ("-nostats", "-stats_period", "0.05", "-progress", "pipe:1")
SOURCE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1")
WORKS = ("-hide_banner", *PROGRESS, *SOURCE, "-c:v", "mpeg4", "clip.avi")
FAILS = ("-hide_banner", "-i", "missing.mp4", "clip.avi")
GIVEN_UP = TooManyFiles(7)
HANGS = ("-hide_banner", "-re", "-f", "lavfi", "-i", "testsrc=size=64x48", "clip.avi")


class Trial(msgspec.Struct, frozen=True):
    """An executor with the way to make its next run hang or fail."""

    executor: Executor
    hang: Callable[[], None]
    fail: Callable[[], None]


def scripted() -> Trial:
    executor = ScriptedExecutor()
    executor.script = Script(
        reports=(Report(out_time_us=400_000), Report(out_time_us=1_000_000, finished=True))
    )

    def play(script: Script) -> None:
        executor.script = script

    return Trial(
        executor,
        hang=lambda: play(Script(hangs=True)),
        fail=lambda: play(Script(exit_status=1, log="missing.mp4: No such file or directory\n")),
    )


@pytest.fixture(scope="session")
async def local() -> Trial:
    ffmpeg = Path("/usr/bin/ffmpeg")
    isolation = await find_isolation(ffmpeg, LIMITS, Wanted(), font_config=None)
    executor = LocalExecutor(ffmpeg, isolation, log_bytes=64 * 1024)
    return Trial(executor, hang=lambda: None, fail=lambda: None)


@pytest.fixture(params=["local", "scripted"])
def trial(request: pytest.FixtureRequest, local: Trial) -> Trial:
    return local if request.param == "local" else scripted()


@pytest.fixture
def execute(tmp_path: Path) -> Callable[..., Execution]:
    """Return what makes an execution in a directory of its own."""
    (tmp_path / "out").mkdir()
    (tmp_path / "tmp").mkdir()

    def make(arguments: tuple[str, ...], *, timeout_s: float = 10.0) -> Execution:
        return Execution(
            arguments=arguments,
            directory=tmp_path / "out",
            scratch=tmp_path / "tmp",
            timeout_s=timeout_s,
        )

    return make


def ignore(report: Report) -> None:
    del report


async def give_up(effort: Callable[[], Effort]) -> Stop:
    """Look at a run's effort for a moment, then have it stopped."""
    await to_thread.run_sync(effort)
    await anyio.sleep(0.3)
    return GIVEN_UP


def running_in(directory: Path) -> list[str]:
    """Return the processes that work in that directory."""
    return [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and works_in(entry, directory)
    ]


def works_in(entry: Path, directory: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == directory
    except OSError:
        return False


async def test_a_good_run_ends_with_status_0(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    ended = await trial.executor.run(execute(WORKS), ignore)

    assert (ended.exit_status, ended.timed_out) == (0, False)


async def test_a_good_run_leaves_its_output_in_its_directory(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    execution = execute(WORKS)

    await trial.executor.run(execution, ignore)

    assert (execution.directory / "clip.avi").stat().st_size > 0


async def test_progress_is_reported(trial: Trial, execute: Callable[..., Execution]) -> None:
    reports: list[Report] = []

    await trial.executor.run(execute(WORKS), reports.append)

    assert (reports[-1].out_time_us, reports[-1].finished) == (1_000_000, True)


async def test_the_time_it_took_is_told(trial: Trial, execute: Callable[..., Execution]) -> None:
    ended = await trial.executor.run(execute(WORKS), ignore)

    assert ended.run_seconds > 0


async def test_a_bad_run_ends_with_another_status(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.fail()

    ended = await trial.executor.run(execute(FAILS), ignore)

    assert (ended.exit_status, ended.timed_out) == (1, False)


async def test_the_log_says_why(trial: Trial, execute: Callable[..., Execution]) -> None:
    trial.fail()

    ended = await trial.executor.run(execute(FAILS), ignore)

    assert "missing.mp4: No such file or directory" in ended.log


async def test_a_run_over_its_time_is_stopped(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()

    ended = await trial.executor.run(execute(HANGS, timeout_s=0.3), ignore)

    assert ended.timed_out


async def test_nothing_runs_after_its_time_is_over(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()
    execution = execute(HANGS, timeout_s=0.3)

    await trial.executor.run(execution, ignore)

    assert running_in(execution.directory) == []


async def test_a_run_that_its_guard_gives_up_ends_for_that_reason(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()

    ended = await trial.executor.run(execute(HANGS), ignore, give_up)

    assert (ended.stopped_by, ended.timed_out) == (GIVEN_UP, False)
    assert ended.run_seconds > 0


async def test_what_a_run_said_before_it_was_given_up_is_kept(
    local: Trial, execute: Callable[..., Execution]
) -> None:
    execution = execute(HANGS)
    output = anyio.Path(execution.directory / HANGS[-1])

    async def until_it_writes(effort: Callable[[], Effort]) -> Stop:
        del effort
        while not await output.exists():  # noqa: ASYNC110 - a file has no event
            await anyio.sleep(0.02)
        return GIVEN_UP

    ended = await local.executor.run(execution, ignore, until_it_writes)

    assert "testsrc" in ended.log


async def test_nothing_runs_after_its_guard_has_given_it_up(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()
    execution = execute(HANGS)

    await trial.executor.run(execution, ignore, give_up)

    assert running_in(execution.directory) == []


async def test_a_guard_that_says_nothing_does_not_hold_up_the_end(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    async def wait(effort: Callable[[], Effort]) -> Stop:
        del effort
        await anyio.sleep_forever()
        return GIVEN_UP

    ended = await trial.executor.run(execute(WORKS), ignore, wait)

    assert (ended.exit_status, ended.stopped_by) == (0, None)


async def test_a_cancelled_run_does_not_return_a_result(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()
    ended: list[Ended] = []

    with anyio.move_on_after(0.3):
        ended.append(await trial.executor.run(execute(HANGS), ignore))

    assert ended == []


async def test_a_cancelled_run_leaves_nothing_running(
    trial: Trial, execute: Callable[..., Execution]
) -> None:
    trial.hang()
    execution = execute(HANGS)

    with anyio.move_on_after(0.3):
        await trial.executor.run(execution, ignore)

    assert running_in(execution.directory) == []


async def test_runs_go_on_side_by_side(trial: Trial, execute: Callable[..., Execution]) -> None:
    trial.hang()
    took_s: list[float] = []

    async def run(execution: Execution) -> None:
        took_s.append((await trial.executor.run(execution, ignore)).run_seconds)

    began = anyio.current_time()
    async with anyio.create_task_group() as group:
        for name in ("a.avi", "b.avi", "c.avi"):
            group.start_soon(run, execute((*HANGS[:-1], name), timeout_s=0.5))

    assert anyio.current_time() - began < sum(took_s)


async def test_what_a_run_costs_is_told_while_it_runs(
    local: Trial, execute: Callable[..., Execution]
) -> None:
    source = execute(()).directory / "source.bin"
    source.write_bytes(bytes(5_000_000))
    busy = ("-hide_banner", "-f", "rawvideo", "-video_size", "640x360", "-framerate", "2")
    tellers: list[Effort] = []

    async def look(effort: Callable[[], Effort]) -> Stop:
        while not tellers or tellers[-1].processor_seconds < 0.2:
            tellers.append(await to_thread.run_sync(effort))
            await anyio.sleep(0.02)
        return GIVEN_UP

    loops = ("-stream_loop", "-1", "-i", str(source), "-f", "null", "-")
    ended = await local.executor.run(execute((*busy, *loops)), ignore, look)

    assert ended.stopped_by == GIVEN_UP
    assert tellers[-1].read_bytes > 5_000_000
