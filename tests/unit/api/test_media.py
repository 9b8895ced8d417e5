import pytest
from msgspec.structs import replace

from renderio_box.api.media import (
    LOCKED_POLICY,
    PLAYING_POLICY,
    Span,
    etag,
    headers_of,
    is_range,
    span_of,
)
from tests.unit.samples import STORED


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        ("0", "0", Span(0, 1)),
        ("0", "99", Span(0, 100)),
        ("10", "19", Span(10, 10)),
        ("0", "1000", Span(0, 100)),
        ("99", "", Span(99, 1)),
        ("0", "", Span(0, 100)),
        ("", "1", Span(99, 1)),
        ("", "100", Span(0, 100)),
        ("", "1000", Span(0, 100)),
        ("007", "008", Span(7, 2)),
    ],
)
def test_a_range_names_bytes_of_the_file(first: str, last: str, span: Span) -> None:
    assert span_of(first, last, size=100) == span


@pytest.mark.parametrize(
    ("first", "last"), [("100", ""), ("100", "200"), ("", "0"), ("9" * 18, "")]
)
def test_a_range_outside_of_the_file_names_none(first: str, last: str) -> None:
    assert span_of(first, last, size=100) is None


@pytest.mark.parametrize(("first", "last"), [("0", ""), ("0", "0"), ("", "1")])
def test_an_empty_file_has_no_ranges(first: str, last: str) -> None:
    assert span_of(first, last, size=0) is None


def test_every_answer_carries_these_headers() -> None:
    assert headers_of(STORED, download=False) == {
        "ETag": f'"{"0" * 64}"',
        "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": PLAYING_POLICY,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": "inline; filename*=UTF-8''clip.mp4",
    }


@pytest.mark.parametrize(
    "filename", ["a.html", "a.svg", "a.xml", "a.js", "a.pdf", "a.ttml", "a.mpd"]
)
def test_what_a_browser_would_execute_is_an_attachment(filename: str) -> None:
    headers = headers_of(replace(STORED, filename=filename), download=False)

    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Security-Policy"] == LOCKED_POLICY


@pytest.mark.parametrize("filename", ["a.mp4", "a.mkv", "a.mp3", "a.ogg", "a.png", "a.gif"])
def test_what_a_browser_plays_may_fetch_itself(filename: str) -> None:
    headers = headers_of(replace(STORED, filename=filename), download=False)

    assert headers["Content-Security-Policy"] == PLAYING_POLICY


@pytest.mark.parametrize("filename", ["a.txt", "a.zip", "a.unheard", "a.m3u8", "a.json", "a"])
def test_anything_else_may_fetch_nothing(filename: str) -> None:
    headers = headers_of(replace(STORED, filename=filename), download=False)

    assert headers["Content-Security-Policy"] == LOCKED_POLICY


@pytest.mark.parametrize("policy", [LOCKED_POLICY, PLAYING_POLICY])
def test_nothing_runs_in_the_page_of_a_file(policy: str) -> None:
    directives = [directive.split() for directive in policy.split(";")]

    assert ["default-src", "'none'"] in directives
    assert directives[0] in (["sandbox"], ["sandbox", "allow-same-origin"])
    assert not {"script-src", "connect-src", "frame-src"} & {words[0] for words in directives}


@pytest.mark.parametrize("filename", ["a.mp4", "a.png", "a.txt", "a.unheard", "a.m3u8"])
def test_anything_else_is_shown_unless_a_download_is_asked_for(filename: str) -> None:
    file = replace(STORED, filename=filename)

    kinds = [
        headers_of(file, download=download)["Content-Disposition"].partition(";")[0]
        for download in (False, True)
    ]

    assert kinds == ["inline", "attachment"]


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    headers = headers_of(replace(STORED, filename='a"; x=é\r\n.mp4'), download=False)

    assert headers["Content-Disposition"] == (
        "inline; filename*=UTF-8''a%22%3B%20x%3D%C3%A9%0D%0A.mp4"
    )


def test_the_strong_validator_is_the_digest() -> None:
    assert etag(STORED) == f'"{STORED.sha256}"'


@pytest.mark.parametrize(("first", "last"), [("5", "3"), ("", "")])
def test_what_is_no_range_is_not_taken_for_one(first: str, last: str) -> None:
    assert not is_range(first, last)


@pytest.mark.parametrize(("first", "last"), [("3", "5"), ("3", ""), ("", "5"), ("0", "0")])
def test_a_range_is_taken_for_one(first: str, last: str) -> None:
    assert is_range(first, last)
