"""Being a user to whom file modes mean something, also where the tests run as root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NOBODY: Final = 65534


@contextmanager
def as_nobody(directory: Path) -> Iterator[None]:
    """Give a directory to an unprivileged user, and be that user for the block."""
    if os.geteuid() != 0:
        yield
        return
    give_to_nobody(directory)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give_to_nobody(directory: Path) -> None:
    """Give a directory to an unprivileged user, who can also get there."""
    os.chown(directory, NOBODY, NOBODY)
    for parent in [directory, *directory.parents]:
        parent.chmod(parent.stat().st_mode | 0o711)
