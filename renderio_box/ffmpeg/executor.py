"""What the scheduler asks of whatever runs FFmpeg."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import anyio
import msgspec

from renderio_box.ffmpeg.progress import Report


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One FFmpeg run to carry out.

    ``arguments`` is what follows ``ffmpeg``; ``directory`` is where it runs and writes,
    ``scratch`` an empty home for whatever it keeps aside, ``readable`` what it may only read;
    ``cpus`` are the CPUs it is held to, empty for all.
    """

    arguments: tuple[str, ...]
    directory: Path
    scratch: Path
    readable: tuple[Path, ...] = ()
    timeout_s: float
    cpus: tuple[int, ...] = ()


class Stalled(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing had happened for ``quiet_seconds``; ``last`` is what FFmpeg had reported before."""

    quiet_seconds: float
    last: Report


class TooManyBytes(msgspec.Struct, frozen=True):
    """The files of the command were larger than ``limit`` together."""

    limit: int


class TooManyFiles(msgspec.Struct, frozen=True):
    """There were more files of the command than ``limit``."""

    limit: int


class DiskRunningOut(msgspec.Struct, frozen=True):
    """The disk had less than ``limit`` bytes free, and the command was what took them."""

    limit: int


Stop = Stalled | TooManyBytes | TooManyFiles | DiskRunningOut
"""Why a run must end although it has neither ended itself nor reached its time limit."""


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has cost so far, all its processes together."""

    processor_seconds: float
    read_bytes: int
    written_bytes: int = 0


Guard = Callable[[Callable[[], Effort]], Awaitable[Stop]]
"""Looks after a run: returns only when the run must end, and is cancelled when it has ended.

It is given what tells the run's effort, which blocks for some milliseconds.
"""


async def unguarded(effort: Callable[[], Effort]) -> Stop:
    """Let the run go on to its end or its time limit, whatever it does."""
    del effort
    await anyio.sleep_forever()
    raise AssertionError


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. ``exit_status`` is negative for a signal, as in ``subprocess``.

    ``out_of_memory`` tells that the kernel ended it for want of memory.
    ``stopped_by`` is why its guard had it stopped, None when that did not happen.
    ``disk_was_full`` tells that the disk was seen without room while it ran, or right after.
    ``lacking`` is what the hardware that it asked for lacks, as a clause, empty when nothing does.
    """

    exit_status: int
    timed_out: bool
    stopped_by: Stop | None = None
    log: str
    run_seconds: float
    out_of_memory: bool = False
    disk_was_full: bool = False
    lacking: str = ""


class Executor(Protocol):
    """A place where FFmpeg can run."""

    async def run(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard = unguarded
    ) -> Ended:
        """Run to the end, reporting progress; may be repeated in a fresh directory.

        When cancelled, or stopped by its guard, it returns only after FFmpeg and its
        children are gone.

        Raises:
            OSError: The program could not be started at all.
        """
        ...
