"""Which isolation tier this machine offers, proven by trying."""

import os
import resource
import shutil
import tempfile
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from renderio_box.ffmpeg.child import run_tool
from renderio_box.ffmpeg.local_executor import Isolation
from renderio_box.ffmpeg.sandbox import ADDRESS_SPACE_FACTOR, ResourceLimits, Tools

SEARCH_PATH: Final = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin"
TRIAL_SECONDS: Final = 10.0


class IsolationError(Exception):
    """Jobs cannot be walled in on this machine; the text says what is missing."""


async def find_isolation(limits: ResourceLimits, *, font_config: Path | None) -> Isolation:
    """Return how to start children here, after starting one that way.

    Raises:
        IsolationError: A program of the launcher is missing or does not work.
    """
    isolation = Isolation(tools=find_tools(), limits=granted(limits), font_config=font_config)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = isolation.arguments(
            found("sh"), "-c", "ulimit -n", cpus=tuple(sorted(os.sched_getaffinity(0)))[:1]
        )
        try:
            trial = await run_tool(
                arguments,
                directory=Path(scratch),
                environment=isolation.environment(Path(scratch)),
                timeout_s=TRIAL_SECONDS,
                max_output_bytes=4096,
            )
        except (OSError, TimeoutError) as error:
            raise IsolationError(f"the launcher does not start: {error}.") from error
    if trial.exit_status != 0:
        complaint = trial.complaints.decode(errors="replace").strip() or "it said nothing"
        raise IsolationError(f"the launcher failed with status {trial.exit_status}: {complaint}.")
    return isolation


def granted(limits: ResourceLimits) -> ResourceLimits:
    """Return the limits no higher than this process's own, which its children cannot pass."""
    return replace(
        limits,
        memory_bytes=at_most(resource.RLIMIT_AS, limits.memory_bytes * ADDRESS_SPACE_FACTOR)
        // ADDRESS_SPACE_FACTOR,
        file_bytes=at_most(resource.RLIMIT_FSIZE, limits.file_bytes),
        processes=at_most(resource.RLIMIT_NPROC, limits.processes),
        open_files=at_most(resource.RLIMIT_NOFILE, limits.open_files),
    )


def at_most(kind: int, asked: int) -> int:
    """Return what was asked for, or this process's hard limit where that is lower."""
    _, hard = resource.getrlimit(kind)
    return asked if hard == resource.RLIM_INFINITY else min(asked, hard)


def find_tools() -> Tools:
    """Return the launcher's programs; IsolationError names the one that is missing."""
    return Tools(
        setpriv=found("setpriv"),
        prlimit=found("prlimit"),
        nice=found("nice"),
        taskset=found("taskset"),
    )


def found(name: str) -> Path:
    """Return where the program is."""
    path = shutil.which(name, path=SEARCH_PATH)
    if path is None:
        raise IsolationError(f"{name} is missing; install the packages util-linux and coreutils.")
    return Path(path)
