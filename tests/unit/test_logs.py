import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from renderio_box.logs import (
    LINES_PER_MINUTE,
    LibraryLines,
    Sparingly,
    configure,
    redact,
    without_secrets,
)
from tests.fakes import ManualClock

KEY = "ffsk_" + "0123456789abcdef" * 4


TOKEN = "Ab3_-" * 9

SEAL = "1-1800000000-" + "c" * 22

SHOWN = [
    (f"key {KEY} refused", "key ffsk_[redacted] refused"),
    (f"{KEY},{KEY}", "ffsk_[redacted],ffsk_[redacted]"),
    (KEY.upper(), "ffsk_[redacted]"),
    (KEY.replace("_", "%5F"), "ffsk_[redacted]"),
    (KEY.removeprefix("ffsk_"), "[redacted]"),
    (f"{KEY[:9]} and {KEY[9:]}", f"{KEY[:9]} and [redacted]"),
    ("http://h/a.mp4?sig=1&x=2 failed", "http://h/[redacted] failed"),
    ("'https://h/a?b' 'https://h/c?d'", "'https://h/[redacted]' 'https://h/[redacted]'"),
    ("https://user:word@h/a.mp4", "https://[redacted]@h/[redacted]"),
    ("https://user@h/a.mp4?x", "https://[redacted]@h/[redacted]"),
    ("http://u:p@ss@h/x", "http://[redacted]@h/[redacted]"),
    ("HTTPS://h/a?sig=1", "HTTPS://h/[redacted]"),
    ("https://h?token=1", "https://h?[redacted]"),
    ("ftp://u:p@h/a s3+x://u:p@h", "ftp://[redacted]@h/[redacted] s3+x://[redacted]@h"),
    ("https://h/a#access_token=1", "https://h/[redacted]"),
    (
        "https://hooks.example.org:8443/services/T0/B0/x1",
        "https://hooks.example.org:8443/[redacted]",
    ),
    ("to //hooks.example.org/services/T0/B0/x1", "to //hooks.example.org/[redacted]"),
    ("https://a/b,https://c/d", "https://a/[redacted]"),
    ("https%3A%2F%2Fuser%3Aword%40h%2Fhook%2Fx1", "https%3A%2F%2F[redacted]@h%2F[redacted]"),
    ("https%253A%252F%252Fh%252Fhook%253Fa%253D1", "https%253A%252F%252Fh%252F[redacted]"),
    (r"https:\/\/h\/hook\/x1", r"https:\/\/h\[redacted]"),
    ("GET /a?token=1&b=2 HTTP/1.1", "GET /a?[redacted] HTTP/1.1"),
    (f"/uploads/{TOKEN}/3", "/uploads/[redacted]/3"),
    (f"PUT /box/uploads/{TOKEN}/3", "PUT /box/uploads/[redacted]/3"),
    (f"/files/{TOKEN}/{SEAL}/a.mp4", f"/files/[redacted]/{SEAL}/a.mp4"),
    (f"%2Ffiles%2F{TOKEN}", "%2Ffiles%2F[redacted]"),
    (rf"\/files\/{TOKEN}\/a.mp4", r"\/files\/[redacted]\/a.mp4"),
    (f"http://h/box/files/{TOKEN}/a.mp4", "http://h/[redacted]"),
    ("X-API-KEY: abc, Host: h", "X-API-KEY: [redacted], Host: h"),
    ("api_key=abc apikey: 'abc'", "api_key=[redacted] apikey: [redacted]"),
    ("authorization: Basic dXNlcjp3", "authorization: [redacted]"),
    ("Authorization: Bearer a.b.c", "Authorization: [redacted]"),
    ("sent Bearer abcdefghijkl.m", "sent Bearer [redacted]"),
    ('{"secret": "two words", "a": 1}', '{"secret": [redacted], "a": 1}'),
    ('{"secret": "it\'s two", "a": 1}', '{"secret": [redacted], "a": 1}'),
    (r'"{\"secret\": \"abc\", \"a\": 1}"', r'"{\"secret\": [redacted], \"a\": 1}"'),
    ("{'x-api-key': ['abc']}", "{'x-api-key': [[redacted]]}"),
    ("secret='abc cut off", "secret=[redacted] cut off"),
    ("webhook_secret='x y'", "webhook_secret=[redacted]"),
    ("accessToken=abc", "accessToken=[redacted]"),
    ("next%3Ftoken%3Dabc", "next%3Ftoken%3D[redacted]"),
    ("(b'x-api-key', b'abc')", "(b'x-api-key', [redacted])"),
    ("password=hunter2 next", "password=[redacted] next"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_secrets_are_blotted_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "what? nothing", "https://h", "http://h:8420/", "mail me@example.org", "a // b"),
        *("ffsk_short", "-map 0:a? -map 0:s?", "/files/short/a.mp4", "C# = D", "a secret place"),
        *("0197f2aa-5d3c-7b1e-8f00-0123456789ab", "f" * 32, "Basic training is over", "10%25"),
    ],
)
def test_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_every_text_field_of_an_event_is_redacted() -> None:
    event = redact(None, "info", {"event": f"got {KEY}", "url": "http://h/?a", "attempt": 1})

    assert event == {"event": "got ffsk_[redacted]", "url": "http://h/[redacted]", "attempt": 1}


@pytest.mark.parametrize("value", [None, True, 3, 1.5])
def test_a_value_that_is_no_text_keeps_its_type(value: object) -> None:
    assert redact(None, "info", {"event": "e", "field": value})["field"] is value


def test_nested_values_are_redacted_too() -> None:
    event = redact(None, "info", {"event": "e", "headers": {"x-api-key": [KEY]}})

    assert KEY not in str(event)


@pytest.fixture
def logging_is_put_back() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_is_put_back")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_secret(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001
    configure(level="info", json=as_json, monotonic=ManualClock().monotonic)
    error = RuntimeError(f"http://u:p@h/x?sig=secret {KEY}")

    structlog.get_logger().error("oops", exc_info=error)
    written = capsys.readouterr().err

    assert "RuntimeError" in written
    assert KEY not in written
    assert "sig=secret" not in written


@pytest.mark.parametrize(
    "name", ["secret", "webhook_secret", "X-API-Key", "api_key", "authorization", "token", "Cookie"]
)
def test_a_field_that_is_named_for_a_secret_shows_nothing(name: str) -> None:
    assert redact(None, "info", {"event": "e", name: "plain"})[name] == "[redacted]"


@pytest.mark.parametrize("name", ["key", "path", "monkey", "tokens", "keys"])
def test_a_field_that_is_named_for_something_else_is_shown(name: str) -> None:
    assert redact(None, "info", {"event": "e", name: "plain"})[name] == "plain"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nready  url=http://evil", r"a\nready  url=http://evil"),
        ("a\r\x1b[2Jb", r"a\r\x1b[2Jb"),
        ("a\x00\x07\x7f\x9bb", r"a\x00\x07\x7f\x9bb"),
        ("a\u2028b\u202ec\u2066d", r"a\u2028b\u202ec\u2066d"),
        ("a\ud800b", r"a\ud800b"),
        ("Größe 日本 🎬", "Größe 日本 🎬"),
    ],
)
def test_what_would_not_be_mere_text_is_escaped(text: str, shown: str) -> None:
    assert redact(None, "info", {"event": "e", "field": text})["field"] == shown


def test_no_line_of_a_traceback_can_pass_for_a_log_line() -> None:
    event = redact(
        None, "error", {"event": "e", "exception": "Traceback\nError: a\n2026 [info] x\x1b"}
    )

    assert event["exception"] == "    Traceback\n    Error: a\n    2026 [info] x\\x1b"


def test_no_field_is_endless() -> None:
    event = redact(None, "info", {"event": "e", "field": "x" * 10**6, "exception": "y" * 10**6})

    assert len(str(event)) < 50_000


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_by_half() -> None:
    event = redact(None, "info", {"event": "e", "field": "x" * 4070 + f" http://user:word@h/{KEY}"})

    assert "word" not in str(event)


@pytest.mark.parametrize(
    "part",
    [
        *("http://", "a@b://", "?a=", "secret=", "secret='", 'secret="', "/files/", "ffsk_", "'"),
        *(
            "%25",
            "%2525",
            "%3A%2F",
            "%2f",
            "Bearer ",
            "Bearer",
            "a",
            "0",
            "\\",
            "@",
            "//",
            "secret\\",
        ),
    ],
)
def test_a_long_hostile_text_is_redacted_in_no_time(part: str) -> None:
    began = time.process_time()
    without_secrets(part * (200_000 // len(part)))

    assert time.process_time() - began < 1.0


def test_what_others_can_cause_is_said_a_few_times_a_minute() -> None:
    clock = ManualClock()
    sparingly = Sparingly(clock.monotonic, per_minute=2)

    first = [sparingly.turn() for _ in range(5)]
    clock.advance(60)

    assert (first, sparingly.turn(), sparingly.turn()) == ([0, 0, None, None, None], 3, 0)


@pytest.mark.usefixtures("logging_is_put_back")
def test_lines_of_libraries_are_redacted_and_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    configure(level="info", json=True, monotonic=clock.monotonic)
    handler = LibraryLines(clock.monotonic)
    record = logging.makeLogRecord(
        {"name": "library", "levelno": logging.WARNING, "msg": "bad %s\n", "args": (KEY,)}
    )

    for _ in range(100):
        handler.handle(record)
    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == LINES_PER_MINUTE
    assert json.loads(lines[0])["text"] == "bad ffsk_[redacted]\\n"


@pytest.mark.usefixtures("logging_is_put_back")
def test_a_library_s_traceback_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    configure(level="info", json=False, monotonic=clock.monotonic)
    error = RuntimeError(f"http://u:word@h/?sig=1 {KEY}")
    record = logging.makeLogRecord(
        {"name": "library", "levelno": logging.ERROR, "exc_info": (RuntimeError, error, None)}
    )

    LibraryLines(clock.monotonic).handle(record)
    written = capsys.readouterr().err

    assert "RuntimeError" in written
    assert not [secret for secret in (KEY, "word", "sig=1") if secret in written]


SECRETS = [
    KEY,
    KEY.removeprefix("ffsk_"),
    TOKEN,
    "hook-path-secret",
    "query-secret",
    "user-word",
    "header-secret-0123",
]
LEAKS = [
    f"POST https://hooks.test/in/hook-path-secret/{TOKEN} failed",
    "https://someone:user-word@hooks.test/in?sig=query-secret#query-secret",
    "https%3A%2F%2Fsomeone%3Auser-word%40hooks.test%2Fin%2Fhook-path-secret%3Fa%3Dquery-secret",
    f"PUT http://127.0.0.1:8420/box/uploads/{TOKEN}/1",
    f"GET /files/{TOKEN}/{SEAL}/a.mp4",
    f"%2Fbox%2Ffiles%2F{TOKEN}%2Fa.mp4",
    "Authorization: Bearer header-secret-0123, Accept: */*",
    "{'authorization': ['Bearer header-secret-0123']}",
    r"{\"password\": \"user-word\"}",
    f"X-API-KEY: {KEY}",
    f"key begins ffsk_ and goes on {KEY.removeprefix('ffsk_')}",
]


@pytest.mark.usefixtures("logging_is_put_back")
@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("leak", LEAKS)
def test_no_way_of_writing_a_line_shows_a_secret(
    as_json: bool,  # noqa: FBT001
    leak: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    configure(level="debug", json=as_json, monotonic=clock.monotonic)
    error = RuntimeError(leak)
    log = structlog.get_logger()

    log.info(leak)
    log.info("e", field=leak, nested={"a": [leak, leak.encode()]}, pair=(leak, 1))
    log.error("e", exc_info=error)
    record = {"name": "library", "levelno": logging.WARNING, "msg": "%s %r", "args": (leak, error)}
    LibraryLines(clock.monotonic).handle(logging.makeLogRecord(record))
    with structlog.contextvars.bound_contextvars(request_id=leak):
        log.info("e")

    written = capsys.readouterr().err
    assert len(written.splitlines()) >= 5
    assert [secret for secret in SECRETS if secret in written] == []


@pytest.mark.usefixtures("logging_is_put_back")
def test_a_line_says_what_it_was_written_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="info", json=True, monotonic=ManualClock().monotonic)

    with structlog.contextvars.bound_contextvars(request_id="one", job="j"):
        structlog.get_logger().info("e")
        structlog.get_logger().info("e", request_id="another")
    structlog.get_logger().info("e")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("request_id") for line in lines] == ["one", "another", None]
    assert [line.get("job") for line in lines] == ["j", "j", None]
