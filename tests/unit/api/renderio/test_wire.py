import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.renderio.wire import (
    NO_WEBHOOKS,
    STATES,
    WIRE_STATUS,
    CommandView,
    DeletedFile,
    FileRecord,
    RunCommandRequest,
    UploadedFile,
)
from renderio_box.api.urls import Urls
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.files import MediaInfo
from renderio_box.jobs.job import (
    ErrorStatus,
    Job,
    JobSpec,
    JobState,
    Progress,
    Stage,
    StoredSource,
    Submission,
    TextSource,
    UrlSource,
)
from renderio_box.jobs.limits import JobLimits
from renderio_box.queue.history import JobReport
from tests.unit.samples import (
    CREATED,
    FILE_ID,
    JOB_ID,
    LATER,
    NEW_BUILD,
    OLD_BUILD,
    QUEUED,
    RUNNING,
    STORED,
)

LIMITS = JobLimits(default_run_seconds=60, max_run_seconds=300, vcpus=4)
URLS = Urls("https://media.example.org/box")
SCALE = {
    "ffmpeg_command": "ffmpeg -i {{in_video}} -vf scale=640:-2 {{ out_video }}",
    "input_files": {"in_video": "https://example.org/a.mp4"},
    "output_files": {"out_video": "clip.mp4"},
}
FAILED = replace(
    RUNNING,
    state=JobState.FAILED,
    finished_at=LATER,
    run_seconds=2.5,
    error_status=ErrorStatus.TIMEOUT,
    error_message="Too slow.",
)


def decoded(**changes: object) -> RunCommandRequest:
    return msgspec.convert(SCALE | changes, RunCommandRequest, strict=False)


def submitted(**changes: object) -> Submission:
    return decoded(**changes).to_submission(SCALE | changes, limits=LIMITS, build=OLD_BUILD)


def viewed(job: Job, position: int | None = None) -> CommandView:
    return CommandView.of(JobReport(job, (), position), URLS)


def test_a_request_becomes_a_spec() -> None:
    assert submitted().spec == JobSpec(
        steps=(("-i", "{{in_video}}", "-vf", "scale=640:-2", "{{out_video}}"),),
        inputs={"in_video": UrlSource("https://example.org/a.mp4")},
        outputs={"out_video": "clip.mp4"},
        max_run_seconds=60,
        vcpu_count=1,
        pinned=False,
        priority=50,
    )


def test_a_request_is_kept_as_sent_with_the_defaults_that_were_applied() -> None:
    applied = {"max_command_run_seconds": 60, "vcpu_count": 1}

    assert submitted(unheard=1).original_request == {**SCALE, "unheard": 1, **applied}


def test_unknown_fields_are_ignored() -> None:
    assert submitted(unheard={"of": 1}).spec == submitted().spec


def test_a_request_without_inputs_is_accepted() -> None:
    submission = submitted(ffmpeg_command="-f lavfi -i testsrc -t 1 {{out_video}}", input_files={})

    assert submission.spec.inputs == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_command_run_seconds", 300), ("vcpu_count", 2), ("priority", 0)],
)
def test_a_numeric_string_is_taken_for_an_integer(field: str, value: int) -> None:
    assert submitted(**{field: str(value)}).spec == submitted(**{field: value}).spec


def test_a_cpu_count_is_clipped_and_the_job_is_held_to_it() -> None:
    spec = submitted(vcpu_count=64).spec

    assert (spec.vcpu_count, spec.pinned) == (4, True)


def test_a_clipped_cpu_count_is_echoed_as_used() -> None:
    assert submitted(vcpu_count=64).original_request["vcpu_count"] == 4


def test_a_priority_of_0_is_no_default() -> None:
    assert submitted(priority=0).spec.priority == 0


def test_metadata_is_kept() -> None:
    metadata = {"text": "a", "whole": 1, "part": 1.5, "flag": True}

    assert submitted(metadata=metadata).metadata == metadata


def test_a_request_without_metadata_has_none() -> None:
    assert submitted(metadata=None).metadata == {}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ffmpeg_command": ""}, "length >= 1"),
        ({"ffmpeg_command": "x" * 16_385}, "length <= 16384"),
        ({"ffmpeg_command": 1}, "Expected `str`"),
        ({"input_files": None}, "Expected `object`"),
        ({"input_files": {f"in_{number}": "u" for number in range(65)}}, "length <= 64"),
        ({"output_files": {f"out_{number}": "u" for number in range(65)}}, "length <= 64"),
        ({"output_files": "OUTPUT_FOLDER"}, "Expected `object`"),
        ({"metadata": {str(number): 1 for number in range(11)}}, "length <= 10"),
        ({"metadata": {"a": {"b": 1}}}, "got `object`"),
        ({"metadata": {"a": None}}, "got `null`"),
        ({"metadata": {"a": "x" * 4097}}, "length <= 4096"),
        ({"max_command_run_seconds": 0}, ">= 1"),
        ({"max_command_run_seconds": "soon"}, "Expected `int"),
        ({"vcpu_count": 0}, ">= 1"),
        ({"priority": 101}, "<= 100"),
        ({"priority": -1}, ">= 0"),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        decoded(**changes)


@pytest.mark.parametrize("field", ["ffmpeg_command", "input_files", "output_files"])
def test_a_required_field_may_not_be_missing(field: str) -> None:
    body = {name: value for name, value in SCALE.items() if name != field}

    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{field}`"):
        msgspec.convert(body, RunCommandRequest)


@pytest.mark.parametrize(
    "changes",
    [
        {"ffmpeg_command": "-i {{in_video}} {out_video}"},
        {"ffmpeg_command": "-i '{{in_video}} {{out_video}}"},
        {"ffmpeg_command": "-i {{in_video}} -i {{in_other}} {{out_video}}"},
        {"ffmpeg_command": "-f lavfi -i testsrc {{out_video}}"},
        {"ffmpeg_command": "-i {{in_video}} -f null -"},
        {"ffmpeg_command": "-i {{in_video}} {{out_video}} {{in_video}}"},
        {"input_files": {"video": "https://example.org/a.mp4"}},
        {"output_files": {}},
        {"output_files": {"out_video": "../clip.mp4"}},
    ],
)
def test_a_command_that_cannot_run_as_written_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidCommandError):
        submitted(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"max_command_run_seconds": 301},
        {"input_files": {"in_video": "file:///etc/passwd"}},
        {"webhook_url": "ftp://example.org"},
        {"webhook_url": ""},
    ],
)
def test_a_value_that_the_box_does_not_grant_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        submitted(**changes)


def test_a_file_of_the_box_may_be_an_input() -> None:
    assert submitted(input_files={"in_video": FILE_ID}).spec.inputs == {
        "in_video": StoredSource(FILE_ID)
    }


def test_an_input_that_only_a_list_in_the_request_names_counts_as_used() -> None:
    listing = "data:,file '{{in_video}}'"

    spec = submitted(
        ffmpeg_command="-f concat -safe 0 -i {{in_list}} -c copy {{out_video}}",
        input_files={"in_list": listing, "in_video": "https://example.org/a.mp4"},
    ).spec

    assert spec.inputs["in_list"] == TextSource("file '{{in_video}}'", "txt")


def test_an_undelivered_webhook_is_told() -> None:
    assert submitted(webhook_url="https://example.org/hook").warnings == (NO_WEBHOOKS,)


def test_what_was_changed_for_the_installed_build_is_told() -> None:
    changes = {"ffmpeg_command": "-i {{in_video}} -vsync 0 {{out_video}}"}

    submission = decoded(**changes).to_submission(changes, limits=LIMITS, build=NEW_BUILD)

    assert [warning.split(",")[0] for warning in submission.warnings] == [
        "-vsync was passed as -fps_mode passthrough"
    ]


def test_a_spec_keeps_the_callers_words_whatever_build_is_installed() -> None:
    changes = {"ffmpeg_command": "-i {{in_video}} -vsync 0 {{out_video}}"}

    submission = decoded(**changes).to_submission(changes, limits=LIMITS, build=NEW_BUILD)

    assert submission.spec.steps == (("-i", "{{in_video}}", "-vsync", "0", "{{out_video}}"),)


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
