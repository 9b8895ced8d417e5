import base64

import pytest

from renderio_box.api.sources import MAX_TEXT_BYTES, is_http_url, source_of
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.job import StoredSource, TextSource, UrlSource
from tests.unit.samples import FILE_ID


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org/a.mp4?x=1#y",
        "HTTPS://EXAMPLE.ORG/a.mp4",
        "http://127.0.0.1:8420/files/x/a.mp4",
        "http://[::1]:8420/a.mp4",
        "https://user:word@example.org/a.mp4",
        "https://example.org/" + "x" * 8000,
    ],
)
def test_an_http_url_is_fetched(url: str) -> None:
    assert source_of(url, alias="in_a") == UrlSource(url)


@pytest.mark.parametrize("text", [FILE_ID, FILE_ID.upper()])
def test_an_id_is_a_stored_file(text: str) -> None:
    assert source_of(text, alias="in_a") == StoredSource(FILE_ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clip.mp4",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.org/a.mp4",
        "concat:a|b",
        "//example.org/a.mp4",
        "http://",
        "http:///a.mp4",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://[::1/",
        "http://example.org/a b.mp4",
        "http://example.org/\r\nHost: x",
        " http://example.org",
        "http://example.org/\x00",
        "http://example.org/" + "x" * 8192,
        "{{out_video}}",
    ],
)
def test_anything_else_is_refused_by_alias(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="in_a must be an http or https URL") as caught:
        source_of(text, alias="in_a")

    assert caught.value.loc == ("input_files", "in_a")


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("data:,hello", TextSource("hello", "txt")),
        ("DATA:,hello", TextSource("hello", "txt")),
        ("data:,a%20b%0Ac", TextSource("a b\nc", "txt")),
        ("data:,a,b", TextSource("a,b", "txt")),
        ("data:,é", TextSource("é", "txt")),
        ("data:,", TextSource("", "txt")),
        ("data:;base64,aGVsbG8=", TextSource("hello", "txt")),
        ("data:text/plain;charset=utf-8;base64,aGVsbG8=", TextSource("hello", "txt")),
        ("data:text/vtt,WEBVTT", TextSource("WEBVTT", "vtt")),
        ("data:application/x-subrip;base64,MQ==", TextSource("1", "srt")),
        ("data:application/x-unheard,x", TextSource("x", "txt")),
    ],
)
def test_a_small_text_may_come_with_the_request(url: str, source: TextSource) -> None:
    assert source_of(url, alias="in_a") == source


@pytest.mark.parametrize("url", ["data:,%ff", "data:;base64,/w==", "data:;base64,a"])
def test_data_that_is_no_text_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="in_a holds data: that is not"):
        source_of(url, alias="in_a")


def test_data_without_a_comma_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"in_a must be data:\[type\]"):
        source_of("data:hello", alias="in_a")


def test_a_text_may_have_64_kib() -> None:
    assert source_of("data:," + "x" * MAX_TEXT_BYTES, alias="in_a") == TextSource(
        "x" * MAX_TEXT_BYTES, "txt"
    )


@pytest.mark.parametrize(
    "url",
    [
        "data:," + "x" * (MAX_TEXT_BYTES + 1),
        "data:," + "é" * (MAX_TEXT_BYTES // 2 + 1),
        "data:;base64," + base64.b64encode(b"x" * (MAX_TEXT_BYTES + 1)).decode(),
    ],
)
def test_a_larger_text_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="at most 64 KiB; upload larger files"):
        source_of(url, alias="in_a")


def test_a_url_of_8192_characters_is_the_longest() -> None:
    url = "http://h/".ljust(8192, "x")

    assert (is_http_url(url), is_http_url(url + "x")) == (True, False)
