"""Section 3: submitting one command."""

import httpx
import pytest

from tests.conformance.client import (
    BLACK,
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
    unique,
    without,
)
from tests.conformance.shapes import identifier, positive

RUN = "/run-ffmpeg-command"
LONGEST_COMMAND = 16_384
MANY_OUTPUTS = {f"out_{number}": f"{number}.png" for number in range(64)}
WRONG_VALUES = [
    ("ffmpeg_command", None),
    ("ffmpeg_command", 5),
    ("ffmpeg_command", ["-i", "{{in_1}}"]),
    ("ffmpeg_command", ""),
    ("input_files", "https://example.com/clip.mp4"),
    ("input_files", ["https://example.com/clip.mp4"]),
    ("output_files", 5),
    ("output_files", ["black.png"]),
    ("metadata", "order"),
    ("metadata", ["order"]),
    ("webhook_url", 5),
    ("webhook_url", "no url"),
    ("webhook_url", "ftp://example.com/hook"),
    ("max_command_run_seconds", 0),
    ("max_command_run_seconds", -1),
    ("max_command_run_seconds", "soon"),
    ("max_command_run_seconds", 1.5),
    ("max_command_run_seconds", 10**12),
    ("vcpu_count", 0),
    ("vcpu_count", "two"),
    ("priority", -1),
    ("priority", 101),
    ("priority", "high"),
]


def submit(client: Client, **more: object) -> httpx.Response:
    return client.post(RUN, single() | more)


def repeated(form: str, names: dict[str, str]) -> str:
    return " ".join(form.format(f"{{{{{alias}}}}}") for alias in names)


def test_a_submit_answers_202_with_the_id_and_nothing_else(client: Client) -> None:
    answer = submit(client)

    assert (answer.status_code, answer.json().keys()) == (202, {"command_id"})
    assert identifier(answer.json()["command_id"])


def test_the_documented_request_is_taken_whole(client: Client, clip: Record) -> None:
    polled = client.run(
        "ffmpeg -i {{in_video}} -vf scale=32:-2 -c:v libx264 -c:a aac -b:a 32k {{out_video}}",
        {"out_video": "small.mp4"},
        {"in_video": clip["storage_url"]},
        metadata={"project": "launch", "task": "teaser"},
        max_command_run_seconds=120,
        vcpu_count=1,
    )

    record = polled["output_files"]["out_video"]
    assert (polled["status"], record["width"], record["height"]) == ("SUCCESS", 32, 24)


def test_json_may_name_its_charset(client: Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    answer = client.call("POST", RUN, json=single(), headers=headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("field", ["ffmpeg_command", "input_files", "output_files"])
def test_a_missing_field_is_named(client: Client, field: str) -> None:
    answer = client.post(RUN, without(single(), field))

    assert problem_of(answer) == Problem(400, "INVALID_REQUEST", (field,))


@pytest.mark.parametrize(("field", "value"), WRONG_VALUES)
def test_a_value_that_does_not_fit_is_refused_and_named(
    client: Client, field: str, value: object
) -> None:
    problem = problem_of(submit(client, **{field: value}))

    assert (problem.status, problem.code, problem.loc[:1]) == (400, "INVALID_REQUEST", (field,))


def test_there_is_at_least_one_output(client: Client) -> None:
    problem = problem_of(submit(client, ffmpeg_command=f"{BLACK} -f null -", output_files={}))

    assert (problem.status, problem.loc) == (400, ("output_files",))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 9000])
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    answer = client.call("POST", RUN, content=body, headers={"Content-Type": "application/json"})

    problem = problem_of(answer)
    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


def test_unknown_fields_are_ignored(client: Client) -> None:
    answer = submit(client, commandType="ffmpeg", callback=None, options={"deep": [1]})

    assert answer.status_code == 202


def test_numeric_strings_are_taken_for_integers(client: Client) -> None:
    command_id = client.submit(max_command_run_seconds="300", vcpu_count="1", priority="70")

    request = client.poll(command_id)["original_request"]

    assert (request["max_command_run_seconds"], request["vcpu_count"]) == (300, 1)


def test_a_command_has_at_most_16384_characters(client: Client) -> None:
    start, end = f"{BLACK} -metadata title=", " {{out_1}}"
    longest = start + "x" * (LONGEST_COMMAND - len(start) - len(end)) + end

    taken = client.post("/validate", single(longest))
    refused = submit(client, ffmpeg_command=longest + " ")

    assert taken.status_code == 200
    assert problem_of(refused) == Problem(400, "INVALID_REQUEST", ("ffmpeg_command",))


def test_there_are_at_most_64_inputs(client: Client, clip: Record) -> None:
    most = {f"in_{number}": clip["file_id"] for number in range(64)}
    over = most | {"in_64": clip["file_id"]}

    taken = client.post("/validate", single(repeated("-i {}", most) + " {{out_1}}", PNG_OUT, most))
    refused = client.post(RUN, single(repeated("-i {}", over) + " {{out_1}}", PNG_OUT, over))

    assert taken.status_code == 200
    assert problem_of(refused) == Problem(400, "INVALID_REQUEST", ("input_files",))


def test_there_are_at_most_64_outputs(client: Client) -> None:
    over = MANY_OUTPUTS | {"out_64": "64.png"}

    taken = client.post(
        "/validate", single(f"{BLACK} {repeated('{}', MANY_OUTPUTS)}", MANY_OUTPUTS)
    )
    refused = client.post(RUN, single(f"{BLACK} {repeated('{}', over)}", over))

    assert taken.status_code == 200
    assert problem_of(refused) == Problem(400, "INVALID_REQUEST", ("output_files",))


@pytest.mark.parametrize("value", ["text", "", 5, -2, 0.5, True, False])
def test_metadata_of_every_kind_comes_back_as_it_was(client: Client, value: object) -> None:
    command_id = client.submit(metadata={"Any key: ä": value})

    metadata = client.poll(command_id)["metadata"]

    assert metadata == {"Any key: ä": value}
    assert type(metadata["Any key: ä"]) is type(value)


def test_metadata_has_at_most_ten_keys(client: Client) -> None:
    most = {f"key{number}": number for number in range(10)}

    taken = submit(client, metadata=most)
    refused = submit(client, metadata=most | {"key10": 10})

    assert taken.status_code == 202
    assert problem_of(refused) == Problem(400, "INVALID_REQUEST", ("metadata",))


@pytest.mark.parametrize("value", [None, [], {}, ["a"], {"a": 1}])
def test_metadata_is_flat(client: Client, value: object) -> None:
    problem = problem_of(submit(client, metadata={"key": value}))

    assert problem == Problem(400, "INVALID_REQUEST", ("metadata", "key"))


def test_defaults_that_were_applied_are_shown(success: Record) -> None:
    request = success["original_request"]

    assert positive(request["max_command_run_seconds"])
    assert positive(request["vcpu_count"])
    assert request["vcpu_count"] == success["vcpu_count"]


def test_vcpus_are_clipped_to_the_machine_and_shown_as_used(client: Client) -> None:
    polled = client.run(vcpu_count=100_000)

    assert polled["status"] == "SUCCESS"
    assert 1 <= polled["vcpu_count"] < 100_000
    assert polled["original_request"]["vcpu_count"] == polled["vcpu_count"]


@pytest.mark.usefixtures("busy")
def test_what_is_more_urgent_runs_first_then_what_came_first(client: Client) -> None:
    sent = {"idle": 0, "usual": 50, "default": None, "urgent": 100}

    ids = {
        name: client.submit(**({} if priority is None else {"priority": priority}))
        for name, priority in sent.items()
    }

    positions = {name: client.poll(each)["queue_position"] for name, each in ids.items()}
    assert sorted(sent, key=lambda name: positions[name]) == ["urgent", "usual", "default", "idle"]


def test_a_repeated_submit_with_the_same_key_gets_the_first_answer(either: Client) -> None:
    body, key = single(), unique()

    first = either.accepted(RUN, body, idempotency_key=key)
    again = either.accepted(RUN, body, idempotency_key=key)

    assert first == again


def test_the_same_key_with_another_body_is_a_conflict(client: Client) -> None:
    key = unique()
    client.accepted(RUN, single(), idempotency_key=key)

    answer = client.post(RUN, single(metadata={"other": True}), idempotency_key=key)

    assert problem_of(answer) == Problem(409, "IDEMPOTENCY_CONFLICT")


def test_the_same_key_of_somebody_else_is_another_one(client: Client, stranger: Client) -> None:
    body, key = single(), unique()

    mine = client.accepted(RUN, body, idempotency_key=key)
    theirs = stranger.accepted(RUN, body, idempotency_key=key)

    assert mine != theirs


def test_a_refused_submit_uses_no_key_up(client: Client) -> None:
    key = unique()
    client.post(RUN, single(outputs={}), idempotency_key=key)

    answer = client.post(RUN, single(), idempotency_key=key)

    assert answer.status_code == 202


def test_an_idempotency_key_has_1_to_255_characters(client: Client) -> None:
    longest = unique().ljust(255, "x")

    taken = client.post(RUN, single(), idempotency_key=longest)
    too_long = client.post(RUN, single(), idempotency_key=longest + "x")
    empty = client.post(RUN, single(), idempotency_key="")

    assert taken.status_code == 202
    assert problem_of(too_long) == problem_of(empty) == Problem(400, "INVALID_REQUEST")


def test_without_a_key_the_same_body_is_another_command(client: Client) -> None:
    assert client.submit() != client.submit()


def test_an_accepted_command_can_be_polled_at_once(client: Client) -> None:
    command_id = client.submit()

    assert client.poll(command_id)["command_id"] == command_id
