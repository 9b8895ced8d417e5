"""Section 3: several commands in one request, each on its own."""

import pytest

from tests.conformance.client import (
    PNG,
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
    unique,
)
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import SUCCEEDED, identifier, is_one_of, wrong_fields

RUN = "/run-multiple-ffmpeg-commands"
FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"
FAILING = "-f lavfi -i color=black:duration=1 -vf nosuchfilter {{out_1}}"
ONE_OF_MANY = {**SUCCEEDED, "command_type": is_one_of("MULTIPLE_COMMAND")}


def several(*commands: Record) -> Record:
    return {"commands": list(commands)}


def test_every_command_gets_an_id_in_the_order_of_the_request(client: Client) -> None:
    answer = client.post(RUN, several(*(single(metadata={"number": n}) for n in range(3))))

    shown = answer.json()
    assert (answer.status_code, shown.keys()) == (202, {"command_ids", "commands"})
    assert all(identifier(each) for each in shown["command_ids"])
    assert [each["command_id"] for each in shown["commands"]] == shown["command_ids"]
    assert [client.poll(each)["metadata"]["number"] for each in shown["command_ids"]] == [0, 1, 2]


def test_the_answer_says_that_they_wait(client: Client) -> None:
    shown = client.post(RUN, several(single(), single())).json()["commands"]

    assert [each.keys() for each in shown] == [{"command_id", "status"}] * 2
    assert {each["status"] for each in shown} == {"QUEUED"}


def test_each_is_polled_by_itself(client: Client) -> None:
    ids = client.post(RUN, several(single(), single(FAILING))).json()["command_ids"]

    good, bad = (client.finished(each) for each in ids)

    assert wrong_fields(good, ONE_OF_MANY) == {}
    assert (bad["status"], bad["command_type"]) == ("FAILED", "MULTIPLE_COMMAND")


def test_the_original_request_of_each_is_its_own(client: Client) -> None:
    first, second = single(metadata={"a": 1}), single(outputs={"out_1": "other.png"})

    ids = client.post(RUN, several(first, second)).json()["command_ids"]

    shown = [client.poll(each)["original_request"] for each in ids]
    assert shown[0].items() >= first.items()
    assert shown[1].items() >= second.items()


def test_each_has_a_webhook_of_its_own(client: Client, receiver: Receiver) -> None:
    hooks = [receiver.answering(200), receiver.answering(200)]

    ids = client.post(RUN, several(*(single(webhook_url=hook.url) for hook in hooks))).json()

    assert [
        command_id.encode() in hook.wait()[0].body
        for command_id, hook in zip(ids["command_ids"], hooks, strict=True)
    ] == [True, True]


def test_an_input_that_several_share_is_downloaded_once(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "shared.mp4")
    body = several(*[single(FRAME, PNG_OUT, {"in_1": place.url})] * 4)

    ids = client.post(RUN, body).json()["command_ids"]

    assert [client.finished(each)["status"] for each in ids] == ["SUCCESS"] * 4
    assert [request.method for request in place.received] == ["GET"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (single("-i {{in_2}} {{out_1}}"), "INVALID_COMMAND"),
        (single(outputs={"out_1": "no-extension"}), "INVALID_COMMAND"),
        (single(max_command_run_seconds=0), "INVALID_REQUEST"),
        (single(FRAME, inputs={"in_1": "no source"}), "INVALID_REQUEST"),
        ({"ffmpeg_command": PNG}, "INVALID_REQUEST"),
        ("text", "INVALID_REQUEST"),
    ],
)
def test_all_are_accepted_or_none(newcomer: Client, bad: Record, code: str) -> None:
    problem = problem_of(newcomer.post(RUN, several(single(), bad, single())))

    assert (problem.status, problem.code) == (400, code)
    assert newcomer.fetch("/commands")["commands"] == []


def test_the_command_at_fault_is_named(client: Client) -> None:
    problem = problem_of(client.post(RUN, several(single(), single(outputs={"out_1": "bad"}))))

    assert problem.loc[:2] == ("commands", "1")


def test_there_are_one_to_ten(client: Client) -> None:
    most = client.post(RUN, several(*[single()] * 10))
    too_many = client.post(RUN, several(*[single()] * 11))
    none = client.post(RUN, several())

    assert (most.status_code, len(most.json()["command_ids"])) == (202, 10)
    assert (
        problem_of(too_many) == problem_of(none) == Problem(400, "INVALID_REQUEST", ("commands",))
    )


def test_a_repeated_request_with_the_same_key_gets_the_same_ids(client: Client) -> None:
    body, key = several(single(), single()), unique()

    first = client.post(RUN, body, idempotency_key=key)
    again = client.post(RUN, body, idempotency_key=key)

    assert (again.status_code, again.json()["command_ids"]) == (202, first.json()["command_ids"])
