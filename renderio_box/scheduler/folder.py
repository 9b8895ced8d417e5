"""Zipping everything that a command wrote."""

import os
import stat
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from anyio import from_thread

from renderio_box.jobs.command_line import shortened
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import Bundle, FileType
from renderio_box.scheduler.failures import FULL, AttemptFailedError
from renderio_box.scheduler.written import Listing, written
from renderio_box.storage.beneath import FileState, open_plain, take
from renderio_box.storage.storage import UnfitOutputError

MAX_FILES: Final = 10_000
PIECE_BYTES: Final = 1024 * 1024
QUICKEST: Final = 1
"""The compression level: what is compressed at all is text, or is raw and huge."""
COMPRESSED_ALREADY: Final = frozenset(
    {FileType.VIDEO, FileType.AUDIO, FileType.IMAGE, FileType.ARCHIVE}
)
ALWAYS: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that the same files make the same zip."""
ON_UNIX: Final = 3
MODE: Final = stat.S_IFREG | 0o644


def zip_folder(directory: Path, unpacked: Listing, target: Path, *, max_bytes: int) -> Bundle:
    """Move every file that is new or changed since ``unpacked`` into a new zip at ``target``.

    Each is first moved beside ``target``, where nothing else may reach it, and removed as
    soon as it is in the zip, so that the disk holds little twice.
    Blocks: call it in a worker thread of anyio's. When its caller is cancelled it stops
    at the next piece.

    Raises:
        AttemptFailedError: There is nothing, too much, or what is no plain file.
        OSError: The disk failed.
    """
    files = written(directory, unpacked)
    check(files, max_bytes=max_bytes)
    try:
        with ZipFile(target, "x", compresslevel=QUICKEST) as archive:
            for path in sorted(files):
                move(directory, path, files[path], archive, target.with_name("entry"))
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise AttemptFailedError(
            ErrorStatus.STORAGE_FULL, "The disk was full while the output folder was zipped."
        ) from error
    return Bundle(file_count=len(files), size_bytes=total_bytes(files))


def move(directory: Path, path: str, state: FileState, archive: ZipFile, taken: Path) -> None:
    """Move one file into the archive by way of ``taken``."""
    try:
        take(directory, path, state, taken)
        add(archive, taken, path, size_bytes=state.size_bytes)
    except UnfitOutputError as error:
        raise not_plain(path) from error
    taken.unlink()


def check(files: Listing, *, max_bytes: int) -> None:
    """Refuse what cannot be zipped."""
    if not files:
        raise AttemptFailedError(
            ErrorStatus.OUTPUT_MISSING,
            "FFmpeg ended well but wrote no file into the output folder.",
        )
    for path, state in sorted(files.items()):
        if not state.is_plain:
            raise not_plain(path)
        if not is_text(path):
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING, f"The name '{shortened(path)}' is not UTF-8."
            )
    if len(files) > MAX_FILES:
        raise AttemptFailedError(
            ErrorStatus.OUTPUT_TOO_LARGE,
            f"FFmpeg wrote {len(files)} files into the output folder, which may hold {MAX_FILES}.",
        )
    if total_bytes(files) > max_bytes:
        raise AttemptFailedError(
            ErrorStatus.OUTPUT_TOO_LARGE,
            f"FFmpeg wrote more than {max_bytes // (1024 * 1024)} MiB into the output folder.",
        )


def not_plain(path: str) -> AttemptFailedError:
    """Return the end of an attempt that left what cannot be stored."""
    return AttemptFailedError(
        ErrorStatus.OUTPUT_MISSING, f"'{shortened(path)}' is not a plain file."
    )


def is_text(name: str) -> bool:
    """Tell whether the file system's bytes for the name are UTF-8, as zips have it."""
    try:
        os.fsencode(name).decode()
    except UnicodeDecodeError:
        return False
    return True


def total_bytes(files: Listing) -> int:
    """Return the size of all files together."""
    return sum(state.size_bytes for state in files.values())


def add(archive: ZipFile, source: Path, name: str, *, size_bytes: int) -> None:
    """Add so many bytes of a file under a name; their number decides on the kind of header."""
    info = ZipInfo(name, ALWAYS)
    info.create_system = ON_UNIX
    info.external_attr = MODE << 16
    info.compress_type = ZIP_STORED if file_type_of(name) in COMPRESSED_ALREADY else ZIP_DEFLATED
    info.file_size = size_bytes
    with open_plain(source.parent, source.name) as file, archive.open(info, "w") as entry:
        while piece := file.read(min(PIECE_BYTES, size_bytes)):
            from_thread.check_cancelled()
            entry.write(piece)
            size_bytes -= len(piece)
