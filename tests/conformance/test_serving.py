"""Section 6: how a ``storage_url`` is served."""

import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.client import Client, Problem, Record, problem_of

CONTENT = bytes(range(256)) * 40
RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=10-19", 10, 20),
    ("bytes=10000-", 10_000, 10_240),
    ("bytes=-40", 10_200, 10_240),
    ("bytes=-99999", 0, 10_240),
    ("bytes=10239-99999", 10_239, 10_240),
]
IGNORED_RANGES = ["bytes=5-1", "bytes=a-b", "lines=0-5", "bytes=0-1,5-9", "bytes", "bytes=-"]
ATTACHED = ["page.html", "picture.svg", "feed.xml", "script.js"]
EXECUTED = ("text/html", "text/javascript", "application/javascript", "image/svg+xml")
SHOWN = ["clip.mp4", "song.mp3", "picture.png", "words.vtt", "notes.txt"]


@pytest.fixture(scope="module")
def stored(client: Client) -> Record:
    """An upload of 10240 bytes."""
    return client.upload(CONTENT, "raw data.bin")


@pytest.fixture(scope="module")
def url(stored: Record) -> str:
    return str(stored["storage_url"])


def test_the_address_is_absolute_and_ends_in_the_file_name(client: Client, url: str) -> None:
    assert url.startswith(client.url + "/")
    assert url.endswith("/raw%20data.bin")


def test_the_address_cannot_be_guessed(client: Client, url: str) -> None:
    other = client.upload(CONTENT, "raw data.bin")["storage_url"]

    secrets = [re.findall(r"[A-Za-z0-9_-]{43,}", urlsplit(each).path) for each in (url, other)]
    assert [len(found) for found in secrets] == [1, 1]
    assert secrets[0] != secrets[1]


def test_a_changed_address_opens_nothing(http: httpx.Client, url: str) -> None:
    secret = re.findall(r"[A-Za-z0-9_-]{43,}", urlsplit(url).path)[0]

    answer = http.get(url.replace(secret, secret[::-1]))

    assert problem_of(answer) == Problem(404, "NOT_FOUND")


def test_the_address_needs_no_key(http: httpx.Client, url: str) -> None:
    answer = http.get(url)

    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_an_answer_says_what_it_holds(http: httpx.Client, url: str) -> None:
    headers = http.get(url).headers

    assert headers["content-length"] == str(len(CONTENT))
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r'"[^"]+"', headers["etag"])
    assert parsedate_to_datetime(headers["last-modified"]).tzinfo is not None


def test_head_answers_as_get_does_but_without_the_content(http: httpx.Client, url: str) -> None:
    told, got = http.head(url), http.get(url)

    assert (told.status_code, told.content) == (200, b"")
    assert [told.headers[name] for name in ("content-length", "content-type", "etag")] == [
        got.headers[name] for name in ("content-length", "content-type", "etag")
    ]


@pytest.mark.parametrize(("asked", "start", "end"), RANGES)
def test_a_range_is_served(http: httpx.Client, url: str, asked: str, start: int, end: int) -> None:
    answer = http.get(url, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=20000-20001", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(
    http: httpx.Client, url: str, asked: str
) -> None:
    answer = http.get(url, headers={"Range": asked})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("asked", IGNORED_RANGES)
def test_what_is_no_single_range_gets_the_whole_file(
    http: httpx.Client, url: str, asked: str
) -> None:
    answer = http.get(url, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("validator", ["etag", "last-modified"])
def test_a_range_is_served_if_the_file_is_still_the_same(
    http: httpx.Client, url: str, validator: str
) -> None:
    known = http.head(url).headers[validator]

    answer = http.get(url, headers={"Range": "bytes=0-9", "If-Range": known})

    assert (answer.status_code, answer.content) == (206, CONTENT[:10])


@pytest.mark.parametrize("validator", ['"another"', "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_the_whole_file_is_served_if_the_caller_knows_another(
    http: httpx.Client, url: str, validator: str
) -> None:
    answer = http.get(url, headers={"Range": "bytes=0-9", "If-Range": validator})

    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_file_that_is_known_is_not_sent_again(http: httpx.Client, url: str) -> None:
    answer = http.get(url, headers={"If-None-Match": http.head(url).headers["etag"]})

    assert (answer.status_code, answer.content) == (304, b"")


def test_different_files_have_different_tags(client: Client, http: httpx.Client, url: str) -> None:
    other = client.upload(CONTENT + b"!", "raw data.bin")["storage_url"]

    assert http.head(url).headers["etag"] != http.head(other).headers["etag"]


@pytest.mark.parametrize("name", ATTACHED)
def test_what_a_browser_would_execute_is_attached(
    client: Client, http: httpx.Client, name: str
) -> None:
    headers = http.get(client.upload(b"<a/>", name)["storage_url"]).headers

    assert headers["content-disposition"].startswith("attachment")
    assert name in headers["content-disposition"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["page.htm", "page.xhtml", "script.mjs", "picture.svgz", "PAGE.HTML"]
)
def test_nothing_else_is_shown_as_what_a_browser_would_execute(
    client: Client, http: httpx.Client, name: str
) -> None:
    headers = http.get(client.upload(b"<a/>", name)["storage_url"]).headers

    is_attached = headers["content-disposition"].startswith("attachment")
    assert is_attached or not headers["content-type"].startswith((*EXECUTED, "application/xhtml"))


@pytest.mark.parametrize("name", SHOWN)
def test_media_are_shown_unless_a_download_is_asked_for(
    client: Client, http: httpx.Client, name: str
) -> None:
    url = client.upload(b"content", name)["storage_url"]

    shown, asked = http.get(url), http.get(url, params={"download": "1"})

    assert not shown.headers.get("content-disposition", "").startswith("attachment")
    assert asked.headers["content-disposition"].startswith("attachment")
    assert shown.content == asked.content == b"content"


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("a.mp4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.mp3", "audio/mpeg"),
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.zip", "application/zip"),
    ],
)
def test_the_content_type_fits_the_name(
    client: Client, http: httpx.Client, name: str, mime_type: str
) -> None:
    url = client.upload(b"content", name)["storage_url"]

    assert http.head(url).headers["content-type"] == mime_type


def test_a_name_in_any_script_survives(client: Client, http: httpx.Client) -> None:
    uploaded = client.upload(b"content", "Übung 動画.txt")

    answer = http.get(uploaded["storage_url"])

    assert uploaded["filename"] == "Übung 動画.txt"
    assert answer.content == b"content"
    assert uploaded["storage_url"].isascii()


def test_a_player_may_seek_in_an_output(http: httpx.Client, clip: Record) -> None:
    answer = http.get(clip["storage_url"], headers={"Range": "bytes=4-7"})

    assert (answer.status_code, answer.content) == (206, b"ftyp")
