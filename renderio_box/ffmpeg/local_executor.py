"""FFmpeg as a child of this process."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio.abc import ByteReceiveStream, Process

from renderio_box.ffmpeg.child import PIPE_GRACE_S, child
from renderio_box.ffmpeg.executor import Ended, Execution, Guard, Stop, unguarded
from renderio_box.ffmpeg.log import BoundedLog
from renderio_box.ffmpeg.process_tree import effort_of
from renderio_box.ffmpeg.progress import ProgressReader, Report
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tools, environment, launcher

LOG_BYTES_PER_S: Final = 4 * 1024 * 1024
"""How fast a child may talk, on average; a faster one waits for its pipe."""
NAP_S: Final = 0.05
LONGEST_NAP_S: Final = 0.5


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """How children of ours are started: through what, within what, knowing what."""

    tools: Tools
    limits: ResourceLimits
    font_config: Path | None

    def arguments(self, program: Path, *words: str, cpus: tuple[int, ...] = ()) -> list[str]:
        """Return the whole command line for a program."""
        before = launcher(self.tools, self.limits, cpus=cpus, as_root=os.geteuid() == 0)
        return [*before, str(program), *words]

    def environment(self, scratch: Path) -> dict[str, str]:
        """Return the child's whole environment."""
        return environment(scratch, font_config=self.font_config)


class LocalExecutor:
    """Runs FFmpeg here, in its own process group and within the limits."""

    def __init__(self, ffmpeg: Path, isolation: Isolation, *, log_bytes: int) -> None:
        self._ffmpeg = ffmpeg
        self._isolation = isolation
        self._log_bytes = log_bytes

    async def run(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard = unguarded
    ) -> Ended:
        """Run to the end, reporting progress; when cancelled, leave nothing behind."""
        stopped_by: Stop | None = None
        log, run_seconds, timed_out = BoundedLog(self._log_bytes), 0.0, False
        ended = anyio.Event()
        started = anyio.current_time()
        async with (
            child(
                self._isolation.arguments(self._ffmpeg, *execution.arguments, cpus=execution.cpus),
                directory=execution.directory,
                environment=self._isolation.environment(execution.scratch),
            ) as process,
            anyio.create_task_group() as pipes,
        ):
            pipes.start_soon(read_reports, process.stdout, report)
            pipes.start_soon(read_log, process.stderr, log, ended)
            with anyio.move_on_after(execution.timeout_s) as limit:
                stopped_by = await until_over(process, guard)
            timed_out, run_seconds = limit.cancelled_caught, anyio.current_time() - started
            ended.set()
            # A grandchild may hold a pipe open after FFmpeg itself has ended.
            grace_s = 0.0 if timed_out or stopped_by else PIPE_GRACE_S
            pipes.cancel_scope.deadline = anyio.current_time() + grace_s
        return Ended(
            exit_status=await process.wait(),
            timed_out=timed_out,
            stopped_by=stopped_by,
            log=log.text(),
            run_seconds=run_seconds,
        )


async def until_over(process: Process, guard: Guard) -> Stop | None:
    """Wait until the process ends, or must end because its guard says so; return why."""
    stop: Stop | None = None
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            nonlocal stop
            stop = await guard(partial(effort_of, process.pid))
            group.cancel_scope.cancel()

        group.start_soon(listen)
        await process.wait()
        group.cancel_scope.cancel()
    return stop


async def read_reports(stream: ByteReceiveStream | None, report: Callable[[Report], None]) -> None:
    """Hand on each report until the stream ends."""
    reader = ProgressReader()
    if stream is not None:
        async for chunk in stream:
            for progress in reader.feed(chunk):
                report(progress)


async def read_log(stream: ByteReceiveStream | None, log: BoundedLog, ended: anyio.Event) -> None:
    """Keep the log, no faster than ``LOG_BYTES_PER_S`` on average.

    FFmpeg writes its log in tiny pieces; napping between reads until it has ``ended``
    lets them gather in the pipe instead of waking the event loop for each.
    """
    if stream is None:
        return
    started, received = anyio.current_time(), 0
    async for chunk in stream:
        received += len(chunk)
        log.feed(chunk)
        ahead_s = received / LOG_BYTES_PER_S - (anyio.current_time() - started)
        with anyio.move_on_after(min(max(ahead_s, NAP_S), LONGEST_NAP_S)):
            await ended.wait()
