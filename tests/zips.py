"""Zips for tests, honest and otherwise."""

import stat
import warnings
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

LINK = stat.S_IFLNK | 0o777
PIPE = stat.S_IFIFO | 0o644
DEVICE = stat.S_IFCHR | 0o644
FLAGS_AT = 8
"""Where an entry of the table of contents has its flags, counted from its signature."""
ENTRY = b"PK\x01\x02"


def zipped(*entries: str | tuple[str, bytes], mode: int = 0, method: int = ZIP_DEFLATED) -> bytes:
    """Return a zip of these entries, in this order; those without content hold their name."""
    written = BytesIO()
    with ZipFile(written, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice may be the point
        for entry in entries:
            name, content = (entry, entry.encode()) if isinstance(entry, str) else entry
            archive.writestr(info(name, mode=mode, method=method), content)
    return written.getvalue()


def info(name: str, *, mode: int = 0, method: int = ZIP_DEFLATED) -> ZipInfo:
    described = ZipInfo("x")
    described.filename = described.orig_filename = name  # as it is, a NUL or a backslash too
    described.external_attr = mode << 16
    described.compress_type = method
    return described


def flagged(archive: bytes, flags: int) -> bytes:
    """Return the zip with the flags of its first entry set in its table of contents."""
    at = archive.index(ENTRY) + FLAGS_AT
    return archive[:at] + flags.to_bytes(2, "little") + archive[at + 2 :]


def overlapping(count: int) -> bytes:
    """Return a zip whose entries are all the first one's bytes."""
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        archive.writestr(info("a"), bytes(1000))
        first = archive.infolist()[0]
        archive.filelist += [first] * (count - 1)
    return written.getvalue()
