"""Removing directories that hostile programs have filled."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

PLACE: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
OPEN_TO_US: Final = 0o700


def remove(path: Path) -> bool:
    """Remove whatever is there with everything below it, as far as it can be done. Blocks.

    Links are removed and not followed, folders that are locked are opened first, and it
    does not matter how deep they are: what lies deeper than one folder is first moved up,
    so that few are open at a time. Returns whether nothing is left.
    """
    with suppress(OSError):
        path.unlink()
    with suppress(OSError):
        remove_folder(path)
    return not os.path.lexists(path)


def remove_folder(path: Path) -> None:
    """Remove a folder; OSError when it, or something in it, cannot be removed."""
    with opened(str(path)) as top:
        waiting = emptied_of_files(top)
        while waiting:
            name = waiting.pop()
            with suppress(OSError):
                with opened(name, within=top) as folder:
                    waiting += moved_up(folder, emptied_of_files(folder), top)
                os.rmdir(name, dir_fd=top)
    path.rmdir()


def emptied_of_files(folder: int) -> list[str]:
    """Remove everything but folders, and return their names."""
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders


def moved_up(folder: int, names: list[str], top: int) -> list[str]:
    """Remove the named folders that are empty, and move the others to new names in ``top``."""
    moved: list[str] = []
    for name in names:
        with suppress(OSError):
            os.rmdir(name, dir_fd=folder)
            continue
        with suppress(OSError), opened(name, within=folder):
            new_name = uuid4().hex
            os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=top)
            moved.append(new_name)
    return moved


@contextmanager
def opened(name: str, *, within: int | None = None) -> Generator[int]:
    """Open a folder and no link, with the right to list and change it, for the block."""
    place = os.open(name, PLACE, dir_fd=within)
    try:
        if os.fstat(place).st_mode & OPEN_TO_US != OPEN_TO_US:
            with suppress(OSError):
                Path(f"/proc/self/fd/{place}").chmod(OPEN_TO_US)
        folder = os.open(".", FOLDER, dir_fd=place)
    finally:
        os.close(place)
    try:
        yield folder
    finally:
        os.close(folder)
