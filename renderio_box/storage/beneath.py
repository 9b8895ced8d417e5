"""Opening files in directories that hostile programs could write to.

Whatever lies below such a directory may be a trap: a link in place of a file or of any
folder on the way, a pipe that blocks whoever opens it, a second name of somebody else's
file, a file that changes while it is read. The directory itself must be ours. Paths have
slashes and are relative to it; no part of them is followed when it is a link.
"""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from renderio_box.storage.removal import remove
from renderio_box.storage.storage import UnfitOutputError

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
TRAPS: Final = frozenset(
    {errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.ENXIO, errno.ENAMETOOLONG}
)
"""What opening ends with where no plain file is that we may read."""
OBJECT_MODE: Final = 0o440


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """A file at one moment; whoever writes to it, or puts another in its place, changes this.

    ``is_plain`` is false for links, devices and whatever has a second name. Its times are
    those of the last change to its bytes, which its owner can set, and to anything at all.
    """

    is_plain: bool
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def state_of(status: os.stat_result) -> FileState:
    """Return what tells the file from every other, and from itself once it is changed."""
    return FileState(
        is_plain=stat.S_ISREG(status.st_mode) and status.st_nlink == 1,
        inode=status.st_ino,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
    )


@contextmanager
def folder(directory: Path, path: str = "") -> Generator[int]:
    """Open a folder for as long as the block runs.

    Raises:
        UnfitOutputError: Something on the way is no folder that we may enter.
    """
    with unfit(path):
        handle = os.open(directory, FOLDER)
    try:
        for part in path.split("/") if path else ():
            with unfit(path):
                handle, outer = os.open(plain_part(part), FOLDER, dir_fd=handle), handle
            os.close(outer)
        yield handle
    finally:
        os.close(handle)


def plain_part(part: str) -> str:
    """Return a part of a path that leads neither up nor nowhere; UnfitOutputError."""
    if part in {"", ".", ".."}:
        raise UnfitOutputError(part)
    return part


def state_at(directory: Path, path: str) -> FileState | None:
    """Return the state of whatever is there, None when nothing is; UnfitOutputError."""
    parent, _, name = path.rpartition("/")
    with folder(directory, parent) as handle:
        try:
            return state_of(os.stat(plain_part(name), dir_fd=handle, follow_symlinks=False))
        except FileNotFoundError:
            return None


def open_regular(directory: Path, path: str) -> FileIO:
    """Open a file that may have other names; neither follows a link nor blocks.

    Raises:
        UnfitOutputError: It is not there, cannot be read, or is no regular file.
    """
    parent, _, name = path.rpartition("/")
    with folder(directory, parent) as handle:
        return open_in(handle, name)


def open_plain(directory: Path, path: str) -> FileIO:
    """Open a file like ``open_regular``, but none that has a second name."""
    file = open_regular(directory, path)
    if not state_of(os.fstat(file.fileno())).is_plain:
        file.close()
        raise UnfitOutputError(path)
    return file


def open_in(handle: int, name: str) -> FileIO:
    """Open a regular file in an opened folder; others are not even opened, as far as we see."""
    with unfit(name):
        check_regular(os.stat(plain_part(name), dir_fd=handle, follow_symlinks=False), name)
        file = FileIO(os.open(name, FILE, dir_fd=handle), "rb")
    try:
        check_regular(os.fstat(file.fileno()), name)
    except UnfitOutputError:
        file.close()
        raise
    return file


@contextmanager
def unchanged(directory: Path, path: str, state: FileState) -> Generator[FileIO]:
    """Open a plain file that is, and at the end of the block still is, in the state.

    Raises:
        UnfitOutputError: It is another file, or the same one changed.
    """
    with open_regular(directory, path) as file:
        check_state(file, state, path)
        yield file
        check_state(file, state, path)


def take(directory: Path, path: str, state: FileState, target: Path) -> None:
    """Move a plain file that is in the state out of everybody's reach, to a name that is ours.

    It becomes an object: read-only, whatever its mode was. Nothing is at ``target`` before,
    nor after an error.

    Raises:
        UnfitOutputError: It is another file, the same one changed, or being written to.
        OSError: The disk failed.
    """
    parent, _, name = path.rpartition("/")
    with folder(directory, parent) as handle, open_in(handle, name) as file:
        check_state(file, state, path)
        os.fchmod(file.fileno(), OBJECT_MODE)
        check_unwritten(file, path, ours=target.parent)
        with unfit(path):
            os.rename(name, target, src_dir_fd=handle)
        check_moved(file.fileno(), target, size_bytes=state.size_bytes)


def check_moved(opened: int, target: Path, *, size_bytes: int) -> None:
    """Remove what was moved to ``target`` when it is not the opened file, whole and alone."""
    moved = state_of(os.fstat(opened))
    is_it = state_of(target.lstat()) == moved
    if not (is_it and moved.is_plain and moved.size_bytes == size_bytes):
        remove(target)
        raise UnfitOutputError(target.name)


def check_state(file: FileIO, state: FileState, path: str) -> None:
    """Refuse an opened file that is not plain, or in another state."""
    if not state.is_plain or state_of(os.fstat(file.fileno())) != state:
        raise UnfitOutputError(path)


def check_regular(status: os.stat_result, path: str) -> None:
    """Refuse what is no regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise UnfitOutputError(path)


def check_unwritten(file: FileIO, path: str, *, ours: Path) -> None:
    """Refuse a file that anybody still has open for writing, where the file system can tell.

    Some (NFS, SMB) never can: a new file in ``ours``, a directory on it, shows that.
    """
    if is_at_rest(file):
        return
    trial = ours / uuid4().hex
    trial.touch(mode=0o600, exist_ok=False)
    try:
        with open_regular(ours, trial.name) as untouched:
            if is_at_rest(untouched):
                raise UnfitOutputError(path)
    finally:
        trial.unlink()


def is_at_rest(file: FileIO) -> bool:
    """Tell whether it is known that nobody has a file open for writing.

    A lease for reading is given only while nobody has. Who opens the file before the lease
    is given back sends us a signal: one that does nothing.
    """
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True


@contextmanager
def unfit(path: str) -> Generator[None]:
    """Turn what opening a trap ends with into UnfitOutputError."""
    try:
        yield
    except OSError as error:
        if error.errno not in TRAPS:
            raise
        raise UnfitOutputError(path) from error
