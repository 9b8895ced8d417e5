"""What RenderIO's clients receive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.api.urls import Urls
from renderio_box.identifiers import FileId, JobId
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import extension_of, mime_type_of
from renderio_box.jobs.files import FOLDER_ALIAS, FileStatus, FileType, StoredFile
from renderio_box.jobs.job import (
    CommandType,
    JobState,
    MetadataValue,
    Progress,
    Stage,
)
from renderio_box.jobs.room import Lack
from renderio_box.jobs.verification import OutputVerification
from renderio_box.queue.history import JobReport

MEBIBYTE: Final = 1024 * 1024
WIRE_STATUS: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: "QUEUED",
    JobState.RUNNING: "PROCESSING",
    JobState.SUCCEEDED: "SUCCESS",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "FAILED",
}
FILE_STATUS: Final[Mapping[FileStatus, str]] = {
    FileStatus.WAITING: "PROCESSING",
    FileStatus.FETCHING: "PROCESSING",
    FileStatus.STORED: "STORED",
    FileStatus.FAILED: "FAILED",
}
STATES: Final[Mapping[str, tuple[JobState, JobState]]] = {
    "QUEUED": (JobState.QUEUED, JobState.QUEUED),
    "PROCESSING": (JobState.RUNNING, JobState.RUNNING),
    "SUCCESS": (JobState.SUCCEEDED, JobState.SUCCEEDED),
    "FAILED": (JobState.FAILED, JobState.CANCELLED),
}


class Accepted(msgspec.Struct, frozen=True):
    """The command is safe on disk and will run."""

    command_id: JobId


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file with everything known about it; null where it does not apply."""

    file_id: FileId
    storage_url: str | None
    status: str
    filename: str
    size_mbytes: float | None
    size_compressed_mbytes: float | None
    file_count: int | None
    rendi_store_type: str
    is_deleted: bool
    original_file_url: str | None
    mime_type: str
    file_type: FileType
    file_format: str | None
    codec: str | None
    pixel_format: str | None
    duration: float | None
    width: int | None
    height: int | None
    frame_rate: float | None
    is_varying_frame_rate: bool | None
    bitrate_video_kb: float | None
    bitrate_audio_kb: float | None
    sample_rate: int | None
    channels: int | None
    video_profile_level: str | None
    timebase: str | None
    error_status: str | None
    error_message: str | None
    created_at: datetime
    sha256: str | None
    expires_at: datetime | None

    @classmethod
    def of(cls, file: StoredFile, urls: Urls) -> "FileRecord":
        """Describe ``file``."""
        bundle = file.bundle
        is_zip = bundle is not None and file.alias == FOLDER_ALIAS
        media = {name: getattr(file.media, name) for name in file.media.__struct_fields__}
        return cls(
            file_id=file.id,
            storage_url=None if file.status is FileStatus.FAILED else urls.of_file(file),
            status=FILE_STATUS[file.status],
            filename=file.filename,
            size_mbytes=mebibytes(file.size_bytes if bundle is None else bundle.size_bytes),
            size_compressed_mbytes=mebibytes(file.size_bytes) if is_zip else None,
            file_count=None if bundle is None else bundle.file_count,
            rendi_store_type=file.kind,
            is_deleted=file.deleted_at is not None,
            original_file_url=file.source_url,
            mime_type=mime_type_of(file.filename),
            file_format=extension_of(file.filename) or None,
            error_status=file.error_status,
            error_message=file.error_message,
            created_at=file.created_at,
            sha256=file.sha256,
            expires_at=file.expires_at,
            **media,
        )


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command as its owner sees it; null where a field does not apply."""

    command_id: JobId
    status: str
    command_type: CommandType
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    total_processing_seconds: float | None
    ffmpeg_command_run_seconds: float | None
    original_request: dict[str, object]
    metadata: dict[str, MetadataValue]
    output_files: dict[str, FileRecord]
    vcpu_count: int
    error_status: ErrorStatus | None
    error_message: str | None
    error: str | None
    suggestion: str | None
    progress: Progress | None
    processing_stage: Stage | None
    queue_position: int | None
    waiting_for: Lack | None
    attempt: int
    warnings: tuple[str, ...]
    verification: dict[str, OutputVerification] | None
    log_url: str

    @classmethod
    def of(cls, report: JobReport, urls: Urls) -> "CommandView":
        """Describe the job of ``report``. One taken up again after a crash stays PROCESSING."""
        job = report.job
        waits_again = job.state is JobState.QUEUED and job.started_at is not None
        running = job.state is JobState.RUNNING or waits_again
        outputs = {file.alias: file for file in report.outputs}
        total = None if job.finished_at is None else job.finished_at - job.created_at
        return cls(
            command_id=job.id,
            status=WIRE_STATUS[JobState.RUNNING if running else job.state],
            command_type=job.spec.command_type,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            total_processing_seconds=None if total is None else total.total_seconds(),
            ffmpeg_command_run_seconds=job.run_seconds,
            original_request=job.original_request,
            metadata=job.metadata,
            output_files={
                alias: FileRecord.of(outputs[alias], urls)
                for alias in (*job.spec.outputs, FOLDER_ALIAS)
                if alias in outputs
            },
            vcpu_count=job.spec.vcpu_count,
            error_status=job.error_status,
            error_message=job.error_message,
            error=job.error_message,
            suggestion=job.suggestion,
            progress=(job.progress or Progress()) if running else None,
            processing_stage=(job.stage or Stage.FETCHING) if running else None,
            queue_position=None if running else report.queue_position,
            waiting_for=None if running else report.waiting_for,
            attempt=job.attempt,
            warnings=job.warnings,
            verification=job.verification,
            log_url=urls.of_log(job.id),
        )


class CommandPage(msgspec.Struct, frozen=True):
    """Some of an owner's commands, newest first.

    ``total`` is how many there are in all; ``next_cursor`` leads to the next page, null on
    the last one.
    """

    commands: list[CommandView]
    limit: int
    offset: int
    total: int
    next_cursor: str | None


class DeletedOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose stored outputs are gone; its record stays."""

    deleted: bool = True
    files_deleted: int


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that is stored; its address works from now on."""

    file_id: FileId
    storage_url: str
    filename: str
    size_mbytes: float | None

    @classmethod
    def of(cls, file: StoredFile, urls: Urls) -> "UploadedFile":
        """Describe ``file``."""
        return cls(
            file_id=file.id,
            storage_url=urls.of_file(file),
            filename=file.filename,
            size_mbytes=mebibytes(file.size_bytes),
        )


class FilePage(msgspec.Struct, frozen=True):
    """Some of an owner's files, newest first."""

    files: list[FileRecord]
    limit: int
    offset: int


class DeletedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes are gone."""

    deleted: bool = True
    file_id: FileId


def mebibytes(size_bytes: int | None) -> float | None:
    """Return a size in MiB, unrounded; None where there is none yet."""
    return None if size_bytes is None else size_bytes / MEBIBYTE
