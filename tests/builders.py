"""Values for tests: valid by default, one keyword to vary."""

from typing import Any

from msgspec.structs import replace

from renderio_box.identifiers import FileId, JobId, Owner, new_file_token, new_id
from renderio_box.jobs.files import FileKind, FileType, MediaInfo, StoredFile
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.job import Job, JobSpec, JobState, Submission
from renderio_box.jobs.limits import JobLimits
from renderio_box.storage.addresses import Addresses
from tests.fakes import START, ManualClock

OWNER = Owner("ann")
ADDRESSES = Addresses({}, ManualClock(), hours=0)
"""Those of a box where addresses never expire."""
BUILD = Build(
    version="7.1",
    options=frozenset({"i", "c", "t", "vf", "vsync", "y"}),
    demuxers=frozenset({"hls", "mov"}),
)
LIMITS = JobLimits(default_run_seconds=300, max_run_seconds=900, vcpus=4)


def make_spec(**changes: Any) -> JobSpec:  # noqa: ANN401 - any field of a spec
    """Return what a caller asks for: one output out of nothing."""
    spec = JobSpec(
        steps=(("-f", "lavfi", "-i", "testsrc", "{{out_clip}}"),),
        inputs={},
        outputs={"out_clip": "clip.mp4"},
        max_run_seconds=300,
    )
    return replace(spec, **changes)


def make_submission(**changes: Any) -> Submission:  # noqa: ANN401 - any field of a spec
    """Return a submission; ``changes`` are to its spec."""
    return Submission(
        spec=make_spec(**changes),
        original_request={"ffmpeg_command": "-f lavfi -i testsrc {{out_clip}}"},
        metadata={},
    )


def make_job(**changes: Any) -> Job:  # noqa: ANN401 - any field of a job
    """Return a job that waits to be claimed for the first time."""
    job = Job(
        id=JobId(new_id(START)),
        owner=OWNER,
        state=JobState.QUEUED,
        spec=make_spec(),
        original_request={},
        metadata={},
        warnings=(),
        attempt=0,
        interruptions=0,
        created_at=START,
    )
    return replace(job, **changes)


def make_file(**changes: Any) -> StoredFile:  # noqa: ANN401 - any field of a file
    """Return an upload that is stored."""
    file = StoredFile(
        id=FileId(new_id(START)),
        owner=OWNER,
        kind=FileKind.UPLOAD,
        key="uploads/ab/clip.mp4",
        token=new_file_token(),
        filename="clip.mp4",
        size_bytes=1024,
        sha256="0" * 64,
        media=MediaInfo(file_type=FileType.VIDEO, codec="h264"),
        job_id=None,
        alias=None,
        created_at=START,
        expires_at=None,
        deleted_at=None,
    )
    return replace(file, **changes)


def make_body(**changes: object) -> dict[str, object]:
    """Return the JSON body of a command that makes one clip out of nothing."""
    body: dict[str, object] = {
        "ffmpeg_command": "-f lavfi -i testsrc {{out_clip}}",
        "input_files": {},
        "output_files": {"out_clip": "clip.mp4"},
    }
    return body | changes
