"""Sections 2, 3 and 5 in Rendi's dialect: submitting, and what is refused."""

import httpx
import pytest

from tests.conformance.client import (
    BLACK,
    NOWHERE,
    PNG,
    PNG_OUT,
    RENDERIO,
    Client,
    Record,
    rendi_fault_of,
    rendi_problem_of,
    single,
    without,
)
from tests.conformance.shapes import identifier

RUN = "/run-ffmpeg-command"
CHAIN = "/run-chained-ffmpeg-commands"
NO_Y = "Don't use the -y flag in the command, we handle this internally."


def submit(rendi: Client, **more: object) -> httpx.Response:
    return rendi.post(RUN, single() | more)


def flat(*commands: str, outputs: object = PNG_OUT) -> Record:
    return {"ffmpeg_commands": commands, "input_files": {}, "output_files": outputs}


def test_a_submit_answers_200_with_the_id_and_nothing_else(rendi: Client) -> None:
    answer = submit(rendi)

    assert (answer.status_code, answer.json().keys()) == (200, {"command_id"})
    assert identifier(answer.json()["command_id"])


def test_the_documented_request_is_taken_whole(rendi: Client, clip: Record) -> None:
    polled = rendi.run(
        r"-i {{in_1}} -ss 00:00 -to 00:01 -vf select='lte(n\,1)+gt(t,9)',"
        r"setpts='PTS*0.5',scale=trunc(oh*a/2)*2:32:force_original_aspect_ratio=decrease"
        r" -an -vsync vfr {{out_1}}",
        {"out_1": "preview.gif"},
        {"in_1": clip["storage_url"]},
        max_command_run_seconds=300,
        vcpu_count=8,
    )

    assert (polled["status"], polled["output_files"]["out_1"]["file_format"]) == ("SUCCESS", "gif")


def test_braces_may_be_escaped_for_automation_platforms(rendi: Client, clip: Record) -> None:
    polled = rendi.run(
        r"-i \{\{in_1\}\} -frames:v 1 \{\{out_1\}\}", PNG_OUT, {"in_1": clip["file_id"]}
    )

    assert polled["status"] == "SUCCESS"


@pytest.mark.parametrize("command", [f"-y {PNG}", f"{PNG} -y", f"ffmpeg -y {PNG}"])
def test_the_flag_y_is_refused_in_rendis_very_words(rendi: Client, command: str) -> None:
    answer = submit(rendi, ffmpeg_command=command)

    assert (answer.status_code, answer.json()) == (400, {"detail": NO_Y})


def test_the_flag_y_is_refused_in_every_step_of_a_chain(rendi: Client) -> None:
    answer = rendi.post(CHAIN, flat(PNG, "-y -i {{out_1}} -f null -"))

    assert (answer.status_code, NO_Y in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("command", [f"-n {PNG}", f"{BLACK} -metadata title=-y {{{{out_1}}}}"])
def test_what_only_looks_like_it_is_taken(rendi: Client, command: str) -> None:
    assert rendi.run(command)["status"] == "SUCCESS"


def test_an_input_may_go_unused(rendi: Client, clip: Record) -> None:
    answer = submit(rendi, input_files={"in_1": clip["file_id"]})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        single("-i {{in_1}} {{out_1}}"),
        single(outputs={**PNG_OUT, "out_2": "b.png"}),
        single(outputs={"out_1": "no-extension"}),
        single(outputs={"result": "a.png"}),
        single(f"{BLACK} {{out_1}}"),
        single(f"{PNG} 'open"),
        single(" "),
    ],
)
def test_a_command_that_cannot_be_run_as_written_is_a_400_with_a_sentence(
    rendi: Client, body: Record
) -> None:
    status, sentence = rendi_problem_of(rendi.post(RUN, body))

    assert (status, len(sentence.split()) > 3) == (400, True)


@pytest.mark.parametrize("field", ["ffmpeg_command", "input_files", "output_files"])
def test_a_missing_field_is_a_422_that_says_where(rendi: Client, field: str) -> None:
    answer = rendi.post(RUN, without(single(), field))

    assert rendi_fault_of(answer) == (422, ("body", field))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ffmpeg_command", 5),
        ("ffmpeg_command", ""),
        ("ffmpeg_command", "x" * 16_385),
        ("input_files", "https://example.com/a.mp4"),
        ("output_files", 5),
        ("max_command_run_seconds", 0),
        ("max_command_run_seconds", "soon"),
        ("vcpu_count", 0),
        ("metadata", "order"),
        ("metadata", {str(number): number for number in range(11)}),
        ("webhook_url", "no url"),
    ],
)
def test_a_value_that_does_not_fit_is_a_422_that_says_where(
    rendi: Client, field: str, value: object
) -> None:
    status, loc = rendi_fault_of(submit(rendi, **{field: value}))

    assert (status, loc[:2]) == (422, ("body", field))


def test_a_source_that_is_none_is_a_422_that_says_where(rendi: Client) -> None:
    body = single("-i {{in_1}} {{out_1}}", inputs={"in_1": "clip.mp4"})

    status, loc = rendi_fault_of(rendi.post(RUN, body))

    assert (status, loc) == (422, ("body", "input_files", "in_1"))


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b""])
def test_a_body_that_is_no_json_object_is_a_422(rendi: Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    status, loc = rendi_fault_of(rendi.call("POST", RUN, content=content, headers=headers))

    assert (status, loc[0]) == (422, "body")


def test_unknown_fields_are_ignored(rendi: Client) -> None:
    assert submit(rendi, something={"else": True}, preset=None).status_code == 200


def test_numeric_strings_are_taken_for_integers(rendi: Client) -> None:
    command_id = rendi.submit(max_command_run_seconds="300", vcpu_count="8")

    request = rendi.poll(command_id)["original_request"]

    assert request["max_command_run_seconds"] == 300


def test_a_chain_of_the_documented_form_runs(rendi: Client, clip: Record) -> None:
    body = {
        "input_files": {"in_1": clip["storage_url"], "in_2": clip["file_id"]},
        "output_files": {"out_1": "both.mp4", "out_2": "thumbnail.jpg"},
        "ffmpeg_commands": [
            "-i {{in_1}} -i {{in_2}} -filter_complex [0:v][1:v]hstack=inputs=2[v] -map [v] {{out_1}}",
            "-i {{out_1}} -vframes 1 {{out_2}}",
        ],
        "max_command_run_seconds": 300,
        "vcpu_count": 8,
    }

    polled = rendi.finished(rendi.accepted(CHAIN, body))

    assert (polled["status"], polled["command_type"]) == ("SUCCESS", "FFMPEG_CHAINED_COMMANDS")
    assert polled["output_files"]["out_2"]["width"] == 128


def test_a_chain_has_at_most_ten_steps(rendi: Client) -> None:
    answer = rendi.post(CHAIN, flat(*[PNG] * 11))

    status, loc = rendi_fault_of(answer)
    assert (status, loc[:2]) == (422, ("body", "ffmpeg_commands"))


def test_a_command_of_one_dialect_is_polled_in_the_other(rendi: Client, client: Client) -> None:
    theirs, ours = rendi.submit(), client.submit()

    assert client.finished(theirs)["command_type"] == "FFMPEG_COMMAND"
    assert rendi.finished(ours)["command_type"] == "FFMPEG_COMMAND"
    assert client.speaking(RENDERIO).poll(theirs)["command_id"] == theirs


def test_an_unknown_command_is_a_404_with_a_sentence(rendi: Client) -> None:
    assert rendi_problem_of(rendi.get(f"/commands/{NOWHERE}"))[0] == 404


def test_somebody_elses_command_is_not_there(stranger: Client, rendi: Client) -> None:
    command_id = rendi.submit()
    theirs = stranger.speaking(rendi.dialect)

    answer, unknown = theirs.get(f"/commands/{command_id}"), theirs.get(f"/commands/{NOWHERE}")

    assert rendi_problem_of(answer)[0] == 404
    assert answer.text.replace(command_id, NOWHERE) == unknown.text


def test_the_same_key_with_another_body_is_a_conflict(rendi: Client) -> None:
    rendi.post(RUN, single(), idempotency_key="rendi-conflict")

    answer = rendi.post(RUN, single(metadata={"other": 1}), idempotency_key="rendi-conflict")

    assert rendi_problem_of(answer)[0] == 409
