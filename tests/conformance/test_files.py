"""Section 6: what is told of files, and deleting them."""

import base64
import math
import struct

import httpx
import pytest

from tests.conformance.client import (
    NOWHERE,
    Client,
    Problem,
    Record,
    problem_of,
)
from tests.conformance.shapes import FILE, VIDEO_FILE, is_one_of, text, wrong_fields

MEBIBYTE = 1_048_576
QUARTER_TURN = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
MATRIX_AT = 4 + 40
"""Where the matrix begins in an MP4 track header of version 0, from its name on."""
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
KINDS = [
    ("words.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHi\n", "subtitles", "application/x-subrip"),
    ("notes.txt", b"notes", "text", "text/plain"),
    ("stuff.zip", b"PK\x05\x06" + bytes(18), "archive", "application/zip"),
    ("dot.gif", GIF, "image", "image/gif"),
    ("raw.bin", b"\x00\x01", "other", "application/octet-stream"),
]


def turned(clip: bytes) -> bytes:
    """Return the clip as if the camera had been held upright."""
    at = clip.index(b"tkhd") + MATRIX_AT
    return clip[:at] + QUARTER_TURN + clip[at + len(QUARTER_TURN) :]


def names(page: Record) -> list[str]:
    return [file["filename"] for file in page["files"]]


def test_a_video_with_sound_has_every_field(clip: Record) -> None:
    assert wrong_fields(clip, VIDEO_FILE) == {}
    assert (clip["filename"], clip["file_format"]) == ("clip.mp4", "mp4")
    assert (clip["file_type"], clip["mime_type"]) == ("video", "video/mp4")
    assert (clip["status"], clip["rendi_store_type"]) == ("STORED", "OUTPUT")
    assert (clip["codec"], clip["pixel_format"]) == ("h264", "yuv420p")
    assert (clip["width"], clip["height"], clip["channels"]) == (64, 48, 1)
    assert (clip["frame_rate"], clip["is_varying_frame_rate"]) == (10.0, False)
    assert (clip["sample_rate"], clip["duration"]) == (44_100, pytest.approx(1, abs=0.2))


def test_the_size_is_in_mebibytes_unrounded(clip: Record, clip_bytes: bytes) -> None:
    assert clip["size_mbytes"] == len(clip_bytes) / MEBIBYTE


def test_bit_rates_are_those_of_ffprobe_in_units_of_1024(client: Client, clip: Record) -> None:
    video, audio = client.post("/probe", {"file_id": clip["file_id"]}).json()["streams"]

    assert clip["bitrate_video_kb"] == pytest.approx(int(video["bit_rate"]) / 1024)
    assert clip["bitrate_audio_kb"] == pytest.approx(int(audio["bit_rate"]) / 1024)


def test_width_and_height_are_as_displayed(client: Client, clip_bytes: bytes) -> None:
    record = client.file(client.upload(turned(clip_bytes), "upright.mp4")["file_id"])

    assert (record["width"], record["height"]) == (48, 64)


def test_a_sound_has_no_picture(client: Client) -> None:
    record = client.made("-f lavfi -i sine=duration=0.2 {{out_1}}", "tone.wav")

    assert (record["file_type"], record["codec"]) == ("audio", "pcm_s16le")
    assert [record[name] for name in ("width", "height", "frame_rate", "pixel_format")] == [
        None
    ] * 4
    assert (record["sample_rate"], record["channels"]) == (44_100, 1)


def test_a_gif_is_an_image(client: Client) -> None:
    record = client.made("-f lavfi -i testsrc2=size=16x16:rate=5:duration=1 {{out_1}}", "a.gif")

    assert (record["file_type"], record["file_format"]) == ("image", "gif")
    assert (record["mime_type"], record["codec"]) == ("image/gif", "gif")


@pytest.mark.parametrize(("name", "content", "kind", "mime_type"), KINDS)
def test_every_kind_of_file_is_called_by_its_name(
    client: Client, name: str, content: bytes, kind: str, mime_type: str
) -> None:
    record = client.file(client.upload(content, name)["file_id"])

    assert (record["file_type"], record["mime_type"]) == (kind, mime_type)
    assert (record["filename"], record["file_format"]) == (name, name[-3:])


def test_an_upload_has_every_field(client: Client) -> None:
    record = client.file(client.upload(b"\x00\x01", "raw.bin")["file_id"])

    assert wrong_fields(record, FILE | {"rendi_store_type": is_one_of("UPLOAD")}) == {}
    assert record["size_mbytes"] == 2 / MEBIBYTE


def test_an_upload_answers_with_four_fields(either: Client) -> None:
    uploaded = either.upload(b"x" * 1000, "my notes.txt")

    assert uploaded.keys() == {"file_id", "storage_url", "filename", "size_mbytes"}
    assert (uploaded["filename"], uploaded["size_mbytes"]) == ("my notes.txt", 1000 / MEBIBYTE)


def test_an_upload_can_be_fetched_as_soon_as_it_is_answered(either: Client) -> None:
    content = bytes(range(256)) * 5000

    uploaded = either.upload(content, "raw.bin")

    assert either.http.get(uploaded["storage_url"]).content == content


def test_an_upload_needs_a_part_called_file(client: Client) -> None:
    answer = client.call("POST", "/files/upload", files={"document": ("a.txt", b"a")})

    problem = problem_of(answer)
    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")


def test_an_output_is_a_file_like_any_other(client: Client, clip: Record) -> None:
    assert client.file(clip["file_id"]) == clip


def test_a_deleted_file_keeps_its_record_and_loses_its_address(client: Client) -> None:
    uploaded = client.upload()

    answer = client.delete(f"/files/{uploaded['file_id']}")

    record = client.file(uploaded["file_id"])
    assert (answer.status_code, answer.json()) == (
        200,
        {"deleted": True, "file_id": uploaded["file_id"]},
    )
    assert record["is_deleted"] is True
    assert problem_of(client.http.get(uploaded["storage_url"])) == Problem(404, "NOT_FOUND")


def test_a_file_is_deleted_once(client: Client) -> None:
    path = f"/files/{client.upload()['file_id']}"
    client.delete(path)

    assert problem_of(client.delete(path)) == Problem(404, "NOT_FOUND")


def test_a_deleted_file_is_no_input(client: Client) -> None:
    uploaded = client.upload()
    client.delete(f"/files/{uploaded['file_id']}")

    body = {
        "ffmpeg_command": "-i {{in_1}} {{out_1}}",
        "input_files": {"in_1": uploaded["storage_url"]},
        "output_files": {"out_1": "a.png"},
    }

    assert problem_of(client.post("/run-ffmpeg-command", body)).status == 400


@pytest.mark.parametrize("file_id", [NOWHERE, "no-id"])
def test_an_unknown_file_is_not_found(client: Client, file_id: str) -> None:
    shown, deleted = client.get(f"/files/{file_id}"), client.delete(f"/files/{file_id}")

    assert problem_of(shown) == problem_of(deleted) == Problem(404, "NOT_FOUND")


def test_the_newest_file_comes_first_and_deleted_ones_are_left_out(newcomer: Client) -> None:
    uploaded = [newcomer.upload(name=f"{number}.txt")["file_id"] for number in range(4)]
    newcomer.delete(f"/files/{uploaded[1]}")

    page = newcomer.fetch("/files")

    assert names(page) == ["3.txt", "2.txt", "0.txt"]
    assert page["files"][0] == newcomer.file(uploaded[3])
    assert (page["limit"], page["offset"]) == (50, 0)


def test_a_page_of_files_is_what_was_asked_for(newcomer: Client) -> None:
    for number in range(4):
        newcomer.upload(name=f"{number}.txt")

    page = newcomer.fetch("/files", limit=2, offset=1)

    assert (names(page), page["limit"], page["offset"]) == (["2.txt", "1.txt"], 2, 1)


def test_100_files_are_really_listed(newcomer: Client) -> None:
    uploaded = [newcomer.upload()["file_id"] for _ in range(102)]

    page = newcomer.fetch("/files", limit=100)

    assert [file["file_id"] for file in page["files"]] == uploaded[:1:-1]
    assert len(newcomer.fetch("/files", limit=100, offset=100)["files"]) == 2


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"limit": "all"}, {"offset": -1}, {"offset": ""}]
)
def test_a_bad_query_for_files_is_refused(client: Client, query: Record) -> None:
    problem = problem_of(client.get("/files", **query))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


def test_files_are_deleted_many_at_once(either: Client) -> None:
    uploaded = [either.upload()["file_id"] for _ in range(3)]

    answer = either.post("/files/bulk-delete", {"file_ids": uploaded})

    assert (answer.status_code, answer.json()) == (200, {"deleted_file_ids": uploaded})
    assert [either.file(file_id)["is_deleted"] for file_id in uploaded] == [True] * 3


def test_one_unknown_file_keeps_all_from_being_deleted(either: Client) -> None:
    uploaded = either.upload()["file_id"]

    answer = either.post("/files/bulk-delete", {"file_ids": [uploaded, NOWHERE]})

    assert answer.status_code == 404
    assert either.file(uploaded)["is_deleted"] is False


def test_one_file_of_somebody_else_keeps_all_from_being_deleted(
    client: Client, stranger: Client
) -> None:
    mine, theirs = client.upload()["file_id"], stranger.upload()["file_id"]

    answer = client.post("/files/bulk-delete", {"file_ids": [mine, theirs]})

    assert problem_of(answer) == Problem(404, "NOT_FOUND")
    assert (client.file(mine)["is_deleted"], stranger.file(theirs)["is_deleted"]) == (False, False)


@pytest.mark.parametrize(
    "body", [{}, {"file_ids": []}, {"file_ids": NOWHERE}, {"file_ids": [NOWHERE] * 1001}]
)
def test_one_to_1000_files_are_deleted_at_once(client: Client, body: Record) -> None:
    assert problem_of(client.post("/files/bulk-delete", body)).status in {400, 422}


def test_the_same_bytes_have_the_same_digest(client: Client, http: httpx.Client) -> None:
    one, other = (client.upload(b"same", name) for name in ("a.txt", "b.txt"))

    records = [client.file(each["file_id"]) for each in (one, other)]

    assert records[0]["sha256"] == records[1]["sha256"]
    assert text(records[0]["sha256"])
    assert http.get(one["storage_url"]).content == http.get(other["storage_url"]).content


def test_sizes_of_outputs_are_finite_numbers(clip: Record) -> None:
    numbers = [clip["duration"], clip["frame_rate"], clip["bitrate_video_kb"]]

    assert all(math.isfinite(number) for number in numbers)
