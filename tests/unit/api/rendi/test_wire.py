from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.renderio.wire import CommandView, FileRecord
from renderio_box.api.rendi.wire import COMMAND_TYPE, FILE_STATUS, RendiCommand, RendiFile
from renderio_box.api.urls import Urls
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FOLDER_ALIAS, Bundle, FileKind, FileStatus, StoredFile
from renderio_box.jobs.job import CommandType, Job, JobState, Progress, Stage
from renderio_box.queue.history import JobReport
from tests.unit.samples import FILE_ID, JOB_ID, LATER, QUEUED, RUNNING, SPEC, STORED

URLS = Urls("https://media.example.org/box", lambda _: "")
SUCCEEDED = replace(RUNNING, state=JobState.SUCCEEDED, finished_at=LATER, run_seconds=2.5)
FAILED = replace(
    SUCCEEDED,
    state=JobState.FAILED,
    error_status=ErrorStatus.TIMEOUT,
    error_message="Too slow.",
)
WANTED = replace(
    STORED,
    kind=FileKind.STORED_FILE,
    status=FileStatus.WAITING,
    source_url="https://a.test/clip.mp4",
    size_bytes=None,
    sha256=None,
)
ALWAYS = {
    "command_id",
    "status",
    "command_type",
    "created_at",
    "original_request",
    "metadata",
    "output_files",
    "vcpu_count",
    "attempt",
    "warnings",
    "log_url",
}


def sent(value: object) -> Any:  # noqa: ANN401 - any JSON
    return msgspec.json.decode(msgspec.json.encode(value))


def shown(job: Job, *outputs: StoredFile, position: int | None = None) -> dict[str, Any]:
    return sent(RendiCommand.of(JobReport(job, outputs, position), URLS))


def nulls(value: object) -> int:
    match value:
        case dict():
            return sum(map(nulls, value.values()))
        case list():
            return sum(map(nulls, value))
        case _:
            return value is None


@pytest.mark.parametrize("command_type", list(CommandType))
def test_every_command_type_has_a_name_that_rendi_knows(command_type: CommandType) -> None:
    assert COMMAND_TYPE[command_type] in {"FFMPEG_COMMAND", "FFMPEG_CHAINED_COMMANDS"}


def test_a_command_of_several_at_once_is_shown_as_a_single_one() -> None:
    job = replace(QUEUED, spec=replace(SPEC, command_type=CommandType.MULTIPLE))

    assert shown(job)["command_type"] == "FFMPEG_COMMAND"


def test_a_chain_is_called_as_rendi_calls_it() -> None:
    job = replace(QUEUED, spec=replace(SPEC, command_type=CommandType.CHAINED))

    assert shown(job)["command_type"] == "FFMPEG_CHAINED_COMMANDS"


@pytest.mark.parametrize("status", list(FileStatus))
def test_every_file_status_has_a_name_that_rendi_knows(status: FileStatus) -> None:
    known = {"QUEUED", "DOWNLOADING", "DOWNLOADED", "STORED", "FAILED"}

    assert FILE_STATUS[status] in known


@pytest.mark.parametrize(
    "job", [QUEUED, RUNNING, SUCCEEDED, FAILED], ids=lambda job: job.state.value
)
def test_nothing_in_a_command_is_null(job: Job) -> None:
    assert nulls(shown(job, STORED)) == 0


def test_a_queued_command_shows_its_place_and_nothing_of_a_run() -> None:
    command = shown(QUEUED, position=3)

    assert command.keys() == ALWAYS | {"queue_position"}
    assert (command["status"], command["queue_position"]) == ("QUEUED", 3)


def test_a_running_command_shows_its_stage_and_what_is_known_of_its_progress() -> None:
    job = replace(RUNNING, stage=Stage.ENCODING, progress=Progress(percent=50.0, fps=0.0))

    command = shown(job)

    assert command.keys() == ALWAYS | {"started_at", "processing_stage", "progress"}
    assert command["progress"] == {"percent": 50.0, "fps": 0.0}


def test_a_successful_command_shows_its_times_and_its_outputs() -> None:
    command = shown(SUCCEEDED, STORED)

    times = {"finished_at", "total_processing_seconds", "ffmpeg_command_run_seconds"}
    assert command.keys() == ALWAYS | times | {"started_at"}
    assert command["output_files"] == {"out_video": sent(RendiFile.of(STORED, URLS))}


def test_a_failed_command_says_why() -> None:
    command = shown(FAILED)

    assert (command["status"], command["error_status"]) == ("FAILED", "TIMEOUT")
    assert (command["error_message"], command["error"]) == ("Too slow.", "Too slow.")


def test_outputs_are_shown_in_the_order_in_which_they_were_declared() -> None:
    spec = replace(SPEC, outputs={"out_b": "b.mp4", "out_a": "a.mp4"})
    outputs = (replace(STORED, alias="out_a"), replace(STORED, alias="out_b"))

    command = shown(replace(SUCCEEDED, spec=spec), *outputs)

    assert list(command["output_files"]) == ["out_b", "out_a"]


def test_a_request_is_echoed_with_the_nulls_that_its_caller_sent() -> None:
    request = {"ffmpeg_command": "-i {{in_a}} {{out_a}}", "webhook_url": None}

    assert shown(replace(QUEUED, original_request=request))["original_request"] == request


@pytest.mark.parametrize("metadata", [{}, {"a": "5", "b": 5, "c": 5.0, "d": False}], ids=str)
def test_metadata_is_echoed_with_its_types(metadata: dict[str, Any]) -> None:
    echoed = shown(replace(QUEUED, metadata=metadata))["metadata"]

    assert msgspec.json.encode(echoed) == msgspec.json.encode(metadata)


def test_a_command_has_the_fields_of_the_other_dialect() -> None:
    assert RendiCommand.__struct_fields__ == CommandView.__struct_fields__


def test_a_file_has_the_fields_of_the_other_dialect_but_for_two() -> None:
    differing = set(RendiFile.__struct_fields__) ^ set(FileRecord.__struct_fields__)

    assert differing == {"filename", "error_message", "external_error_message"}


def test_a_stored_file_shows_what_is_known_of_it() -> None:
    assert sent(RendiFile.of(STORED, URLS)) == {
        "file_id": FILE_ID,
        "storage_url": f"{URLS.base}/files/{'t' * 43}/clip.mp4",
        "status": "STORED",
        "size_mbytes": 1.5,
        "rendi_store_type": "OUTPUT",
        "is_deleted": False,
        "mime_type": "video/mp4",
        "file_type": "video",
        "file_format": "mp4",
        "codec": "h264",
        "width": 320,
        "height": 180,
        "created_at": "2026-03-01T12:00:00Z",
        "sha256": "0" * 64,
    }


@pytest.mark.parametrize(
    ("status", "word"), [(FileStatus.WAITING, "QUEUED"), (FileStatus.FETCHING, "DOWNLOADING")]
)
def test_a_file_on_its_way_says_how_far_it_is(status: FileStatus, word: str) -> None:
    file = sent(RendiFile.of(replace(WANTED, status=status), URLS))

    assert (file["status"], file["original_file_url"]) == (word, "https://a.test/clip.mp4")
    assert file.keys().isdisjoint({"size_mbytes", "sha256", "error_status"})


def test_a_file_that_could_not_be_fetched_says_why_and_has_no_address() -> None:
    failed = replace(
        WANTED,
        status=FileStatus.FAILED,
        error_status=ErrorStatus.UNREACHABLE_INPUT_FILE,
        error_message="The server answered 404.",
    )

    file = sent(RendiFile.of(failed, URLS))

    assert (file["status"], file["error_status"], file["external_error_message"]) == (
        "FAILED",
        "UNREACHABLE_INPUT_FILE",
        "The server answered 404.",
    )
    assert file.keys().isdisjoint({"storage_url", "error_message"})


def test_a_zipped_folder_shows_what_it_holds() -> None:
    folder = replace(
        STORED,
        alias=FOLDER_ALIAS,
        filename=f"{JOB_ID}.zip",
        bundle=Bundle(file_count=3, size_bytes=3 * 1024 * 1024),
    )

    file = sent(RendiFile.of(folder, URLS))

    assert (file["file_count"], file["size_mbytes"], file["size_compressed_mbytes"]) == (3, 3, 1.5)
