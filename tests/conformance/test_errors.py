"""Section 5: refusals. Those of single fields are tested where the fields are."""

import itertools
import json
from http import HTTPStatus

import httpx
import pytest

from tests.conformance.client import (
    BLACK,
    PNG_OUT,
    RENDI,
    Client,
    Problem,
    Record,
    eventually,
    problem_of,
    rendi_problem_of,
    single,
)
from tests.conformance.conftest import REQUESTS_PER_MINUTE, MakeClient
from tests.conformance.receiver import Receiver

RUN = "/run-ffmpeg-command"
MEBIBYTE = 1024 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}
FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"


def retry_after(answer: httpx.Response) -> int:
    return int(answer.headers["retry-after"])


@pytest.mark.parametrize("path", ["/nothing", "/", "", "/commands/a/b/c", "/files/a/b/c/d"])
def test_an_unknown_address_is_not_found(client: Client, path: str) -> None:
    assert problem_of(client.get(path)) == Problem(404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/nothing", "/commands/a/b/c"])
def test_rendi_says_in_its_envelope_that_nothing_is_there(rendi: Client, path: str) -> None:
    assert rendi_problem_of(rendi.get(path))[0] == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("path", ["/nothing", "/files/wrong/clip.mp4"])
def test_an_address_outside_of_both_is_not_found(client: Client, path: str) -> None:
    answer = client.http.get(client.url + path)

    assert problem_of(answer) == Problem(404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", RUN), ("DELETE", "/commands"), ("PATCH", "/files"), ("PUT", "/files/upload")],
)
def test_a_wrong_method_is_refused_with_the_right_ones(
    client: Client, method: str, path: str
) -> None:
    answer = client.call(method, path)

    assert problem_of(answer) == Problem(405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"]


def test_rendi_refuses_a_wrong_method_in_its_envelope(rendi: Client) -> None:
    assert rendi_problem_of(rendi.get(RUN))[0] == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("headers", [TEXT, FORM, {"Content-Type": ""}])
@pytest.mark.parametrize(
    "path", [RUN, "/run-chained-ffmpeg-commands", "/files/store-file", "/presets", "/validate"]
)
def test_json_under_another_name_is_refused(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    answer = client.call("POST", path, content=json.dumps(single()), headers=headers)

    assert problem_of(answer) == Problem(415, "UNSUPPORTED_MEDIA_TYPE")


def test_rendi_refuses_another_media_type_in_its_envelope(rendi: Client) -> None:
    answer = rendi.call("POST", RUN, content=json.dumps(single()), headers=TEXT)

    assert rendi_problem_of(answer)[0] == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_an_upload_that_is_no_form_is_refused(client: Client) -> None:
    answer = client.call("POST", "/files/upload", content=b"{}", headers=JSON)

    assert problem_of(answer) == Problem(415, "UNSUPPORTED_MEDIA_TYPE")


def test_every_answer_has_a_request_id_of_its_own(client: Client) -> None:
    answers = [client.get("/commands"), client.get("/nothing"), client.http.get(client.url)]

    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_a_body_over_the_limit_is_too_large(strict: MakeClient) -> None:
    answer = strict().post(RUN, single(comment="x" * 65 * 1024))

    assert problem_of(answer) == Problem(413, "PAYLOAD_TOO_LARGE")


def test_an_upload_over_the_limit_is_too_large(strict: MakeClient) -> None:
    client = strict()

    answer = client.call("POST", "/files/upload", files={"file": ("a.bin", bytes(2 * MEBIBYTE))})

    assert problem_of(answer) == Problem(413, "PAYLOAD_TOO_LARGE")
    assert client.fetch("/files")["files"] == []


def test_rendi_says_in_its_envelope_that_a_body_is_too_large(strict: MakeClient) -> None:
    answer = strict().speaking(RENDI).post(RUN, single(comment="x" * 65 * 1024))

    assert rendi_problem_of(answer)[0] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_key_that_asks_too_often_is_told_when_to_come_back(strict: MakeClient) -> None:
    client, other = strict(), strict()

    answers = [client.get("/commands", limit=1) for _ in range(REQUESTS_PER_MINUTE + 20)]

    allowed = len(list(itertools.takewhile(lambda answer: answer.is_success, answers)))
    assert REQUESTS_PER_MINUTE <= allowed < len(answers)
    assert problem_of(answers[allowed]) == Problem(429, "RATE_LIMITED")
    assert 1 <= retry_after(answers[allowed]) <= 60
    assert rendi_problem_of(client.speaking(RENDI).get("/commands"))[0] == 429
    assert other.get("/commands").status_code == 200


def test_a_queue_that_is_full_says_when_to_come_back(strict: MakeClient) -> None:
    client = strict()

    with client.endless():
        waiting = [client.submit(), client.submit()]
        answer = client.post(RUN, single())
        rendi = client.speaking(RENDI).post(RUN, single())

    assert [client.finished(command_id)["status"] for command_id in waiting] == ["SUCCESS"] * 2
    assert problem_of(answer) == Problem(503, "QUEUE_FULL")
    assert retry_after(answer) >= 1
    assert (rendi_problem_of(rendi)[0], retry_after(rendi) >= 1) == (503, True)


def test_a_batch_that_does_not_fit_into_the_queue_is_refused_whole(strict: MakeClient) -> None:
    client = strict()

    answer = client.post("/run-multiple-ffmpeg-commands", {"commands": [single()] * 10})

    assert problem_of(answer) == Problem(503, "QUEUE_FULL")
    assert client.fetch("/commands")["commands"] == []


def test_an_input_over_the_limit_fails_the_command(strict: MakeClient, receiver: Receiver) -> None:
    place = receiver.file(bytes(2 * MEBIBYTE), "large.bin")

    polled = strict().run(FRAME, PNG_OUT, {"in_1": place.url})

    assert polled["error_status"] == "INPUT_TOO_LARGE"


def test_an_output_over_the_limit_fails_the_command(strict: MakeClient) -> None:
    command = "-f lavfi -i testsrc2=size=640x360:duration=1 -c:v rawvideo {{out_1}}"

    polled = strict().run(command, {"out_1": "large.avi"})

    assert polled["error_status"] == "OUTPUT_TOO_LARGE"


def test_a_disk_that_is_full_takes_no_upload(full: Client) -> None:
    answer = full.call("POST", "/files/upload", files={"file": ("a.txt", b"a")})

    assert problem_of(answer) == Problem(503, "STORAGE_FULL")
    assert retry_after(answer) >= 1


def test_rendi_calls_a_full_disk_a_quota(full: Client) -> None:
    answer = full.speaking(RENDI).call("POST", "/files/upload", files={"file": ("a.txt", b"a")})

    assert rendi_problem_of(answer) == (403, "Account has passed its' storage quota")


def test_a_box_whose_disk_is_full_is_alive_but_not_ready(full: Client) -> None:
    alive, ready = full.http.get(full.url + "/healthz"), full.http.get(full.url + "/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)


def test_a_command_on_a_full_disk_is_refused_or_waits_and_says_so(full: Client) -> None:
    answer = full.post(RUN, single(f"{BLACK} {{{{out_1}}}}"))

    if not answer.is_success:
        assert problem_of(answer).code == "STORAGE_FULL"
        return
    command_id = answer.json()["command_id"]
    waiting = full.until(command_id, lambda polled: polled["waiting_for"] == "STORAGE")
    assert waiting["status"] == "QUEUED"
    full.cancel(command_id)


def test_a_box_that_is_stopping_takes_nothing_new(stopping: Client) -> None:
    def refused() -> Record | None:
        answer = stopping.post(RUN, single())
        return None if answer.is_success else {"answer": answer}

    answer = eventually(refused)["answer"]

    assert problem_of(answer) == Problem(503, "SHUTTING_DOWN")
    assert retry_after(answer) >= 1
