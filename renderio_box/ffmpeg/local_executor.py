"""FFmpeg as a child of this process."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import ByteReceiveStream, Process
from msgspec import structs

from renderio_box.ffmpeg.cgroups import Cgroups
from renderio_box.ffmpeg.child import PIPE_GRACE_S, child
from renderio_box.ffmpeg.devices import Devices
from renderio_box.ffmpeg.executor import Ended, Execution, Guard, Stop, unguarded
from renderio_box.ffmpeg.hardware import NONE_AT_ALL, DeviceSet
from renderio_box.ffmpeg.log import BoundedLog
from renderio_box.ffmpeg.process_tree import effort_of
from renderio_box.ffmpeg.progress import ProgressReader, Report
from renderio_box.ffmpeg.sandbox import Isolation, Reach, Share
from renderio_box.machine import usable_cpus

LOG_BYTES_PER_S: Final = 4 * 1024 * 1024
"""How fast a child may talk, on average; a faster one waits for its pipe."""
NAP_S: Final = 0.05
LONGEST_NAP_S: Final = 0.5
SPARE_CPU_SECONDS: Final = 60
"""So that a run is ended by its time limit, and by the kernel only if nobody is left to do that."""


class LocalExecutor:
    """Runs FFmpeg here, walled in, in its own process group and, where there are any, cgroup."""

    def __init__(
        self,
        ffmpeg: Path,
        isolation: Isolation,
        *,
        log_bytes: int,
        cgroups: Cgroups | None = None,
        devices: DeviceSet = NONE_AT_ALL,
    ) -> None:
        self._ffmpeg = ffmpeg
        self._isolation = isolation
        self._log_bytes = log_bytes
        self._cgroups = cgroups
        self._devices = devices

    async def run(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard = unguarded
    ) -> Ended:
        """Run to the end, reporting progress; when cancelled, leave nothing behind."""
        ended = await self._run_in_group(execution, report, guard)
        if ended.exit_status == 0:
            return ended
        return structs.replace(ended, lacking=await self._devices.fault(execution.arguments))

    async def _run_in_group(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard
    ) -> Ended:
        """Run in a control group of its own, where there are any."""
        if self._cgroups is None:
            return await self._run(execution, report, guard, None)
        limits = self._isolation.limits
        async with self._cgroups.fresh(
            memory_bytes=limits.memory_bytes, processes=limits.processes
        ) as cgroup:
            ended = await self._run(execution, report, guard, cgroup.path)
            return structs.replace(ended, out_of_memory=cgroup.was_out_of_memory)

    async def _run(
        self,
        execution: Execution,
        report: Callable[[Report], None],
        guard: Guard,
        cgroup: Path | None,
    ) -> Ended:
        stopped_by: Stop | None = None
        log, run_seconds, timed_out = BoundedLog(self._log_bytes), 0.0, False
        devices = await self._devices.given(execution.arguments)
        ended = anyio.Event()
        started = anyio.current_time()
        async with (
            child(
                self._arguments(execution, cgroup, devices),
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
            exit_status=self._isolation.exit_status(await process.wait()),
            timed_out=timed_out,
            stopped_by=stopped_by,
            log=log.text(),
            run_seconds=run_seconds,
        )

    def _arguments(self, execution: Execution, cgroup: Path | None, devices: Devices) -> list[str]:
        """Return the command line: the job's own directories, and processor time to the end."""
        cpus = len(execution.cpus) or len(usable_cpus())
        return self._isolation.arguments(
            self._ffmpeg,
            *execution.arguments,
            reach=Reach(
                directory=execution.directory,
                readable=execution.readable,
                writable=(execution.directory, execution.scratch),
                home=execution.scratch,
                devices=devices,
            ),
            share=Share(
                cpus=execution.cpus,
                cpu_seconds=math.ceil(execution.timeout_s * cpus) + SPARE_CPU_SECONDS,
                cgroup=cgroup,
            ),
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
