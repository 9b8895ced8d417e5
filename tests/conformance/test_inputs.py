"""Section 2: what an input may be."""

import base64
import hashlib
from urllib.parse import quote

import httpx
import pytest

from tests.conformance.client import (
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
)
from tests.conformance.receiver import Receiver

FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"
SUBTITLES = "1\n00:00:00,000 --> 00:00:01,000\nHallo, Wëlt\n"
LARGEST_TEXT = 64 * 1024


def frame_of(client: Client, source: str) -> Record:
    return client.run(FRAME, PNG_OUT, {"in_1": source})


def test_an_input_is_a_url(client: Client, receiver: Receiver, clip_bytes: bytes) -> None:
    place = receiver.file(clip_bytes, "my%20clip.mp4")

    polled = frame_of(client, place.url + "?signature=a%2Fb&x=1")

    assert polled["status"] == "SUCCESS"
    assert "x-api-key" not in place.received[0].headers


def test_a_url_that_redirects_is_followed(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "clip.mp4")
    redirecting = receiver.answering(302, location=place.url)

    assert frame_of(client, redirecting.url)["status"] == "SUCCESS"


def test_an_input_is_a_storage_url_of_this_box(client: Client, clip: Record) -> None:
    assert frame_of(client, clip["storage_url"])["status"] == "SUCCESS"


def test_a_storage_url_is_an_input_for_everybody_who_has_it(stranger: Client, clip: Record) -> None:
    assert frame_of(stranger, clip["storage_url"])["status"] == "SUCCESS"


def test_an_input_is_a_file_id_of_this_box(client: Client, clip: Record) -> None:
    assert frame_of(client, clip["file_id"])["status"] == "SUCCESS"


def test_an_upload_is_an_input_as_soon_as_it_is_answered(client: Client, clip_bytes: bytes) -> None:
    uploaded = client.upload(clip_bytes, "clip.mp4")

    assert frame_of(client, uploaded["storage_url"])["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "source",
    [
        "data:," + quote(SUBTITLES),
        "data:application/x-subrip," + quote(SUBTITLES),
        "data:text/plain;base64," + base64.b64encode(SUBTITLES.encode()).decode(),
    ],
)
def test_an_input_is_text_that_comes_with_the_request(client: Client, source: str) -> None:
    record = client.made("-f srt -i {{in_1}} -c:s webvtt {{out_1}}", "words.vtt", {"in_1": source})

    assert "Hallo, Wëlt" in client.http.get(record["storage_url"]).content.decode()


def test_a_concat_list_comes_with_the_request(client: Client, clip: Record) -> None:
    names = quote("file '{{in_clip}}'\nfile '{{in_clip}}'\n")

    record = client.made(
        "-f concat -safe 0 -i {{in_list}} -c copy {{out_1}}",
        "both.mp4",
        {"in_list": "data:," + names, "in_clip": clip["file_id"]},
    )

    assert record["duration"] == pytest.approx(2, abs=0.3)


def test_text_of_64_kib_is_taken_and_not_one_byte_more(client: Client) -> None:
    largest = "data:," + "x" * LARGEST_TEXT

    taken = client.post("/validate", single(FRAME, inputs={"in_1": largest}))
    refused = client.post("/run-ffmpeg-command", single(FRAME, inputs={"in_1": largest + "x"}))

    assert taken.status_code == 200
    assert problem_of(refused) == Problem(400, "INVALID_REQUEST", ("input_files", "in_1"))


@pytest.mark.parametrize(
    "source",
    [
        *("", "clip.mp4", "/etc/hostname", "file:///etc/hostname", "ftp://example.com/clip.mp4"),
        *("http://", "https:///clip.mp4", "http://exa mple.com/clip.mp4", "concat:a|b"),
        *("s3://bucket/clip.mp4", "rtmp://example.com/live", "data:;base64,%%%", "-i"),
    ],
)
def test_nothing_else_is_an_input(client: Client, source: str) -> None:
    answer = client.post("/run-ffmpeg-command", single(FRAME, inputs={"in_1": source}))

    assert problem_of(answer) == Problem(400, "INVALID_REQUEST", ("input_files", "in_1"))


@pytest.mark.parametrize("source", [None, 1, True, ["https://example.com/a.mp4"], {}])
def test_an_input_is_text_and_nothing_else(client: Client, source: object) -> None:
    body = single(FRAME) | {"input_files": {"in_1": source}}

    answer = client.post("/run-ffmpeg-command", body)

    assert problem_of(answer) == Problem(400, "INVALID_REQUEST", ("input_files", "in_1"))


def test_inputs_keep_their_bytes(client: Client, http: httpx.Client) -> None:
    content = bytes(range(256)) * 40
    uploaded = client.upload(content, "raw.bin")

    record = client.made(
        "-f data -i {{in_1}} -map 0 -c copy -f data {{out_1}}",
        "raw.bin",
        {"in_1": uploaded["file_id"]},
    )

    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert http.get(record["storage_url"]).content == content


def test_a_command_opens_no_url_itself(client: Client, receiver: Receiver) -> None:
    place = receiver.file(b"secret", "secret.txt")

    answer = client.post("/run-ffmpeg-command", single(f"-f data -i {place.url} {{{{out_1}}}}"))

    assert ending_of(client, answer) in {"INVALID_COMMAND", "FFMPEG_FAILED"}
    assert place.received == []


def ending_of(client: Client, answer: httpx.Response) -> str:
    """Return the code with which the submit was refused, or the command failed."""
    if answer.is_success:
        return str(client.finished(answer.json()["command_id"])["error_status"])
    return str(answer.json()["error"])
