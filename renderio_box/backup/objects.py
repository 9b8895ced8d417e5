"""Bringing stored files from one directory to another, by second names where that can be."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from renderio_box.database.snapshot import KeptObject
from renderio_box.durable import sync_folder

PIECE_BYTES: Final = 1024 * 1024
OBJECT_MODE: Final = 0o440
FOLDER_MODE: Final = 0o750

Check = Callable[[], None]
"""Called while something takes long; what it raises ends it."""


def make_folder(folder: Path) -> None:
    """Make a folder of stored files with those above it."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def linked(source: Path, target: Path) -> bool:
    """Give a file a second name; False when this file system, or its owner, lets nobody.

    Raises:
        FileNotFoundError: There is no such file.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        return False
    return True


def copied(kept: KeptObject, source: Path, target: Path, *, check: Check) -> bool:
    """Copy a file whose content fits, on disk when this returns. Blocks.

    False, and nothing at ``target``, when its content is another.

    Raises:
        FileNotFoundError: There is no such file.
    """
    try:
        fits = content(source, target, check=check) == (kept.size_bytes, kept.sha256)
    except FileExistsError:
        raise
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if not fits:
        target.unlink()
    return fits


def brought(kept: KeptObject, source: Path, target: Path, *, check: Check) -> bool:
    """Bring a file whose content fits, by a second name or as a copy; False without it.

    Every byte of it is read. Blocks.
    """
    try:
        if not linked(source, target):
            return copied(kept, source, target, check=check)
        if content(target, check=check) == (kept.size_bytes, kept.sha256):
            return True
    except (FileNotFoundError, IsADirectoryError):
        return False
    target.unlink()
    return False


def content(source: Path, copy: Path | None = None, *, check: Check) -> tuple[int, str]:
    """Return size and digest of a file, writing what was read to ``copy`` on the way."""
    digest, size_bytes = hashlib.sha256(), 0
    with source.open("rb") as file:
        output = None if copy is None else copy.open("xb")
        try:
            while piece := file.read(PIECE_BYTES):
                check()
                digest.update(piece)
                size_bytes += len(piece)
                if output is not None:
                    output.write(piece)
            if output is not None:
                output.flush()
                os.fchmod(output.fileno(), OBJECT_MODE)
                os.fsync(output.fileno())
        finally:
            if output is not None:
                output.close()
    return size_bytes, digest.hexdigest()


def sync_tree(root: Path) -> None:
    """Make every name below a folder durable. Blocks."""
    for folder, _, _ in os.walk(root):
        sync_folder(Path(folder))
