"""Values that are valid by default, with one keyword to vary each."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from renderio_box.identifiers import FileId, JobId, Owner
from renderio_box.jobs.files import FileKind, FileType, MediaInfo, StoredFile
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.job import Job, JobSpec, JobState

CREATED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = CREATED + timedelta(minutes=5)
JOB_ID = JobId("019caa2e-4000-7000-8000-0000000000ab")
FILE_ID = FileId("019caa2e-4000-7000-8000-0000000000cd")

SPEC = JobSpec(
    steps=(("-i", "{{in_video}}", "{{out_video}}"),),
    inputs={},
    outputs={"out_video": "clip.mp4"},
    max_run_seconds=3600,
)
QUEUED = Job(
    id=JOB_ID,
    owner=Owner("owner-1"),
    state=JobState.QUEUED,
    spec=SPEC,
    original_request={"ffmpeg_command": "-i {{in_video}} {{out_video}}"},
    metadata={},
    warnings=(),
    attempt=0,
    interruptions=0,
    created_at=CREATED,
)
RUNNING = replace(QUEUED, state=JobState.RUNNING, attempt=1, started_at=CREATED)
STORED = StoredFile(
    id=FILE_ID,
    owner=Owner("owner-1"),
    kind=FileKind.OUTPUT,
    key="outputs/ab/clip.mp4",
    token="t" * 43,
    filename="clip.mp4",
    size_bytes=3 * 1024 * 1024 // 2,
    sha256="0" * 64,
    media=MediaInfo(file_type=FileType.VIDEO, codec="h264", width=320, height=180),
    job_id=JOB_ID,
    alias="out_video",
    created_at=CREATED,
    expires_at=None,
    deleted_at=None,
)

DEMUXERS = frozenset({"concat", "dash", "hls", "mov", "mp4", "mpegts"})
OLD_BUILD = Build(
    version="5.1.9",
    options=frozenset({"i", "vsync", "map_channel", "psnr", "absf", "async", "vol", "top"}),
    demuxers=DEMUXERS,
)
NEW_BUILD = Build(version="9.0.2", options=frozenset({"i", "fps_mode"}), demuxers=DEMUXERS)
