"""What is in the directory that FFmpeg runs in, and what of it the command wrote."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from anyio import from_thread

from renderio_box.jobs.command_line import shortened
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.storage.beneath import FileState, folder, state_of
from renderio_box.storage.storage import UnfitOutputError

MAX_FILES: Final = 100_000
MAX_DEPTH: Final = 32
MAX_PATH_BYTES: Final = 1024

Listing = Mapping[str, FileState]
"""Every file below a directory, by its path relative to it with slashes."""


def listing(directory: Path) -> dict[str, FileState]:
    """Look at every file below the directory; links are not followed.

    Blocks: call it in a worker thread of anyio's.

    Raises:
        AttemptFailedError: There are more than any command should leave, or a folder
            cannot be looked into.
    """
    found: dict[str, FileState] = {}
    folders, seen = [""], 0
    while folders:
        path = folders.pop()
        from_thread.check_cancelled()
        try:
            entries = entries_of(directory, path, at_most=MAX_FILES - seen)
        except UnfitOutputError as error:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING,
                f"The folder {quoted(path)} that FFmpeg left cannot be looked into.",
            ) from error
        seen += len(entries)
        for inner, state in entries.items():
            if state is None:
                folders.append(inner)
            else:
                found[inner] = state
    return found


def entries_of(directory: Path, path: str, *, at_most: int) -> dict[str, FileState | None]:
    """Return what is in a folder, by its path below the directory; None stands for folders."""
    found: dict[str, FileState | None] = {}
    with folder(directory, path) as handle, os.scandir(handle) as entries:
        for entry in entries:
            if len(found) >= at_most:
                raise too_large(f"more than {MAX_FILES} files and folders")
            inner = f"{path}/{entry.name}" if path else entry.name
            if inner.count("/") >= MAX_DEPTH or len(os.fsencode(inner)) > MAX_PATH_BYTES:
                raise too_large(f"folders too deep or too long to name, below {quoted(path)}")
            is_folder = entry.is_dir(follow_symlinks=False)
            found[inner] = None if is_folder else state_of(entry.stat(follow_symlinks=False))
    return found


def written(directory: Path, before: Listing) -> dict[str, FileState]:
    """Return the files that are new or changed since ``before``. Blocks like ``listing``."""
    return {path: state for path, state in listing(directory).items() if before.get(path) != state}


def too_large(what: str) -> AttemptFailedError:
    """Return the end of an attempt that left what no command should."""
    return AttemptFailedError(ErrorStatus.OUTPUT_TOO_LARGE, f"FFmpeg left {what}.")


def quoted(path: str) -> str:
    """Return a path fit to stand in a sentence; the directory itself has none."""
    return f"'{shortened(path)}'" if path else "of the command"
