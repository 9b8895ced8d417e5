"""Files that the box keeps: uploads and the outputs of commands."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from renderio_box.identifiers import FileId, JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus

FOLDER_ALIAS: Final = "output_folder"
"""What the zip of everything that a command wrote is called among its outputs."""
PLAYLIST_PREFIX: Final = "out_playlist_"
"""How the alias begins of an output that is stored with every file it names."""


def is_playlist(alias: str | None) -> bool:
    """Tell whether the output of that alias is stored with every file it names."""
    return alias is not None and alias.startswith(PLAYLIST_PREFIX)


class FileKind(StrEnum):
    """Where a stored file came from; the values are what callers see."""

    OUTPUT = "OUTPUT"
    UPLOAD = "UPLOAD"
    STORED_FILE = "STORED_FILE"


class FileStatus(StrEnum):
    """How far a file has come: wanted, being fetched, there, or never to come."""

    WAITING = "waiting"
    FETCHING = "fetching"
    STORED = "stored"
    FAILED = "failed"


class FileType(StrEnum):
    """What a file is for a person; a gif is an image."""

    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    SUBTITLES = "subtitles"
    TEXT = "text"
    ARCHIVE = "archive"
    OTHER = "other"


class MediaInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file's content; None where it does not apply.

    ``width`` and ``height`` are as displayed, rotation applied; ``duration`` is in
    seconds, ``frame_rate`` in frames per second; bit rates are ffprobe's bits per
    second divided by 1024.
    """

    file_type: FileType
    codec: str | None = None
    pixel_format: str | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    is_varying_frame_rate: bool | None = None
    bitrate_video_kb: float | None = None
    bitrate_audio_kb: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    video_profile_level: str | None = None
    timebase: str | None = None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What a playlist with its segments, or a zipped folder, holds.

    ``size_bytes`` is that of all its files together, before any compression.
    """

    file_count: int
    size_bytes: int


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A published file that a playlist names, at ``path`` relative to the playlist."""

    path: str
    key: str
    size_bytes: int
    sha256: str


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """A published file that no row speaks of yet."""

    key: str
    filename: str
    size_bytes: int
    sha256: str
    media: MediaInfo
    alias: str | None = None
    bundle: Bundle | None = None


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with its row: reachable by id, and by token for whoever has its URL.

    Only a file that is stored has bytes under its key, a size and a digest. ``bundle``
    is set for playlists and zipped folders, ``source_url`` for what was fetched.
    """

    id: FileId
    owner: Owner
    kind: FileKind
    status: FileStatus = FileStatus.STORED
    key: str
    token: str
    filename: str
    source_url: str | None = None
    size_bytes: int | None
    sha256: str | None
    media: MediaInfo
    bundle: Bundle | None = None
    job_id: JobId | None = None
    alias: str | None = None
    error_status: ErrorStatus | None = None
    error_message: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
