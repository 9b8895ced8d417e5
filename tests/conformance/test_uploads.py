"""Section 6: uploads in parts, which can be resumed."""

import hashlib
import math

import httpx
import pytest

from tests.conformance.client import (
    NOWHERE,
    Client,
    Problem,
    Record,
    problem_of,
    single,
)
from tests.conformance.shapes import FILE, identifier, is_one_of, positive, wrong_fields

MORE = b"and a little more"
UPLOADED = {**FILE, "rendi_store_type": is_one_of("UPLOAD")}


def begun(client: Client, size_bytes: object, filename: str = "large.bin") -> Record:
    body = {"filename": filename, "size_bytes": size_bytes}
    answer = client.post("/files/init-upload", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def put(client: Client, url: str, content: bytes) -> httpx.Response:
    """Send a part as anybody can who has its URL: without a key."""
    return client.http.put(url, content=content)


def completed(client: Client, upload: Record, *etags: str) -> httpx.Response:
    parts = [{"part_number": number, "etag": etag} for number, etag in enumerate(etags, start=1)]
    return client.post(f"/files/{upload['file_id']}/complete-upload", {"parts": parts})


@pytest.fixture(scope="module")
def part_size(client: Client) -> int:
    return int(begun(client, 1)["part_size"])


def test_an_upload_begins_with_an_address_for_every_part(either: Client, part_size: int) -> None:
    size_bytes = 2 * part_size + 1

    upload = begun(either, size_bytes)

    assert upload.keys() >= {"file_id", "part_size", "upload_urls"}
    assert (identifier(upload["file_id"]), positive(upload["part_size"])) == (True, True)
    assert len(upload["upload_urls"]) == math.ceil(size_bytes / upload["part_size"]) == 3
    assert len(set(upload["upload_urls"])) == 3
    assert all(url.startswith(either.url) for url in upload["upload_urls"])


def test_a_file_is_uploaded_in_parts(client: Client, part_size: int) -> None:
    content = bytes(part_size) + MORE
    upload = begun(client, len(content))
    first, second = upload["upload_urls"]

    later = put(client, second, MORE)
    earlier = put(client, first, content[:part_size])
    answer = completed(client, upload, earlier.headers["etag"], later.headers["etag"])

    record = answer.json()
    assert (earlier.status_code, later.status_code, answer.status_code) == (200, 200, 200)
    assert wrong_fields(record, UPLOADED) == {}
    assert (record["file_id"], record["filename"]) == (upload["file_id"], "large.bin")
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert client.http.get(record["storage_url"], headers={"Range": "bytes=-17"}).content == MORE


def test_a_file_of_one_part_is_uploaded(either: Client) -> None:
    upload = begun(either, len(MORE), "notes.txt")

    etag = put(either, upload["upload_urls"][0], MORE).headers["etag"]
    record = completed(either, upload, etag).json()

    assert (record["status"], record["mime_type"]) == ("STORED", "text/plain")
    assert either.http.get(record["storage_url"]).content == MORE


def test_a_part_may_be_sent_again(client: Client) -> None:
    upload = begun(client, len(MORE))
    [url] = upload["upload_urls"]

    put(client, url, MORE[::-1])
    etag = put(client, url, MORE).headers["etag"]

    record = completed(client, upload, etag).json()
    assert client.http.get(record["storage_url"]).content == MORE


def test_a_media_file_is_looked_into(client: Client, clip_bytes: bytes) -> None:
    upload = begun(client, len(clip_bytes), "clip.mp4")

    etag = put(client, upload["upload_urls"][0], clip_bytes).headers["etag"]
    record = completed(client, upload, etag).json()

    assert (record["codec"], record["width"], record["file_type"]) == ("h264", 64, "video")


def test_the_tag_of_a_part_may_be_sent_without_its_quotation_marks(client: Client) -> None:
    upload = begun(client, len(MORE))
    etag = put(client, upload["upload_urls"][0], MORE).headers["etag"]

    assert completed(client, upload, etag.strip('"')).status_code == 200


def test_an_upload_that_is_not_complete_is_no_file_yet(newcomer: Client) -> None:
    upload = begun(newcomer, len(MORE))
    put(newcomer, upload["upload_urls"][0], MORE)

    body = single("-i {{in_1}} {{out_1}}", inputs={"in_1": upload["file_id"]})

    assert problem_of(newcomer.post("/run-ffmpeg-command", body)).status == 400


def test_a_part_that_was_never_sent_keeps_the_upload_open(client: Client, part_size: int) -> None:
    upload = begun(client, part_size + len(MORE))
    etag = put(client, upload["upload_urls"][1], MORE).headers["etag"]

    answer = completed(client, upload, etag, etag)

    assert 400 <= problem_of(answer).status < 500


def test_a_tag_of_other_bytes_is_refused(client: Client) -> None:
    upload = begun(client, len(MORE))
    put(client, upload["upload_urls"][0], MORE)

    answer = completed(client, upload, '"another"')

    assert 400 <= problem_of(answer).status < 500


def test_fewer_tags_than_parts_are_refused(client: Client, part_size: int) -> None:
    upload = begun(client, part_size + len(MORE))
    put(client, upload["upload_urls"][0], bytes(part_size))
    etag = put(client, upload["upload_urls"][1], MORE).headers["etag"]

    assert 400 <= problem_of(completed(client, upload, etag)).status < 500


@pytest.mark.parametrize("content", [MORE + b"!", MORE[:-1], b""])
def test_a_part_of_another_size_is_refused(client: Client, content: bytes) -> None:
    upload = begun(client, len(MORE))

    put_answer = put(client, upload["upload_urls"][0], content)
    answer = completed(client, upload, put_answer.headers.get("etag", '"none"'))

    assert 400 <= problem_of(answer).status < 500


def test_the_address_of_a_part_is_signed(client: Client) -> None:
    [url] = begun(client, len(MORE))["upload_urls"]
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")

    assert put(client, forged, MORE).status_code in {401, 403, 404}


def test_a_complete_upload_takes_no_more_parts(client: Client) -> None:
    upload = begun(client, len(MORE))
    [url] = upload["upload_urls"]
    etag = put(client, url, MORE).headers["etag"]
    record = completed(client, upload, etag).json()

    again = put(client, url, MORE[::-1])

    assert 400 <= again.status_code < 500
    assert client.http.get(record["storage_url"]).content == MORE


def test_somebody_elses_upload_is_not_there(client: Client, stranger: Client) -> None:
    upload = begun(client, len(MORE))
    etag = put(client, upload["upload_urls"][0], MORE).headers["etag"]

    assert problem_of(completed(stranger, upload, etag)) == Problem(404, "NOT_FOUND")


def test_an_unknown_upload_is_not_found(client: Client) -> None:
    answer = completed(client, {"file_id": NOWHERE}, '"none"')

    assert problem_of(answer) == Problem(404, "NOT_FOUND")


def test_sizes_may_be_numeric_strings(client: Client) -> None:
    assert len(begun(client, "17")["upload_urls"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filename": "a.bin"},
        {"size_bytes": 5},
        {"filename": "a.bin", "size_bytes": 0},
        {"filename": "a.bin", "size_bytes": -1},
        {"filename": "a.bin", "size_bytes": "large"},
        {"filename": 5, "size_bytes": 5},
    ],
)
def test_a_bad_beginning_is_refused(client: Client, body: Record) -> None:
    assert problem_of(client.post("/files/init-upload", body)).status in {400, 422}


def test_more_than_the_box_stores_is_refused_at_once(client: Client) -> None:
    body = {"filename": "a.bin", "size_bytes": 2**62}

    problem = problem_of(client.post("/files/init-upload", body))

    assert problem.code in {"PAYLOAD_TOO_LARGE", "STORAGE_FULL"}
