"""What this machine has to offer."""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final


def usable_cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))


def host_name() -> str:
    """Return what the machine calls itself."""
    return socket.gethostname()


def user_name(user: int) -> str:
    """Return what a user is called; ``#`` and the number of one whom nobody knows."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


MOUNT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
MEMORY_LIMITS: Final = {"": (".", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""Where control groups have their limit, by controller: version 2 names none, version 1 does."""


def physical_memory_bytes() -> int:
    """Return how much memory the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def usable_memory_bytes(mount: Path = MOUNT, membership: Path = MEMBERSHIP) -> int:
    """Return how much memory the machine, or the container that we are in, lets us have."""
    return min((physical_memory_bytes(), *memory_limits(mount, membership)))


def memory_limits(mount: Path, membership: Path) -> Iterator[int]:
    """Yield the limit of every control group that we are in, of both versions.

    A container may see its own group as the root, whatever name it goes by outside.
    """
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            for controller in MEMORY_LIMITS.keys() & controllers.split(","):
                folder, name = MEMORY_LIMITS[controller]
                own = PurePosixPath(group.lstrip("/"))
                for place in (own, *own.parents):
                    with suppress(OSError, ValueError):
                        yield int((mount / folder / place / name).read_text())
