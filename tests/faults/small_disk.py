"""A file system of a few MiB, which becomes really full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

BLOCK = b"\0" * 4096


@contextmanager
def small_disk(place: Path, *, mbytes: int) -> Iterator[Path]:
    """Mount one at ``place`` while the block runs; skip where that is not allowed."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mbytes}m,mode=700", "renderio", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    """Write a file until not another block fits."""
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(BLOCK)
