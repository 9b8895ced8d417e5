"""What the scheduler asks of whatever runs FFmpeg."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from renderio_box.ffmpeg.progress import Report


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One FFmpeg run to carry out.

    ``arguments`` is what follows ``ffmpeg``; ``directory`` is where it runs, ``scratch``
    an empty home for whatever it keeps aside; ``cpus`` are the CPUs it is held to,
    empty for all.
    """

    arguments: tuple[str, ...]
    directory: Path
    scratch: Path
    timeout_s: float
    cpus: tuple[int, ...] = ()


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. ``exit_status`` is negative for a signal, as in ``subprocess``."""

    exit_status: int
    timed_out: bool
    log: str
    run_seconds: float


class Executor(Protocol):
    """A place where FFmpeg can run."""

    async def run(self, execution: Execution, report: Callable[[Report], None]) -> Ended:
        """Run to the end, reporting progress; may be repeated in a fresh directory.

        When cancelled, it returns only after FFmpeg and its children are gone.

        Raises:
            OSError: The program could not be started at all.
        """
        ...
