"""What is in the directory that FFmpeg runs in, and what of it the command wrote."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from anyio import from_thread

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.scheduler.failures import AttemptFailedError

MAX_FILES: Final = 100_000


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """A file at one moment; whoever writes to it, or puts another in its place, changes this.

    ``is_plain`` is false for links, devices and whatever has a second name.
    """

    is_plain: bool
    inode: int
    size_bytes: int
    modified_ns: int


Listing = Mapping[str, FileState]
"""Every file below a directory, by its path relative to it with slashes."""


def listing(directory: Path) -> dict[str, FileState]:
    """Look at every file below the directory; links are not followed.

    Blocks: call it in a worker thread of anyio's.

    Raises:
        AttemptFailedError: There are more than any command should leave.
    """
    found: dict[str, FileState] = {}
    folders, seen = [""], 0
    while folders:
        folder = folders.pop()
        from_thread.check_cancelled()
        with os.scandir(directory / folder) as entries:
            for entry in entries:
                seen += 1
                if seen > MAX_FILES:
                    raise AttemptFailedError(
                        ErrorStatus.OUTPUT_TOO_LARGE,
                        f"FFmpeg left more than {MAX_FILES} files and folders.",
                    )
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    found[path] = state_of(entry.stat(follow_symlinks=False))
    return found


def written(directory: Path, before: Listing) -> dict[str, FileState]:
    """Return the files that are new or changed since ``before``. Blocks like ``listing``."""
    return {path: state for path, state in listing(directory).items() if before.get(path) != state}


def state_of(status: os.stat_result) -> FileState:
    """Return what tells the file from every other, and from itself once it is changed."""
    return FileState(
        is_plain=stat.S_ISREG(status.st_mode) and status.st_nlink == 1,
        inode=status.st_ino,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
    )
