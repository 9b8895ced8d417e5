"""What a backup says of itself: enough to tell whether it is whole, and whether it fits."""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

FORMAT: Final = 1
NAME: Final = "manifest.json"
DATABASE: Final = "box.sqlite3"
URL_KEYS: Final = "url_keys.json"
FILES: Final = "files"


class BackupError(Exception):
    """A backup cannot be made or used as asked; the text is one sentence for the operator."""


class Sealed(msgspec.Struct, frozen=True):
    """A file of the backup as it must be."""

    size_bytes: int
    sha256: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds; ``objects`` is None when stored files were not asked for.

    ``missing`` are the keys of stored files that the box itself did not have any more.
    """

    schema: int
    objects: int | None = None
    objects_bytes: int = 0
    missing: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup. The digests of stored files are in its database."""

    format: int
    box_version: str
    taken_at: datetime
    taken: Taken
    database: Sealed
    url_keys: Sealed


def read_manifest(folder: Path) -> Manifest:
    """Return what the backup says of itself.

    Raises:
        BackupError: It is none, or of a format of a later version.
    """
    try:
        written = (folder / NAME).read_bytes()
        version = msgspec.json.decode(written, type=dict[str, object]).get("format")
        if isinstance(version, int) and version > FORMAT:
            raise BackupError(
                f"{folder} is a backup of format {version}, this version knows up to {FORMAT};"
                " install the newer version."
            )
        return msgspec.json.decode(written, type=Manifest)
    except OSError as error:
        raise BackupError(f"{folder} is no backup: {NAME}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise BackupError(f"{folder} is no backup: its {NAME} is damaged.") from error


def sealed(path: Path) -> Sealed:
    """Return size and digest of a file. Blocks for as long as reading it takes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Sealed(os.fstat(file.fileno()).st_size, digest.hexdigest())
