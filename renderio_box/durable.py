"""Files and names that are still there after the power went. Everything here blocks."""

import os
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner only, whole or not at all."""
    write_whole(path, content, mode=PRIVATE)


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that has this mode whatever the umask is, whole or not at all."""
    arriving = path.with_name(f"{path.name}.new")
    handle = os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode=PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(handle, mode)
        os.fsync(handle)
    put_in_place(arriving, path)


def sync_private(path: Path) -> None:
    """Put a file that is there on disk, for its owner only."""
    with path.open("rb") as file:
        os.fchmod(file.fileno(), PRIVATE)
        os.fsync(file.fileno())


def put_in_place(arriving: Path, path: Path) -> None:
    """Give a file that is on disk its name, over any other that has it."""
    arriving.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed inside the folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
