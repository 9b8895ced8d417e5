"""Control groups (version 2): memory and processes of one child with all its descendants.

They exist where the system has handed us a part of its tree, as systemd does for a unit
with ``Delegate=``; everywhere else the launcher's limits have to do.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
from anyio import to_thread

MOUNT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
OWN: Final = "box"
"""Where this process moves to: a group whose children have controllers may hold no process."""
JOB: Final = "job-"
CONTROLLERS: Final = ("memory", "pids")
DELEGATED: Final = ("user.delegate", "trusted.delegate")
"""How systemd marks what it hands over; root may write everywhere and must ask."""
REMOVAL_TRIES: Final = 50
REMOVAL_PAUSE_S: Final = 0.01


class Cgroup:
    """The group of one child."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def was_out_of_memory(self) -> bool:
        """Tell whether the kernel ended a process of the group for want of memory."""
        with suppress(OSError):
            for line in (self.path / "memory.events").read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill" and count != "0":
                    return True
        return False

    def kill(self) -> None:
        """End every process of the group at once, those that hide in sessions of their own too."""
        with suppress(FileNotFoundError):
            (self.path / "cgroup.kill").write_text("1")

    async def remove(self) -> None:
        """Remove the group once its last process is gone; give up after half a second."""
        for _ in range(REMOVAL_TRIES):
            with suppress(OSError):
                self.path.rmdir()
                return
            await anyio.sleep(REMOVAL_PAUSE_S)


class Cgroups:
    """Groups for children, below a group that is ours; its controllers are switched on."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @asynccontextmanager
    async def fresh(self, *, memory_bytes: int, processes: int) -> AsyncGenerator[Cgroup]:
        """Make a group, and end and remove whatever is in it when the block ends.

        Raises:
            OSError: It cannot be made.
        """
        cgroup = Cgroup(self._root / f"{JOB}{uuid4().hex}")
        cgroup.path.mkdir()
        try:
            for name, value in limits(memory_bytes, processes).items():
                with suppress(FileNotFoundError):
                    (cgroup.path / name).write_text(value)
            yield cgroup
        finally:
            with anyio.CancelScope(shield=True):
                cgroup.kill()
                await cgroup.remove()


def limits(memory_bytes: int, processes: int) -> dict[str, str]:
    """Return the files that bound a group: all of it dies when its memory is used up."""
    return {
        "memory.max": str(memory_bytes),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": str(processes),
    }


async def find_cgroups(mount: Path = MOUNT, membership: Path = MEMBERSHIP) -> Cgroups | None:
    """Return the groups that we may make, None where there are none; call it once, at start."""
    root = own_group(mount, membership)
    if root is None or not is_ours(root):
        return None
    try:
        (root / OWN).mkdir(exist_ok=True)
        (root / OWN / "cgroup.procs").write_text("0")
        (root / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
    except OSError:
        return None
    await sweep(root)
    return Cgroups(root)


def own_group(mount: Path, membership: Path) -> Path | None:
    """Return the directory of the group that this process is in, None without version 2."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    if len(lines) != 1 or not lines[0].startswith("0::/"):
        return None
    return mount / lines[0].removeprefix("0::/")


def is_ours(root: Path) -> bool:
    """Tell whether the group was handed to us, not merely is writable by root."""
    if not os.access(root / "cgroup.subtree_control", os.W_OK):
        return False
    if os.geteuid() != 0:
        return True
    marks: list[bytes] = []
    for name in DELEGATED:
        with suppress(OSError):
            marks.append(os.getxattr(root, name))
    return b"1" in marks


async def sweep(root: Path) -> None:
    """End and remove what a dead process of ours left behind."""
    for path in await to_thread.run_sync(lambda: [*root.glob(f"{JOB}*")]):
        left = Cgroup(path)
        left.kill()
        await left.remove()
