"""Section 4 in Rendi's dialect: what does not apply is left out, never null."""

import pytest

from tests.conformance.client import PNG_OUT, RENDI, Client, Record
from tests.conformance.conftest import MakeClient
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import (
    ERROR_STATUSES,
    FILE,
    VIDEO_FILE,
    identifier,
    is_one_of,
    mapping,
    moment,
    number,
    positive,
    text,
    wrong_fields,
    wrong_rendi_fields,
)

STARTED = {
    "command_id": identifier,
    "status": is_one_of("QUEUED", "PROCESSING", "SUCCESS", "FAILED"),
    "command_type": is_one_of("FFMPEG_COMMAND"),
    "created_at": moment,
    "original_request": mapping,
}
ENDED = {
    **STARTED,
    "started_at": moment,
    "finished_at": moment,
    "total_processing_seconds": number,
    "ffmpeg_command_run_seconds": number,
    "vcpu_count": positive,
}
FAILED = {
    **ENDED,
    "status": is_one_of("FAILED"),
    "error_status": is_one_of(*ERROR_STATUSES),
    "error_message": text,
    "error": text,
}
ONLY_ON_FAILURE = {"error_status", "error_message", "error", "suggestion"}
ONLY_AT_THE_END = {"finished_at", "total_processing_seconds", "ffmpeg_command_run_seconds"}
NOT_OF_RENDI = {"filename", "error_message"}
RENAMED = {"status": is_one_of("STORED"), "rendi_store_type": is_one_of("OUTPUT")}
FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"


def of_rendi(shape: dict[str, object]) -> dict[str, object]:
    """Return the fields of a file that Rendi has, too."""
    return {name: check for name, check in shape.items() if name not in NOT_OF_RENDI}


@pytest.fixture(scope="module")
def succeeded(rendi: Client, success: Record) -> Record:
    return rendi.poll(success["command_id"])


@pytest.fixture(scope="module")
def failed(rendi: Client, failure: Record) -> Record:
    return rendi.poll(failure["command_id"])


def test_a_success_has_what_applies_and_nothing_else(succeeded: Record) -> None:
    assert wrong_fields(succeeded, ENDED) == {}
    assert wrong_rendi_fields(succeeded, ENDED) == {}
    assert succeeded.keys().isdisjoint(ONLY_ON_FAILURE)
    assert succeeded.keys().isdisjoint({"progress", "processing_stage", "queue_position"})


def test_a_failure_has_what_applies_and_nothing_else(failed: Record) -> None:
    assert wrong_fields(failed, FAILED) == {}
    assert wrong_rendi_fields(failed, FAILED) == {}
    assert failed["error"] == failed["error_message"]
    assert failed.get("output_files", {}) == {}


@pytest.mark.usefixtures("busy")
def test_a_waiting_command_has_what_applies_and_nothing_else(rendi: Client) -> None:
    polled = rendi.poll(rendi.submit())

    assert (wrong_fields(polled, STARTED), polled["status"]) == ({}, "QUEUED")
    assert wrong_rendi_fields(polled, {}) == {}
    assert polled.keys().isdisjoint({"started_at", *ONLY_AT_THE_END, *ONLY_ON_FAILURE})


def test_a_running_command_says_at_which_stage_it_is(rendi: Client, endless: str) -> None:
    polled = rendi.until(endless, lambda each: each.get("processing_stage") == "FFMPEG_PROCESSING")

    assert wrong_fields(polled, STARTED | {"started_at": moment}) == {}
    assert wrong_rendi_fields(polled, {}) == {}
    assert (polled["status"], polled["processing_stage"]) == ("PROCESSING", "FFMPEG_PROCESSING")
    assert polled.keys().isdisjoint(ONLY_AT_THE_END | ONLY_ON_FAILURE)


def test_a_command_whose_input_is_on_its_way_downloads(
    rendi: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "slow.mp4", held=True)
    command_id = rendi.submit(FRAME, PNG_OUT, {"in_1": place.url})

    polled = rendi.until(command_id, lambda each: each["status"] == "PROCESSING")

    assert polled["processing_stage"] == "DOWNLOADING"


def test_the_request_is_shown_as_it_was_sent(rendi: Client) -> None:
    request = rendi.poll(rendi.submit(metadata={"order": 7}))["original_request"]

    assert (request["output_files"], request["metadata"]) == (PNG_OUT, {"order": 7})


def test_metadata_comes_back(succeeded: Record, success: Record) -> None:
    assert succeeded["metadata"] == success["metadata"]


def test_a_file_has_what_applies_and_nothing_else(succeeded: Record) -> None:
    record = succeeded["output_files"]["out_1"]

    assert wrong_rendi_fields(record, of_rendi(VIDEO_FILE) | RENAMED) == {}
    assert record.keys() >= {"file_id", "storage_url", "size_mbytes", "width", "height", "codec"}
    assert record.keys().isdisjoint(NOT_OF_RENDI)


def test_a_video_has_every_field(rendi: Client, clip: Record) -> None:
    record = rendi.file(clip["file_id"])

    shown = of_rendi(VIDEO_FILE) | RENAMED
    wanted = shown.keys() - {"original_file_url", "error_status", "expires_at"}
    assert wrong_fields(record, {name: shown[name] for name in wanted}) == {}
    assert wrong_rendi_fields(record, {}) == {}


def test_an_upload_has_no_facts_that_do_not_apply(rendi: Client) -> None:
    record = rendi.file(rendi.upload()["file_id"])

    media = {name for name in VIDEO_FILE if VIDEO_FILE[name] is not FILE[name]}
    assert record.keys().isdisjoint(media | NOT_OF_RENDI | {"external_error_message"})
    assert (record["status"], record["rendi_store_type"]) == ("STORED", "UPLOAD")


@pytest.fixture(scope="module")
def lister(make_client: MakeClient) -> Client:
    """Somebody whose only commands are those of ``history``."""
    return make_client().speaking(RENDI)


@pytest.fixture(scope="module")
def history(lister: Client) -> list[str]:
    """The ids of a success and a failure, oldest first."""
    return [
        lister.run()["command_id"],
        lister.run("-f lavfi -i nosuchsource {{out_1}}")["command_id"],
    ]


def test_commands_are_a_bare_list_newest_first(lister: Client, history: list[str]) -> None:
    listed = lister.fetch("/commands")

    assert [each["command_id"] for each in listed] == history[::-1]


def test_a_listed_command_is_short(lister: Client, history: list[str]) -> None:
    failed, succeeded = lister.fetch("/commands", limit=len(history))

    always = {"command_id", "status", "created_at"}
    assert always <= succeeded.keys() <= always | {"output_file_count"}
    assert failed.keys() == always | {"error_status", "error_message"} | failed.keys() & {
        "output_file_count"
    }
    assert (succeeded["status"], succeeded["output_file_count"]) == ("SUCCESS", 1)
    assert (failed["status"], failed["error_status"]) == ("FAILED", "FFMPEG_FAILED")
    assert moment(succeeded["created_at"])


@pytest.mark.parametrize(
    ("query", "count"), [({}, 2), ({"limit": 1000}, 2), ({"limit": 1}, 1), ({"offset": 1}, 1)]
)
def test_the_list_is_cut_as_asked(
    lister: Client, history: list[str], query: Record, count: int
) -> None:
    del history

    assert len(lister.fetch("/commands", **query)) == count
