"""Section 4: what a poll shows, from the submit to the end."""

import re
import time

import pytest

from tests.conformance.client import (
    BUSY_S,
    ENDLESS,
    ENDLESS_OUT,
    FINAL,
    LOOK_EVERY_S,
    NOWHERE,
    PNG,
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
)
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import (
    COMMAND,
    FAILED,
    PROCESSING,
    PROGRESS,
    QUEUED,
    SUCCEEDED,
    moment,
    number,
    positive,
    wrong_fields,
)

FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"
ORDER = ["QUEUED", "PROCESSING", "SUCCESS"]
HOST_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.-]+/)+[\w.-]*")


def test_a_success_has_every_field(success: Record) -> None:
    assert wrong_fields(success, SUCCEEDED) == {}
    assert success["command_type"] == "FFMPEG_COMMAND"
    assert success["output_files"].keys() == PNG_OUT.keys()


def test_a_failure_has_every_field(failure: Record) -> None:
    assert wrong_fields(failure, FAILED) == {}
    assert number(failure["ffmpeg_command_run_seconds"])
    assert failure["error"] == failure["error_message"]


@pytest.mark.usefixtures("busy")
def test_a_waiting_command_has_every_field_and_its_place(client: Client) -> None:
    first, second = client.poll(client.submit()), client.poll(client.submit())

    assert wrong_fields(first, QUEUED) == {}
    assert wrong_fields(second, QUEUED) == {}
    assert second["queue_position"] == first["queue_position"] + 1


def test_a_running_command_has_every_field_and_its_progress(client: Client, endless: str) -> None:
    polled = client.until(endless, lambda each: (each["progress"] or {}).get("out_time_seconds"))

    assert wrong_fields(polled, PROCESSING) == {}
    assert polled["processing_stage"] == "FFMPEG_PROCESSING"
    assert wrong_fields(polled["progress"], PROGRESS) == {}
    assert polled["progress"]["out_time_seconds"] > 0


def test_a_command_whose_input_is_on_its_way_downloads(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "slow.mp4", held=True)
    command_id = client.submit(FRAME, PNG_OUT, {"in_1": place.url})

    polled = client.until(command_id, lambda each: each["status"] == "PROCESSING")
    place.release()

    assert wrong_fields(polled, PROCESSING) == {}
    assert polled["processing_stage"] == "DOWNLOADING"
    assert client.finished(command_id)["status"] == "SUCCESS"


def test_the_status_only_moves_forward(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "slow.mp4", held=True)
    command_id = client.submit(FRAME, PNG_OUT, {"in_1": place.url})
    client.until(command_id, lambda each: each["status"] == "PROCESSING")
    place.release()

    seen = statuses(client, command_id)

    assert seen == sorted(seen, key=ORDER.index)
    assert seen[-1] == "SUCCESS"


def statuses(client: Client, command_id: str) -> list[str]:
    """Return the status of every poll until the command has ended, and of some after."""
    seen: list[str] = []
    while not (len(seen) > 5 and seen[-5] in FINAL) and len(seen) < 300:
        seen.append(client.poll(command_id)["status"])
        time.sleep(LOOK_EVERY_S)
    return seen


def test_the_times_are_in_order(success: Record) -> None:
    times = [success["created_at"], success["started_at"], success["finished_at"]]

    assert all(map(moment, times))
    assert times == sorted(times)
    assert success["total_processing_seconds"] >= success["ffmpeg_command_run_seconds"]


def test_the_request_is_shown_as_it_was_sent(client: Client, clip: Record) -> None:
    body = single(
        r"ffmpeg -y -i \{\{in_1\}\} -frames:v 1 <<out_1>>",
        PNG_OUT,
        {"in_1": clip["storage_url"]},
        metadata={"order": "A-17"},
        unheard_of={"deep": True},
    )

    request = client.poll(client.accepted("/run-ffmpeg-command", body))["original_request"]

    assert request.items() >= body.items()
    assert positive(request["max_command_run_seconds"])
    assert positive(request["vcpu_count"])


def test_metadata_is_shown(success: Record) -> None:
    assert success["metadata"] == {"order": "A-17", "urgent": True, "tries": 2, "rate": 0.5}


def test_several_outputs_are_shown_by_their_aliases(client: Client) -> None:
    polled = client.run(f"{PNG} -frames:v 1 {{{{out_b}}}}", {"out_b": "b.jpg", "out_1": "a.png"})

    names = {alias: record["filename"] for alias, record in polled["output_files"].items()}
    assert names == {"out_1": "a.png", "out_b": "b.jpg"}


@pytest.mark.parametrize("command_id", [NOWHERE, "no-id", "a" * 500])
def test_an_unknown_command_is_not_found(client: Client, command_id: str) -> None:
    assert problem_of(client.get(f"/commands/{command_id}")) == Problem(404, "NOT_FOUND")


def test_a_running_command_is_stopped_within_five_seconds(client: Client, endless: str) -> None:
    answer = client.cancel(endless)

    polled = client.finished(endless, within_s=5 + BUSY_S)
    assert (answer.status_code, answer.json()["command_id"]) == (200, endless)
    assert COMMAND.keys() <= answer.json().keys()
    assert wrong_fields(polled, FAILED) == {}
    assert polled["error_status"] == "CANCELLED"


@pytest.mark.usefixtures("busy")
def test_a_waiting_command_is_stopped_at_once(client: Client) -> None:
    command_id = client.submit()

    stopped = client.cancel(command_id).json()

    assert (stopped["status"], stopped["error_status"]) == ("FAILED", "CANCELLED")
    assert (stopped["started_at"], stopped["queue_position"]) == (None, None)


def test_a_finished_command_cannot_be_stopped(client: Client, success: Record) -> None:
    problem = problem_of(client.cancel(success["command_id"]))

    assert problem == Problem(409, "ALREADY_FINISHED")


def test_an_unknown_command_cannot_be_stopped(client: Client) -> None:
    assert problem_of(client.cancel(NOWHERE)) == Problem(404, "NOT_FOUND")


def test_the_log_is_what_ffmpeg_wrote(client: Client, failure: Record) -> None:
    answer = client.get(f"/commands/{failure['command_id']}/log")

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert "nosuchfilter" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_log_url_is_where_the_log_is(client: Client, failure: Record) -> None:
    answer = client.http.get(failure["log_url"], headers={"X-API-KEY": client.key})

    assert answer.text == client.get(f"/commands/{failure['command_id']}/log").text


def test_the_log_is_for_those_with_a_key(client: Client, failure: Record) -> None:
    assert problem_of(client.http.get(failure["log_url"])).status == 401


def test_an_input_that_cannot_be_fetched_fails_the_command(
    client: Client, receiver: Receiver
) -> None:
    polled = client.run(FRAME, PNG_OUT, {"in_1": receiver.answering(404).url})

    assert wrong_fields(polled, FAILED) == {}
    assert polled["error_status"] == "UNREACHABLE_INPUT_FILE"
    assert "404" in polled["error_message"]


def test_an_input_from_where_nobody_listens_fails_the_command(client: Client) -> None:
    polled = client.run(FRAME, PNG_OUT, {"in_1": "http://127.0.0.1:9/clip.mp4"})

    assert polled["error_status"] in {"UNREACHABLE_INPUT_FILE", "INPUT_REFUSED"}


def test_ffmpegs_own_telling_line_ends_the_message(failure: Record) -> None:
    assert failure["error_status"] == "FFMPEG_FAILED"
    assert "nosuchfilter" in failure["error_message"]


def test_an_output_that_is_not_written_fails_the_command(client: Client) -> None:
    polled = client.run("-f lavfi -i color=black:duration=1 -metadata title={{out_1}} -f null -")

    assert polled["error_status"] == "OUTPUT_MISSING"
    assert "out_1" in polled["error_message"]


def test_a_command_that_runs_too_long_times_out(client: Client) -> None:
    polled = client.run(ENDLESS, ENDLESS_OUT, max_command_run_seconds=1)

    assert polled["error_status"] == "TIMEOUT"


@pytest.mark.parametrize(
    "command", ["-i missing.mp4 {{out_1}}", "-f lavfi -i movie=missing.mp4 {{out_1}}"]
)
def test_a_message_names_no_path_of_the_host(client: Client, command: str) -> None:
    message = client.run(command)["error_message"]

    assert "missing.mp4" in message
    assert HOST_PATH.findall(message) == []
