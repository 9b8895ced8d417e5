"""The body of a webhook."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from renderio_box.identifiers import FileId, JobId
from renderio_box.jobs.delivery import Delivery
from renderio_box.jobs.files import FileKind, FileType, MediaInfo, StoredFile
from renderio_box.jobs.job import Job, JobSpec, JobState
from renderio_box.queue.history import JobReport

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLE_COMMAND: Final = "-f lavfi -i testsrc=duration=5 {{out_video}}"
SAMPLE_FILE: Final = "sample.mp4"


class Event(msgspec.Struct, frozen=True):
    """A command as polling shows it, and when this was sent in milliseconds since 1970."""

    data: msgspec.Raw
    timestamp: int


def body_of(data: bytes, *, sent_at: datetime) -> bytes:
    """Return the body that tells ``data``, which is JSON already."""
    timestamp = (sent_at - EPOCH) // timedelta(milliseconds=1)
    return msgspec.json.encode(Event(msgspec.Raw(data), timestamp))


def sample_report(delivery: Delivery, *, origin: str) -> JobReport:
    """Return a command that was never run, for a trial of a hook: it has the delivery's id.

    It ended well with one file, whose address opens nothing.
    """
    began = delivery.created_at
    job = Job(
        id=JobId(delivery.id),
        owner=delivery.owner,
        state=JobState.SUCCEEDED,
        spec=JobSpec(
            steps=(),
            inputs={},
            outputs={"out_video": SAMPLE_FILE},
            max_run_seconds=60,
        ),
        original_request={
            "ffmpeg_command": SAMPLE_COMMAND,
            "input_files": {},
            "output_files": {"out_video": SAMPLE_FILE},
        },
        metadata={"test": True},
        warnings=(),
        origin=origin,
        attempt=1,
        interruptions=0,
        created_at=began,
        started_at=began,
        finished_at=began + timedelta(seconds=1),
        run_seconds=1.0,
    )
    return JobReport(job, (sample_file(job),), None)


def sample_file(job: Job) -> StoredFile:
    """Return a record of a file that does not exist."""
    return StoredFile(
        id=FileId(job.id),
        owner=job.owner,
        kind=FileKind.OUTPUT,
        key=SAMPLE_FILE,
        token="sample",  # noqa: S106 - it opens nothing
        filename=SAMPLE_FILE,
        size_bytes=1024 * 1024,
        sha256="0" * 64,
        media=MediaInfo(
            file_type=FileType.VIDEO, codec="h264", duration=5.0, width=320, height=240
        ),
        job_id=job.id,
        alias="out_video",
        created_at=job.created_at,
    )
