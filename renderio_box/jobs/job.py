"""A job, what it was asked to do, and how an attempt at it can end."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from renderio_box.identifiers import BatchId, FileId, JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import NewFile, Segment
from renderio_box.jobs.verification import OutputVerification, Verify

SPEC_VERSION: Final = 1
DEFAULT_PRIORITY: Final = 50

MetadataValue = str | int | float | bool


class JobState(StrEnum):
    """Where a job stands; a request to cancel is a column, not a state."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """What the running attempt is doing; the values are what callers see."""

    FETCHING = "DOWNLOADING"
    ENCODING = "FFMPEG_PROCESSING"
    PUBLISHING = "UPLOADING"


class CommandType(StrEnum):
    """How the command was submitted; the values are what callers see."""

    SINGLE = "FFMPEG_COMMAND"
    CHAINED = "CHAINED_COMMAND"
    MULTIPLE = "MULTIPLE_COMMAND"


class Dialect(StrEnum):
    """Whose API a command was submitted through; its webhook speaks the same."""

    RENDERIO = "renderio"
    RENDI = "rendi"


class UrlSource(msgspec.Struct, frozen=True, tag="url"):
    """An input to be fetched over HTTP; once for all jobs of ``batch_id``, if that is given."""

    url: str
    batch_id: BatchId | None = None


class StoredSource(msgspec.Struct, frozen=True, tag="stored"):
    """An input that is a stored file of this box; its size is noted when the job is accepted."""

    file_id: FileId
    size_bytes: int = 0


class TextSource(msgspec.Struct, frozen=True, tag="text"):
    """A small input that came with the request itself.

    ``text`` may hold placeholders of other inputs, which become names relative
    to this file; ``extension`` is without the dot.
    """

    text: str
    extension: str


Source = UrlSource | StoredSource | TextSource


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asked for, complete in itself; never changed after submission.

    ``steps`` are FFmpeg argument lists in which ``{{alias}}`` stands for a file.
    ``archive`` is a zip that is unpacked where FFmpeg runs; with ``folder`` whatever the
    steps write is kept as one zip, and ``outputs`` is empty. ``vcpu_count`` is how many
    CPUs the job counts for; when ``pinned`` it is also held to them, because its caller
    asked for that number. ``verify`` is what is checked before anything is published.
    """

    version: int = SPEC_VERSION
    command_type: CommandType = CommandType.SINGLE
    steps: tuple[tuple[str, ...], ...]
    inputs: dict[str, Source]
    outputs: dict[str, str]
    archive: UrlSource | StoredSource | None = None
    folder: bool = False
    max_run_seconds: int
    vcpu_count: int = 1
    pinned: bool = False
    priority: int = DEFAULT_PRIORITY
    webhook_url: str | None = None
    verify: Verify = Verify()


def stored_inputs(spec: JobSpec) -> frozenset[FileId]:
    """Return the stored files that a job reads."""
    sources = (*spec.inputs.values(), spec.archive)
    return frozenset(each.file_id for each in sources if isinstance(each, StoredSource))


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be queued: the spec and what is only kept to be shown again.

    ``origin`` is the address, without a slash at its end, under which the caller reached
    the box; a webhook's URLs begin with it. ``request_id`` names the caller's request.
    """

    spec: JobSpec
    original_request: dict[str, object]
    metadata: dict[str, MetadataValue]
    warnings: tuple[str, ...] = ()
    dialect: Dialect = Dialect.RENDERIO
    origin: str = ""
    request_id: str | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the running attempt has come; None where it cannot be known."""

    percent: float | None = None
    out_time_seconds: float | None = None
    fps: float | None = None
    speed: float | None = None
    eta_seconds: float | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One command on its way through the queue.

    ``attempt`` counts claims, never goes back, and fences out late writers;
    ``interruptions`` counts the attempts that died with the process. Jobs that were
    submitted together share a ``batch_id``, and what they fetch.
    """

    id: JobId
    owner: Owner
    state: JobState
    spec: JobSpec
    original_request: dict[str, object]
    metadata: dict[str, MetadataValue]
    warnings: tuple[str, ...]
    dialect: Dialect = Dialect.RENDERIO
    origin: str = ""
    request_id: str | None = None
    batch_id: BatchId | None = None
    attempt: int
    interruptions: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    stage: Stage | None = None
    progress: Progress | None = None
    run_seconds: float | None = None
    error_status: ErrorStatus | None = None
    error_message: str | None = None
    suggestion: str | None = None
    verification: dict[str, OutputVerification] | None = None


class Succeeded(msgspec.Struct, frozen=True, kw_only=True):
    """FFmpeg ended well and every output is published; playlists with their segments."""

    outputs: tuple[NewFile, ...]
    segments: tuple[Segment, ...] = ()
    run_seconds: float
    log: str
    verification: dict[str, OutputVerification] | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt ended badly, and another one would end the same way.

    ``suggestion`` is the failing step's command without the fault, where that is certain.
    """

    status: ErrorStatus
    message: str
    suggestion: str | None = None
    run_seconds: float | None = None
    log: str = ""
    verification: dict[str, OutputVerification] | None = None


class Cancelled(msgspec.Struct, frozen=True):
    """The caller's request to stop was honoured."""


class Interrupted(msgspec.Struct, frozen=True):
    """This process stopped or died first; the job is not to blame."""


Outcome = Succeeded | Failed | Cancelled | Interrupted
