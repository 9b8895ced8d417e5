"""Unpacking a zip of inputs; whoever made it is believed nothing.

Names, kinds and places of all entries are looked at before the first byte is written,
and bytes are counted as they are written.

It is also a program, ``archive.py ARCHIVE DIRECTORY MAX_BYTES``, which runs walled in like
everything that reads what strangers made. So it needs nothing but Python itself. It prints
why it stopped, and ends with one of the statuses below.
"""

import errno
import os
import re
import stat
import struct
import sys
import zlib
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MAX_ENTRIES: Final = 10_000
MAX_FOLDERS: Final = 10_000
MAX_LISTING_BYTES: Final = 4 * 1024 * 1024
"""What the table of contents may take: Python's reader has all of it in memory."""
MAX_PART_BYTES: Final = 255
MAX_PATH_BYTES: Final = 1024
MAX_DEPTH: Final = 32
PIECE_BYTES: Final = 1024 * 1024
LOCAL_HEADER_BYTES: Final = 30
SHOWN_CHARACTERS: Final = 60

REFUSED: Final = 3
TOO_LARGE: Final = 4
FULL: Final = 5

ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
NAME_IS_UTF8: Final = 0x0800
DRIVE: Final = re.compile(r"[A-Za-z]:")
DAMAGED: Final = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    struct.error,
    zlib.error,
)
"""What Python's reader raises over bytes that are no zip."""


class RefusedArchiveError(Exception):
    """The archive may not be unpacked; the text says why, as the end of a sentence."""


class TooLargeArchiveError(Exception):
    """The archive unpacks to more than is allowed; the text says how much that is."""


class Entry(NamedTuple):
    """One entry whose name and kind have been found harmless."""

    path: PurePosixPath
    is_folder: bool
    info: ZipInfo


def unpack(archive: Path, directory: Path, *, max_bytes: int) -> None:
    """Unpack a zip into an empty directory: folders of mode 0700, files of mode 0600.

    Blocks. What was written before an error stays.

    Raises:
        RefusedArchiveError: It is no zip, or holds what may not be unpacked.
        TooLargeArchiveError: It unpacks to more than ``max_bytes``.
        OSError: The disk failed, or is full.
    """
    try:
        with BoundedFile(archive) as file, ZipFile(file) as opened:
            entries = checked(opened)
            for folder in folders(entries):
                (directory / folder).mkdir(mode=0o700)
            left = max_bytes
            for entry in entries:
                if not entry.is_folder:
                    left -= write(opened, entry, directory / entry.path, at_most=left)
                    if left < 0:
                        raise TooLargeArchiveError(
                            f"it unpacks to more than {max_bytes // (1024 * 1024)} MiB"
                        )
    except DAMAGED as error:
        raise RefusedArchiveError("it is not a zip file, or it is damaged") from error


class BoundedFile(FileIO):
    """A file of which only so much is read at once, whatever its headers say."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as usual, but no more than a table of contents may take."""
        whole = size is None or size < 0 or size > MAX_LISTING_BYTES
        piece = super().read(MAX_LISTING_BYTES + 1 if whole else size) or b""
        if len(piece) > MAX_LISTING_BYTES:
            raise RefusedArchiveError(
                f"its table of contents is larger than {MAX_LISTING_BYTES // (1024 * 1024)} MiB"
            )
        return piece


def write(opened: ZipFile, entry: Entry, path: Path, *, at_most: int) -> int:
    """Write one file and return its size, which is over ``at_most`` when it was cut off."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    written = 0
    with opened.open(entry.info) as source, os.fdopen(os.open(path, flags, 0o600), "wb") as target:
        while written <= at_most and (piece := source.read(PIECE_BYTES)):
            target.write(piece)
            written += len(piece)
    return written


def checked(opened: ZipFile) -> list[Entry]:
    """Return all entries; RefusedArchiveError when one may not be unpacked."""
    infos = opened.infolist()
    if len(infos) > MAX_ENTRIES:
        raise RefusedArchiveError(f"it has more than {MAX_ENTRIES} entries")
    check_places(infos, end=opened.start_dir)
    entries = [entry_of(info) for info in infos]
    check_clashes(entries)
    return entries


def check_places(infos: Iterable[ZipInfo], *, end: int) -> None:
    """Refuse entries that share bytes, or that reach into the table of contents.

    Without this a small file could be unpacked ten thousand times over.
    """
    at = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < 0:
            raise BadZipFile
        if info.header_offset < at:
            raise RefusedArchiveError(f"{quoted(info.orig_filename)} overlaps another entry")
        at = info.header_offset + LOCAL_HEADER_BYTES + info.compress_size
    if at > end:
        raise BadZipFile


def entry_of(info: ZipInfo) -> Entry:
    """Return the entry, once its name, kind and packing are found harmless."""
    name = name_of(info)
    path = path_of(name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    is_folder = name.endswith("/")
    if kind not in ({0, stat.S_IFREG, stat.S_IFDIR} if is_folder else {0, stat.S_IFREG}):
        raise RefusedArchiveError(f"{quoted(name)} is a link or a device, not a plain file")
    if info.flag_bits & ENCRYPTED:
        raise RefusedArchiveError(f"{quoted(name)} is encrypted")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise RefusedArchiveError(f"{quoted(name)} is not compressed by deflate, as in usual zips")
    return Entry(path, is_folder, info)


def name_of(info: ZipInfo) -> str:
    """Return the name as its maker meant it: macOS writes UTF-8 and does not say so."""
    if info.flag_bits & NAME_IS_UTF8:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode()
    except UnicodeDecodeError:
        return info.orig_filename


def path_of(name: str) -> PurePosixPath:
    """Return a name as a path that stays below the directory it is joined to."""
    path = PurePosixPath(name)
    if not name or "\0" in name:
        raise RefusedArchiveError(f"{quoted(name)} is no name")
    if path.is_absolute() or "\\" in name or DRIVE.match(name):
        raise RefusedArchiveError(f"{quoted(name)} is not a relative name with plain slashes")
    if ".." in path.parts:
        raise RefusedArchiveError(f"{quoted(name)} leads out of the folder")
    longest = max((len(part.encode()) for part in path.parts), default=0)
    if longest > MAX_PART_BYTES or len(name.encode()) > MAX_PATH_BYTES:
        raise RefusedArchiveError(f"{quoted(name)} is too long a name")
    if len(path.parts) > MAX_DEPTH:
        raise RefusedArchiveError(f"{quoted(name)} lies more than {MAX_DEPTH} folders deep")
    return path


def check_clashes(entries: Iterable[Entry]) -> None:
    """Refuse two files of one name, and a file that is also a folder."""
    files: set[PurePosixPath] = set()
    for entry in entries:
        if not entry.is_folder:
            if entry.path in files:
                raise RefusedArchiveError(f"{quoted(str(entry.path))} is there twice")
            files.add(entry.path)
    if both := files & {*folders(entries), PurePosixPath()}:
        raise RefusedArchiveError(f"{quoted(str(min(both)))} is both a file and a folder")


def folders(entries: Iterable[Entry]) -> Sequence[PurePosixPath]:
    """Return every folder that is an entry, or that one lies in, outer ones first."""
    found: set[PurePosixPath] = set()
    for entry in entries:
        found.update(entry.path.parents)
        if entry.is_folder:
            found.add(entry.path)
        if len(found) > MAX_FOLDERS:
            raise RefusedArchiveError(f"it has more than {MAX_FOLDERS} folders")
    return sorted(found - {PurePosixPath()})


def quoted(name: str) -> str:
    """Return a name fit to stand in a sentence."""
    return f"'{repr(name[:SHOWN_CHARACTERS])[1:-1] if name else '(empty)'}'"


def main(archive: str, directory: str, max_bytes: str) -> int:
    """Unpack as the command line says; return the exit status."""
    try:
        unpack(Path(archive), Path(directory), max_bytes=int(max_bytes))
    except RefusedArchiveError as error:
        sys.stdout.write(str(error))
        return REFUSED
    except TooLargeArchiveError as error:
        sys.stdout.write(str(error))
        return TOO_LARGE
    except OSError as error:
        if error.errno == errno.EFBIG:
            sys.stdout.write("one of its files is larger than a command's files may be")
            return TOO_LARGE
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return FULL
    except MemoryError:
        sys.stdout.write("unpacking it needs more memory than a command has")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
