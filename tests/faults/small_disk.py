"""A file system of a few MiB, which becomes really full."""

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

BLOCK: Final = b"\0" * 4096
LOW_S: Final = (0.5, 3.0)
HIGH_S: Final = (0.2, 1.5)
"""For how long a disk in the tide has room, and has none, at least and at most."""
RISES_EVERY_S: Final = 0.02


class NotMountedError(Exception):
    """This user may not mount anything here."""


@contextmanager
def small_disk(place: Path, *, mbytes: int) -> Iterator[Path]:
    """Mount one at ``place`` while the block runs; NotMountedError where that is not allowed."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mbytes}m,mode=700", "renderio", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        raise NotMountedError(mounted.stderr.strip())
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def small_disk_or_skip(place: Path, *, mbytes: int) -> Iterator[Path]:
    """Mount one for a test, which is skipped where that is not allowed."""
    with ExitStack() as stack:
        try:
            mounted = stack.enter_context(small_disk(place, mbytes=mbytes))
        except NotMountedError as error:
            pytest.skip(f"nothing can be mounted here: {error}")
        yield mounted


def fill(path: Path) -> None:
    """Let a file grow until not another block fits."""
    with suppress(OSError), path.open("ab", buffering=0) as file:
        disk = os.statvfs(path)
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), file.tell(), disk.f_bavail * disk.f_frsize)
            file.seek(0, os.SEEK_END)
        while True:
            file.write(BLOCK)


class Tide:
    """Fills a disk again and again, and empties it each time, until it is over."""

    def __init__(self, disk: Path, *, seed: int) -> None:
        self.floods = 0
        self._ballast = disk / "of somebody else"
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self._over, self._rests = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Return once it has fallen for the last time."""
        self._over.set()
        self._rests.wait()

    def run(self) -> None:
        """Rise and fall."""
        while not self._over.wait(self._random.uniform(*LOW_S)):
            self.floods += 1
            for _ in range(int(self._random.uniform(*HIGH_S) / RISES_EVERY_S)):
                fill(self._ballast)
                self._over.wait(RISES_EVERY_S)
            self._ballast.unlink()
        self._rests.set()
