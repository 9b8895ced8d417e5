"""The walls around a child, tier by tier, as the words that its program is started through.

Two small programs replace each other: bubblewrap builds namespaces in which nothing but
what is listed exists, and our launcher sets limits, Landlock rules and the system call
filter, and becomes the program. Paths are the same inside as outside.
"""

import signal
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from renderio_box.ffmpeg.devices import NO_DEVICES, Devices, permitted, shown

MEBIBYTE: Final = 1024 * 1024
ADDRESS_SPACE_FACTOR: Final = 4
"""Address space per byte of memory that an honest encode uses: SVT-AV1 at 4K needs 3.5."""
OPEN_FILES: Final = 4096
PROCESSES: Final = 4096
PROCESSES_PER_CPU: Final = 512
"""RLIMIT_NPROC counts all threads of the user, so it must leave room for every job at once."""
TMP_BYTES: Final = 64 * MEBIBYTE
NOBODY: Final = "65534"
NOWHERE: Final = Path("/")
SHELL_SIGNAL: Final = 128
FATAL_SIGNALS: Final = frozenset(
    {
        *(signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE),
        *(signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSYS),
    }
)
"""Signals that end a program by the kernel's will; FFmpeg's own statuses can't be taken for them."""

NAMESPACES: Final = (
    "--unshare-user",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
)
SYSTEM_DIRECTORY: Final = Path("/usr")
SYSTEM_FILES: Final = (
    Path("/etc/ld.so.cache"),
    Path("/etc/alternatives"),
    Path("/etc/fonts"),
    Path("/etc/localtime"),
    Path("/var/cache/fontconfig"),
    Path("/sys/devices/system/node"),
)
"""What programs need to start, to find their libraries and to draw text; read where present.

Without the last one, which tells the machine's processors, x265 encodes in a single thread.
"""
SYSTEM_LINKS: Final = tuple(Path(name) for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"))
"""Where programs look for their loader and libraries: links into /usr, or directories."""
DEVICES_READ: Final = (Path("/dev/zero"), Path("/dev/urandom"), Path("/dev/random"))
DEVICE_WRITTEN: Final = Path("/dev/null")


class Tier(StrEnum):
    """How well a child is walled in, the best first."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    UNSANDBOXED = "unsandboxed"


class ResourceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one child may use at most; sizes in bytes."""

    memory_bytes: int
    file_bytes: int
    processes: int
    open_files: int = OPEN_FILES
    nice: int


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to build walls from.

    ``links`` are those of ``SYSTEM_LINKS`` that are symbolic links, with their targets;
    ``loaders`` are the dynamic loaders; ``landlock`` tells whether the kernel has it.
    """

    launcher: Path
    bubblewrap: Path | None
    landlock: bool
    links: dict[Path, str]
    loaders: tuple[Path, ...]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What of the file system one child is given, besides what every program needs.

    It runs in ``directory``, which is not readable because of that; ``home`` is where it may
    keep things aside, None for nowhere; ``executable`` are programs it may start as.
    ``devices`` are those that it uses.
    """

    directory: Path = NOWHERE
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    executable: tuple[Path, ...] = ()
    home: Path | None = None
    devices: Devices = NO_DEVICES


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What of the machine's processors one child is given: numbers of CPUs, empty for all.

    ``cgroup`` is the control group that it is started in, None for ours.
    """

    cpus: tuple[int, ...] = ()
    cpu_seconds: int | None = None
    cgroup: Path | None = None


WHOLE_MACHINE: Final = Share()


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """How children are started on this machine.

    ``readable`` is what an operator lets every child read besides what all need;
    ``font_config`` is a configuration for machines that have no fontconfig of their own.
    """

    tier: Tier
    machine: Machine
    limits: ResourceLimits
    font_config: Path | None = None
    readable: tuple[Path, ...] = ()

    def arguments(
        self, program: Path, *words: str, reach: Reach, share: Share = WHOLE_MACHINE
    ) -> list[str]:
        """Return the whole command line for a program."""
        fonts = () if self.font_config is None else (self.font_config.parent,)
        reach = structs.replace(
            reach,
            readable=(*self.readable, *fonts, *reach.readable),
            executable=(program, *reach.executable),
        )
        return [*walls(self.tier, self.machine, self.limits, reach, share), str(program), *words]

    @property
    def name(self) -> str:
        """Return what operators are told of it."""
        inside = self.tier is Tier.BUBBLEWRAP and self.machine.landlock
        return f"{self.tier} with landlock" if inside else str(self.tier)

    def environment(self, home: Path | None = None) -> dict[str, str]:
        """Return the child's whole environment."""
        return environment(home, font_config=self.font_config)

    def exit_status(self, status: int) -> int:
        """Return a program's exit status, negative for the signal that ended it.

        bubblewrap itself ends with 128 and the number of the signal.
        """
        if self.tier is Tier.BUBBLEWRAP and status - SHELL_SIGNAL in FATAL_SIGNALS:
            return SHELL_SIGNAL - status
        return status


def walls(
    tier: Tier, machine: Machine, limits: ResourceLimits, reach: Reach, share: Share
) -> list[str]:
    """Return the words to put before a program so that it starts inside its walls.

    The child gains no privileges, has none of root's, and dies with the thread that
    started it.
    """
    words: list[str] = []
    if share.cgroup is not None:
        words += [str(machine.launcher), "--cgroup", str(share.cgroup), "--"]
    if tier is Tier.BUBBLEWRAP:
        words += [*namespaces(machine, reach), "--"]
    words += [str(machine.launcher), "--die-with-parent", "--no-capabilities"]
    words += limited(limits, share, reach.devices)
    if tier is not Tier.UNSANDBOXED:
        words += ["--seccomp", *(["--controls"] if reach.devices.nodes else ())]
        words += rules(machine, reach) if machine.landlock else ()
    return [*words, "--"]


def namespaces(machine: Machine, reach: Reach) -> Iterator[str]:
    """Yield bubblewrap's words: an empty root with only what is listed put into it.

    /proc is left out: it would show the launcher, and nothing that FFmpeg does needs it.
    """
    yield str(machine.bubblewrap)
    yield from NAMESPACES
    yield from ("--die-with-parent", "--cap-drop", "ALL", "--hostname", "job")
    yield from ("--uid", NOBODY, "--gid", NOBODY)
    yield from bound("--ro-bind", [SYSTEM_DIRECTORY])
    for name in SYSTEM_LINKS:
        if name in machine.links:
            yield from ("--symlink", machine.links[name], str(name))
        else:
            yield from bound("--ro-bind-try", [name])
    yield from bound("--ro-bind-try", SYSTEM_FILES)
    yield from bound("--dev-bind", (*DEVICES_READ, DEVICE_WRITTEN))
    yield from ("--size", str(TMP_BYTES), "--tmpfs", "/tmp")  # noqa: S108 - its own
    yield from bound("--ro-bind", (machine.launcher, *reach.executable, *reach.readable))
    yield from bound("--bind", reach.writable)
    yield from shown(reach.devices)
    yield from ("--remount-ro", "/", "--chdir", str(reach.directory))


def bound(option: str, paths: Iterable[Path]) -> Iterator[str]:
    """Yield bubblewrap's words that show paths inside under their own names."""
    for path in paths:
        yield from (option, str(path), str(path))


def limited(limits: ResourceLimits, share: Share, devices: Devices) -> Iterator[str]:
    """Yield the launcher's words for limits on what the child uses.

    CUDA reserves address space for all memory of machine and card together, so of what such a
    child takes only that is bounded which it can write to.
    """
    option = "--data" if devices.reserves else "--as"
    yield from (option, str(limits.memory_bytes * ADDRESS_SPACE_FACTOR))
    yield from ("--fsize", str(limits.file_bytes))
    yield from ("--nproc", str(limits.processes))
    yield from ("--nofile", str(limits.open_files))
    if share.cpu_seconds is not None:
        yield from ("--cpu", str(share.cpu_seconds))
    if share.cpus:
        yield from ("--cpus", ",".join(map(str, share.cpus)))
    yield from ("--nice", str(limits.nice))


def rules(machine: Machine, reach: Reach) -> Iterator[str]:
    """Yield the launcher's words for Landlock: what may be read, run and written."""
    yield "--landlock"
    for path in (SYSTEM_DIRECTORY, *SYSTEM_FILES, *SYSTEM_LINKS, *DEVICES_READ):
        yield from ("--read-if-there", str(path))
    yield from ("--write", str(DEVICE_WRITTEN))
    for path in (*machine.loaders, *reach.executable):
        yield from ("--execute", str(path))
    for path in reach.readable:
        yield from ("--read", str(path))
    for path in reach.writable:
        yield from ("--write", str(path))
    yield from permitted(reach.devices)


def environment(home: Path | None, *, font_config: Path | None) -> dict[str, str]:
    """Return everything the child may know of the outside.

    ``font_config`` is a configuration for machines that have no fontconfig of their own.
    """
    place = str(home or NOWHERE)
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": place,
        "TMPDIR": place,
        "XDG_CACHE_HOME": place,
        "LC_ALL": "C.UTF-8",
        "AV_LOG_FORCE_NOCOLOR": "1",
    }
    if font_config is not None:
        variables["FONTCONFIG_FILE"] = str(font_config)
    return variables


def process_limit(cpus: int) -> int:
    """Return the RLIMIT_NPROC for a machine with that many CPUs."""
    return PROCESSES + PROCESSES_PER_CPU * cpus
