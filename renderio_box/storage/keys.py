"""Names of stored objects: relative, made by us, never by a caller."""

import re
from typing import Final

from renderio_box.identifiers import FileId, JobId

OBJECT_KEY: Final = re.compile(
    r"(?:outputs|uploads|parts)/[0-9a-f]{2}/[A-Za-z0-9_-]+(?:\.[a-z0-9]{1,12})?"
)


def output_key(job_id: JobId, attempt: int, alias: str, extension: str) -> str:
    """Return the key of an output; two attempts never share one."""
    return checked(f"outputs/{shard(job_id)}/{job_id}-{attempt}-{alias}{suffix(extension)}")


def segment_key(job_id: JobId, attempt: int, number: int, extension: str) -> str:
    """Return the key of one of the files that an attempt's playlists name."""
    return checked(f"outputs/{shard(job_id)}/{job_id}-{attempt}-s{number}{suffix(extension)}")


def upload_key(file_id: FileId, extension: str) -> str:
    """Return the key of an upload."""
    return checked(f"uploads/{shard(file_id)}/{file_id}{suffix(extension)}")


def part_key(file_id: FileId, number: int, nonce: str) -> str:
    """Return the key of a part of an upload; ``nonce`` tells two arrivals of it apart."""
    return checked(f"parts/{shard(file_id)}/{file_id}-{number}-{nonce}")


def shard(identifier: str) -> str:
    """Return one of 256 directory names; the end of an id is random, its beginning is time."""
    return identifier[-2:]


def suffix(extension: str) -> str:
    """Return the extension with its dot where it is harmless, else nothing."""
    return f".{extension}" if re.fullmatch(r"[a-z0-9]{1,12}", extension) else ""


def checked(key: str) -> str:
    """Return ``key``; ValueError when it could reach outside of storage."""
    if not OBJECT_KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key!r}")
    return key
