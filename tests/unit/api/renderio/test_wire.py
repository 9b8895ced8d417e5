import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.renderio.wire import (
    STATES,
    WIRE_STATUS,
    CommandView,
    DeletedFile,
    FileRecord,
    UploadedFile,
)
from renderio_box.api.urls import Urls
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import MediaInfo
from renderio_box.jobs.job import (
    Job,
    JobState,
    Progress,
    Stage,
)
from renderio_box.queue.history import JobReport
from tests.unit.samples import (
    CREATED,
    FILE_ID,
    JOB_ID,
    LATER,
    QUEUED,
    RUNNING,
    STORED,
)

URLS = Urls("https://media.example.org/box", lambda _: "")
FAILED = replace(
    RUNNING,
    state=JobState.FAILED,
    finished_at=LATER,
    run_seconds=2.5,
    error_status=ErrorStatus.TIMEOUT,
    error_message="Too slow.",
)


def viewed(job: Job, position: int | None = None) -> CommandView:
    return CommandView.of(JobReport(job, (), position), URLS)


def test_every_state_has_a_status_of_the_contract() -> None:
    assert {state: WIRE_STATUS[state] for state in JobState} == {
        JobState.QUEUED: "QUEUED",
        JobState.RUNNING: "PROCESSING",
        JobState.SUCCEEDED: "SUCCESS",
        JobState.FAILED: "FAILED",
        JobState.CANCELLED: "FAILED",
    }


@pytest.mark.parametrize("state", list(JobState))
def test_every_status_can_be_asked_for(state: JobState) -> None:
    assert state in STATES[WIRE_STATUS[state]]


def test_a_queued_command_shows_its_place_and_nothing_of_a_run() -> None:
    view = viewed(QUEUED, 3)

    assert (view.status, view.queue_position, view.progress, view.processing_stage) == (
        "QUEUED",
        3,
        None,
        None,
    )


def test_a_running_command_shows_its_stage_and_its_progress() -> None:
    progress = Progress(percent=50.0)

    view = viewed(replace(RUNNING, stage=Stage.PUBLISHING, progress=progress))

    assert (view.status, view.processing_stage, view.progress, view.queue_position) == (
        "PROCESSING",
        Stage.PUBLISHING,
        progress,
        None,
    )


def test_a_command_taken_up_again_after_a_crash_stays_processing() -> None:
    view = viewed(replace(RUNNING, state=JobState.QUEUED), 1)

    assert (view.status, view.processing_stage, view.progress, view.queue_position) == (
        "PROCESSING",
        Stage.FETCHING,
        Progress(),
        None,
    )


def test_a_failed_command_says_why_in_both_fields() -> None:
    view = viewed(FAILED)

    assert (view.status, view.error_status, view.error_message, view.error) == (
        "FAILED",
        ErrorStatus.TIMEOUT,
        "Too slow.",
        "Too slow.",
    )


def test_a_command_without_an_error_has_null_for_it() -> None:
    view = viewed(replace(RUNNING, state=JobState.SUCCEEDED, finished_at=LATER))

    assert (view.status, view.error_status, view.error_message, view.error) == (
        "SUCCESS",
        None,
        None,
        None,
    )


def test_processing_is_timed_from_acceptance_to_the_end() -> None:
    view = viewed(FAILED)

    assert (view.total_processing_seconds, view.ffmpeg_command_run_seconds) == (300.0, 2.5)


def test_a_command_that_is_not_over_has_no_total_time() -> None:
    assert viewed(RUNNING).total_processing_seconds is None


def test_a_command_names_where_its_log_is() -> None:
    assert viewed(RUNNING).log_url == f"{URLS.base}/api/v1/commands/{JOB_ID}/log"


def test_outputs_are_shown_by_alias() -> None:
    view = CommandView.of(JobReport(FAILED, (STORED,), None), URLS)

    assert view.output_files == {"out_video": FileRecord.of(STORED, URLS)}


def test_a_file_record_has_every_field_of_the_contract() -> None:
    assert msgspec.to_builtins(FileRecord.of(STORED, URLS)) == {
        "file_id": FILE_ID,
        "storage_url": f"{URLS.base}/files/{'t' * 43}/clip.mp4",
        "status": "STORED",
        "filename": "clip.mp4",
        "size_mbytes": 1.5,
        "size_compressed_mbytes": None,
        "file_count": None,
        "rendi_store_type": "OUTPUT",
        "is_deleted": False,
        "original_file_url": None,
        "mime_type": "video/mp4",
        "file_type": "video",
        "file_format": "mp4",
        "codec": "h264",
        "pixel_format": None,
        "duration": None,
        "width": 320,
        "height": 180,
        "frame_rate": None,
        "is_varying_frame_rate": None,
        "bitrate_video_kb": None,
        "bitrate_audio_kb": None,
        "sample_rate": None,
        "channels": None,
        "video_profile_level": None,
        "timebase": None,
        "error_status": None,
        "error_message": None,
        "created_at": "2026-03-01T12:00:00Z",
        "sha256": "0" * 64,
        "expires_at": None,
    }


def test_every_fact_about_a_files_content_is_shown() -> None:
    assert set(MediaInfo.__struct_fields__) <= set(FileRecord.__struct_fields__)


def test_a_deleted_file_says_so() -> None:
    assert FileRecord.of(replace(STORED, deleted_at=LATER), URLS).is_deleted is True


def test_a_file_name_is_quoted_in_its_address() -> None:
    record = FileRecord.of(replace(STORED, filename="ä b?.mp4"), URLS)

    assert record.storage_url == f"{URLS.base}/files/{'t' * 43}/%C3%A4%20b%3F.mp4"


def test_an_upload_is_answered_in_four_fields() -> None:
    assert msgspec.to_builtins(UploadedFile.of(STORED, URLS)) == {
        "file_id": FILE_ID,
        "storage_url": f"{URLS.base}/files/{'t' * 43}/clip.mp4",
        "filename": "clip.mp4",
        "size_mbytes": 1.5,
    }


def test_a_deletion_is_answered_in_two_fields() -> None:
    assert msgspec.to_builtins(DeletedFile(file_id=FILE_ID)) == {
        "deleted": True,
        "file_id": FILE_ID,
    }


def test_times_are_written_in_utc() -> None:
    assert b'"created_at":"2026-03-01T12:00:00Z"' in msgspec.json.encode(viewed(QUEUED))


def test_times_of_a_command_are_its_jobs() -> None:
    view = viewed(FAILED)

    assert (view.created_at, view.started_at, view.finished_at) == (CREATED, CREATED, LATER)
