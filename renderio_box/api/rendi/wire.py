"""What Rendi's clients receive: RenderIO's answers in Rendi's words, without what does not apply."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.api.renderio.wire import WIRE_STATUS, CommandView, FileRecord
from renderio_box.api.urls import Urls
from renderio_box.database.summaries import JobSummary
from renderio_box.identifiers import FileId, JobId
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FileStatus, MediaInfo, StoredFile
from renderio_box.jobs.job import CommandType, JobState, MetadataValue, Progress, Stage
from renderio_box.jobs.room import Lack
from renderio_box.jobs.verification import OutputVerification
from renderio_box.queue.history import JobReport

COMMAND_TYPE: Final[Mapping[CommandType, str]] = {
    CommandType.SINGLE: "FFMPEG_COMMAND",
    CommandType.CHAINED: "FFMPEG_CHAINED_COMMANDS",
    CommandType.MULTIPLE: "FFMPEG_COMMAND",
}
FILE_STATUS: Final[Mapping[FileStatus, str]] = {
    FileStatus.WAITING: "QUEUED",
    FileStatus.FETCHING: "DOWNLOADING",
    FileStatus.STORED: "STORED",
    FileStatus.FAILED: "FAILED",
}


class RendiFile(MediaInfo, frozen=True, kw_only=True, omit_defaults=True):
    """A stored file with everything known about it and its content."""

    file_id: FileId
    storage_url: str | None = None
    status: str
    size_mbytes: float | None = None
    size_compressed_mbytes: float | None = None
    file_count: int | None = None
    rendi_store_type: str
    is_deleted: bool
    original_file_url: str | None = None
    mime_type: str
    file_format: str | None = None
    error_status: str | None = None
    external_error_message: str | None = None
    created_at: datetime
    sha256: str | None = None
    expires_at: datetime | None = None

    @classmethod
    def of(cls, file: StoredFile, urls: Urls) -> "RendiFile":
        """Describe ``file``."""
        return replace(
            msgspec.convert(FileRecord.of(file, urls), cls, from_attributes=True),
            status=FILE_STATUS[file.status],
            external_error_message=file.error_message,
        )


class RendiSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command in a list; how many outputs it has once it has succeeded."""

    command_id: JobId
    status: str
    created_at: datetime
    output_file_count: int | None = None
    error_status: ErrorStatus | None = None
    error_message: str | None = None

    @classmethod
    def of(cls, job: JobSummary) -> "RendiSummary":
        """Describe ``job``."""
        return cls(
            command_id=job.id,
            status=WIRE_STATUS[job.state],
            created_at=job.created_at,
            output_file_count=job.output_count if job.state is JobState.SUCCEEDED else None,
            error_status=job.error_status,
            error_message=job.error_message,
        )


class RendiProgress(Progress, frozen=True, kw_only=True, omit_defaults=True):
    """How far the running attempt has come, as far as it is known."""


class RendiCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command as its owner sees it."""

    command_id: JobId
    status: str
    command_type: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    total_processing_seconds: float | None = None
    ffmpeg_command_run_seconds: float | None = None
    original_request: dict[str, object]
    metadata: dict[str, MetadataValue]
    output_files: dict[str, RendiFile]
    vcpu_count: int
    error_status: ErrorStatus | None = None
    error_message: str | None = None
    error: str | None = None
    suggestion: str | None = None
    progress: RendiProgress | None = None
    processing_stage: Stage | None = None
    queue_position: int | None = None
    waiting_for: Lack | None = None
    attempt: int
    warnings: tuple[str, ...]
    verification: dict[str, OutputVerification] | None = None
    log_url: str

    @classmethod
    def of(cls, report: JobReport, urls: Urls) -> "RendiCommand":
        """Describe the job of ``report``."""
        view = CommandView.of(report, urls)
        outputs = {file.alias: file for file in report.outputs}
        return replace(
            msgspec.convert(view, cls, from_attributes=True),
            command_type=COMMAND_TYPE[report.job.spec.command_type],
            output_files={alias: RendiFile.of(outputs[alias], urls) for alias in view.output_files},
        )
