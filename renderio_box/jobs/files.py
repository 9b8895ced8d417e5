"""Files that the box keeps: uploads and the outputs of commands."""

from datetime import datetime
from enum import StrEnum

import msgspec

from renderio_box.identifiers import FileId, JobId, Owner


class FileKind(StrEnum):
    """Where a stored file came from; the values are what callers see."""

    OUTPUT = "OUTPUT"
    UPLOAD = "UPLOAD"


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

    file_type: FileType = FileType.OTHER
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


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """A published file that no row speaks of yet."""

    key: str
    filename: str
    size_bytes: int
    sha256: str
    media: MediaInfo
    alias: str | None = None


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with its row: reachable by id, and by token for whoever has its URL."""

    id: FileId
    owner: Owner
    kind: FileKind
    key: str
    token: str
    filename: str
    size_bytes: int
    sha256: str
    media: MediaInfo
    job_id: JobId | None
    alias: str | None
    created_at: datetime
    expires_at: datetime | None
    deleted_at: datetime | None
