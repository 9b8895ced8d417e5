"""Showing a stored file where it is wanted, without copying it."""

import errno
import fcntl
import os
from pathlib import Path
from typing import IO, Final

from renderio_box.storage.beneath import OBJECT_MODE, folder, open_regular

FICLONE: Final = 0x40049409
"""The ioctl that shares a file's blocks with another file; see ioctl_ficlone(2)."""
NO_REFLINK: Final = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY})
INCOMING_MODE: Final = 0o600


def link(source: Path, target: Path) -> None:
    """Make ``target`` a private view of the blocks of ``source``, or a second name for it.

    Raises:
        UnfitOutputError: ``source`` is no regular file that can be read.
    """
    with open_regular(source.parent, source.name) as original:
        try:
            with new_file(target, mode=OBJECT_MODE) as view:
                fcntl.ioctl(view.fileno(), FICLONE, original.fileno())
        except OSError as error:
            if error.errno not in NO_REFLINK:
                raise
            target.unlink()
            with folder(source.parent) as within:
                os.link(source.name, target, src_dir_fd=within, follow_symlinks=False)


def new_file(path: Path, *, mode: int = INCOMING_MODE) -> IO[bytes]:
    """Make a file that was not there, for nobody else to read, and open it for writing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, mode), "wb")
