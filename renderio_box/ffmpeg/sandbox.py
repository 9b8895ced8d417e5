"""The launcher's arguments: what a child of ours is started through, tier by tier.

Everything is done by small programs that replace themselves (setpriv, prlimit, nice
and taskset), so that the child keeps its process id and no code of ours runs
between fork and exec.
"""

from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

MEBIBYTE: Final = 1024 * 1024
ADDRESS_SPACE_FACTOR: Final = 4
"""Address space per byte of memory that an honest encode uses: SVT-AV1 at 4K needs 3.5."""
OPEN_FILES: Final = 4096
PROCESSES: Final = 4096
PROCESSES_PER_CPU: Final = 512
"""RLIMIT_NPROC counts all threads of the user, so it must leave room for every job at once."""


class Tier(StrEnum):
    """How well a child is walled in."""

    LIMITS = "limits"


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Where the programs are that the launcher is made of."""

    setpriv: Path
    prlimit: Path
    nice: Path
    taskset: Path


class ResourceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one child may use at most; sizes in bytes."""

    memory_bytes: int
    file_bytes: int
    processes: int
    open_files: int = OPEN_FILES
    nice: int


def launcher(
    tools: Tools, limits: ResourceLimits, *, cpus: tuple[int, ...], as_root: bool
) -> tuple[str, ...]:
    """Return the words to put before a program so that it starts inside its limits.

    The child gains no privileges, dies with the thread that started it, and, when that
    thread is root's, loses root's right to ignore file modes, which protect inputs.
    """
    words = [str(tools.setpriv), "--no-new-privs", "--pdeathsig", "KILL"]
    if as_root:
        words += ["--inh-caps", "-all", "--bounding-set", "-all"]
    words += [
        str(tools.prlimit),
        f"--as={limits.memory_bytes * ADDRESS_SPACE_FACTOR}",
        f"--fsize={limits.file_bytes}",
        f"--nproc={limits.processes}",
        f"--nofile={limits.open_files}",
        "--core=0",
    ]
    if cpus:
        words += [str(tools.taskset), "--cpu-list", ",".join(map(str, cpus))]
    return (*words, str(tools.nice), "-n", str(limits.nice))


def environment(scratch: Path, *, font_config: Path | None) -> dict[str, str]:
    """Return everything the child may know of the outside.

    ``scratch`` becomes its home and temporary directory; ``font_config`` is a
    configuration for machines that have no fontconfig of their own.
    """
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "XDG_CACHE_HOME": str(scratch),
        "LC_ALL": "C.UTF-8",
        "AV_LOG_FORCE_NOCOLOR": "1",
    }
    if font_config is not None:
        variables["FONTCONFIG_FILE"] = str(font_config)
    return variables


def process_limit(cpus: int) -> int:
    """Return the RLIMIT_NPROC for a machine with that many CPUs."""
    return PROCESSES + PROCESSES_PER_CPU * cpus
