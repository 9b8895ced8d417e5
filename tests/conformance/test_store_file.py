"""Section 6: files that the box fetches itself."""

import httpx
import pytest

from tests.conformance.client import RENDI, Client, Problem, Record, problem_of, single
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import (
    FILE,
    VIDEO_FILE,
    identifier,
    is_one_of,
    null,
    or_null,
    text,
    url,
    wrong_fields,
    wrong_rendi_fields,
)

STORE = "/files/store-file"
FETCHED = {**VIDEO_FILE, "rendi_store_type": is_one_of("STORED_FILE"), "original_file_url": url}
NOT_FETCHED = {
    **FILE,
    "status": is_one_of("FAILED"),
    "storage_url": null,
    "size_mbytes": null,
    "sha256": null,
    "rendi_store_type": is_one_of("STORED_FILE"),
    "original_file_url": url,
    "error_status": is_one_of("UNREACHABLE_INPUT_FILE"),
    "error_message": text,
}


def store(client: Client, body: object) -> Record:
    answer = client.post(STORE, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("field", ["file_url", "url"])
def test_a_file_is_fetched_and_stored(
    client: Client, receiver: Receiver, clip_bytes: bytes, field: str
) -> None:
    place = receiver.file(clip_bytes, "holiday.mp4")

    answered = store(client, {field: place.url})

    record = client.stored(answered["file_id"])
    assert wrong_fields(record, FETCHED) == {}
    assert (record["filename"], record["original_file_url"]) == ("holiday.mp4", place.url)
    assert client.http.get(record["storage_url"]).content == clip_bytes


def test_the_answer_is_that_of_an_upload(client: Client, receiver: Receiver) -> None:
    answered = store(client, {"file_url": receiver.file(b"notes", "notes.txt").url})

    assert answered.keys() == {"file_id", "storage_url", "filename", "size_mbytes"}
    assert (identifier(answered["file_id"]), answered["filename"]) == (True, "notes.txt")
    assert or_null(url)(answered["storage_url"])


def test_the_file_may_be_given_a_name(client: Client, receiver: Receiver) -> None:
    place = receiver.file(b"notes", "download.php")

    answered = store(client, {"url": place.url, "filename": "notes.txt"})

    record = client.stored(answered["file_id"])
    assert (record["filename"], record["file_format"]) == ("notes.txt", "txt")
    assert record["storage_url"].endswith("/notes.txt")


def test_the_file_is_fetched_in_the_background(client: Client, receiver: Receiver) -> None:
    place = receiver.file(b"notes" * 1000, "notes.txt", held=True)

    answered = store(client, {"file_url": place.url})

    before = client.file(answered["file_id"])
    place.release()
    after = client.stored(answered["file_id"])
    assert (before["status"], before["size_mbytes"]) == ("PROCESSING", None)
    assert after["status"] == "STORED"
    assert client.http.get(after["storage_url"]).content == b"notes" * 1000


def test_the_address_in_the_answer_works_once_the_file_is_stored(
    client: Client, receiver: Receiver
) -> None:
    answered = store(client, {"file_url": receiver.file(b"notes", "notes.txt").url})

    record = client.stored(answered["file_id"])

    assert answered["storage_url"] in {record["storage_url"], None}


def test_a_file_that_is_stored_is_an_input(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "clip.mp4")
    record = client.stored(store(client, {"file_url": place.url})["file_id"])

    made = client.made("-i {{in_1}} -frames:v 1 {{out_1}}", inputs={"in_1": record["storage_url"]})

    assert made["width"] == 64
    assert len(place.received) == 1


def test_a_file_that_cannot_be_fetched_says_why(client: Client, receiver: Receiver) -> None:
    answered = store(client, {"file_url": receiver.answering(404, name="gone.mp4").url})

    record = client.stored(answered["file_id"])
    assert wrong_fields(record, NOT_FETCHED) == {}
    assert "404" in record["error_message"]


def test_a_file_that_was_not_fetched_is_no_input(client: Client, receiver: Receiver) -> None:
    answered = store(client, {"file_url": receiver.answering(404, name="gone.mp4").url})
    client.stored(answered["file_id"])

    body = single("-i {{in_1}} {{out_1}}", inputs={"in_1": answered["file_id"]})

    assert problem_of(client.post("/run-ffmpeg-command", body)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_url": None},
        {"file_url": 5},
        {"file_url": ""},
        {"file_url": "clip.mp4"},
        {"file_url": "ftp://example.com/clip.mp4"},
        {"url": "file:///etc/hostname"},
        {"url": "http://"},
    ],
)
def test_a_url_that_is_none_is_refused(client: Client, body: Record) -> None:
    problem = problem_of(client.post(STORE, body))

    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")


def test_somebody_elses_file_is_not_seen(
    client: Client, stranger: Client, receiver: Receiver
) -> None:
    answered = store(client, {"file_url": receiver.file(b"notes", "notes.txt").url})

    answer = stranger.get(f"/files/{answered['file_id']}")

    assert problem_of(answer) == Problem(404, "NOT_FOUND")


def test_rendi_answers_with_the_id_alone(
    rendi: Client, receiver: Receiver, http: httpx.Client
) -> None:
    answered = store(rendi, {"file_url": receiver.file(b"notes", "notes.txt").url})

    record = rendi.stored(answered["file_id"])
    assert answered.keys() == {"file_id"}
    assert http.get(record["storage_url"]).content == b"notes"


def test_rendi_has_words_of_its_own_for_a_file_on_its_way(
    rendi: Client, receiver: Receiver
) -> None:
    place = receiver.file(b"notes" * 1000, "notes.txt", held=True)
    answered = store(rendi, {"file_url": place.url})

    record = rendi.file(answered["file_id"])

    assert record["status"] in {"QUEUED", "DOWNLOADING", "DOWNLOADED"}
    assert wrong_rendi_fields(record, {}) == {}


def test_rendi_calls_the_message_external(client: Client, receiver: Receiver) -> None:
    rendi = client.speaking(RENDI)
    answered = store(rendi, {"file_url": receiver.answering(404, name="gone.mp4").url})

    record = rendi.stored(answered["file_id"])

    assert (record["status"], record["error_status"]) == ("FAILED", "UNREACHABLE_INPUT_FILE")
    assert "404" in record["external_error_message"]
    assert record.keys().isdisjoint({"error_message", "filename", "storage_url"})
