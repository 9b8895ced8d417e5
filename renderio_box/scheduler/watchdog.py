"""Looking after a running FFmpeg: one that stands still or fills the disk is stopped."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import to_thread
from msgspec.structs import replace

from renderio_box.ffmpeg.executor import (
    DiskRunningOut,
    Effort,
    Ended,
    Execution,
    Executor,
    Stalled,
    Stop,
    TooManyBytes,
    TooManyFiles,
)
from renderio_box.ffmpeg.progress import Report
from renderio_box.scheduler.floor import Appetite, Floor
from renderio_box.scheduler.tracker import Tracker
from renderio_box.scheduler.usage import Usage, usage_of

IDLE_SHARE: Final = 0.01
"""The share of a CPU below which a run is idle: an FFmpeg that only waits was seen to use 0.4 %."""
IDLE_BYTES: Final = 64 * 1024
"""What an idle run may read; demuxing from a slow disk reads much more and uses 0.5 % of a CPU."""
LONGEST_GAP_S: Final = 10.0
"""How much a gap between two looks counts for at most; the machine may have slept meanwhile."""
LOOK_EVERY_S: Final = 1.0
PAUSE_PER_LOOK: Final = 10.0
"""How much longer than a look the pause after it is, so that 100,000 files cost little, too."""
LONGEST_PAUSE_S: Final = 10.0


class WatchBounds(msgspec.Struct, frozen=True, kw_only=True):
    """When a run is stopped; ``stall_seconds`` is 0 for runs that may stand still."""

    stall_seconds: float
    max_bytes: int
    max_files: int
    look_every_s: float = LOOK_EVERY_S

    def beside(self, given: Usage) -> Usage:
        """Return how much there may be beside what the command was given."""
        return Usage(files=self.max_files + given.files, bytes=self.max_bytes + given.bytes)

    def outgrown(self, usage: Usage, given: Usage) -> Stop | None:
        """Return which bound the command's files are above, if any."""
        room = self.beside(given)
        if usage.files > room.files:
            return TooManyFiles(self.max_files)
        return TooManyBytes(self.max_bytes) if usage.bytes > room.bytes else None


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What changes while FFmpeg gets on with its work, and can be had for little."""

    frame: int | None = None
    out_time_us: int | None = None
    total_bytes: int | None = None
    usage: Usage = Usage()


class Vigil:
    """Counts for how long a run has shown no sign of life. Moments are in seconds."""

    def __init__(self, *, stall_seconds: float) -> None:
        self.quiet_seconds = 0.0
        self._stall_seconds = stall_seconds
        self._looked_at = 0.0
        self._signs: Signs | None = None
        self._effort: Effort | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether the run has been quiet for too long."""
        return self.quiet_seconds >= self._stall_seconds

    def is_still(self, signs: Signs, *, at: float) -> bool:
        """Tell whether the run shows what it showed at the last look; then ``weigh`` decides."""
        if signs == self._signs:
            return True
        self._signs, self._effort = signs, None
        self._looked_at, self.quiet_seconds = at, 0.0
        return False

    def weigh(self, effort: Effort, *, at: float) -> None:
        """Count the run as quiet unless it has worked since its effort was first weighed."""
        gap_s, self._looked_at = at - self._looked_at, at
        if self._effort is None or self._has_worked(self._effort, effort):
            self._effort, self.quiet_seconds = effort, 0.0
        else:
            self.quiet_seconds += min(gap_s, LONGEST_GAP_S)

    def _has_worked(self, before: Effort, now: Effort) -> bool:
        """Tell whether that is more than an idle run does; one that lost a process did more."""
        spent_s = abs(now.processor_seconds - before.processor_seconds)
        read = abs(now.read_bytes - before.read_bytes)
        return spent_s > IDLE_SHARE * self._stall_seconds or read > IDLE_BYTES


class Watchdog:
    """Has FFmpeg run by an executor and stops the runs that pass its bounds."""

    def __init__(self, executor: Executor, bounds: WatchBounds, floor: Floor) -> None:
        self._executor = executor
        self._bounds = bounds
        self._floor = floor

    async def run(self, execution: Execution, tracker: Tracker, given: Usage) -> Ended:
        """Run to the end, or until it must be stopped; ``given`` is what the command found.

        Raises:
            OSError: The program could not be started.
        """
        directories = (execution.directory, execution.scratch)
        with Appetite(self._floor) as appetite:
            guard = partial(self._guard, directories, tracker, given, appetite)
            ended = await self._executor.run(execution, tracker.report, guard)
            return replace(ended, disk_was_full=await appetite.has_seen_it_full())

    async def _guard(
        self,
        directories: tuple[Path, ...],
        tracker: Tracker,
        given: Usage,
        appetite: Appetite,
        effort: Callable[[], Effort],
    ) -> Stop:
        """Look about once a second; return when the run must end."""
        bounds, pause_s = self._bounds, self._bounds.look_every_s
        vigil = Vigil(stall_seconds=bounds.stall_seconds)
        count = partial(usage_of, directories, up_to=bounds.beside(given))
        while True:
            await anyio.sleep(pause_s)
            began = anyio.current_time()
            usage = await to_thread.run_sync(count, abandon_on_cancel=True)
            tracker.written_bytes = usage.bytes
            if stop := bounds.outgrown(usage, given):
                return stop
            if await appetite.is_too_great(usage.bytes, effort):
                return DiskRunningOut(self._floor.lowest_bytes)
            signs = signs_of(tracker.latest, usage)
            if bounds.stall_seconds and vigil.is_still(signs, at=began):
                spent = await to_thread.run_sync(effort, abandon_on_cancel=True)
                vigil.weigh(spent, at=began)
                if vigil.is_over:
                    return Stalled(quiet_seconds=vigil.quiet_seconds, last=tracker.latest)
            took_s = anyio.current_time() - began
            pause_s = min(max(bounds.look_every_s, PAUSE_PER_LOOK * took_s), LONGEST_PAUSE_S)


def signs_of(report: Report, usage: Usage) -> Signs:
    """Return what FFmpeg reports, without its speed, and what it has written."""
    return Signs(
        frame=report.frame,
        out_time_us=report.out_time_us,
        total_bytes=report.total_bytes,
        usage=usage,
    )
