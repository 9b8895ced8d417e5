from collections.abc import Iterator

import pytest
import structlog

from renderio_box.logs import configure, redact, without_secrets

KEY = "ffsk_" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {KEY} refused", "key ffsk_[redacted] refused"),
        (f"{KEY},{KEY}", "ffsk_[redacted],ffsk_[redacted]"),
        ("http://h/a.mp4?sig=1&x=2 failed", "http://h/a.mp4?[redacted] failed"),
        ("'https://h/a?b' 'https://h/c?d'", "'https://h/a?[redacted]' 'https://h/c?[redacted]'"),
        ("https://user:word@h/a.mp4", "https://[redacted]@h/a.mp4"),
        ("https://user@h/a.mp4?x", "https://[redacted]@h/a.mp4?[redacted]"),
        ("http://u:p@ss@h/x", "http://[redacted]@h/x"),
        ("HTTPS://h/a?sig=1", "HTTPS://h/a?[redacted]"),
    ],
)
def test_secrets_are_blotted_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    ["", "what? nothing", "https://h/a.mp4", "mail me@example.org", "https://h/a@b", "ffsk_short"],
)
def test_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_every_text_field_of_an_event_is_redacted() -> None:
    event = redact(None, "info", {"event": f"got {KEY}", "url": "http://h/?a", "attempt": 1})

    assert event == {"event": "got ffsk_[redacted]", "url": "http://h/?[redacted]", "attempt": 1}


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
@pytest.mark.parametrize("json", [True, False])
def test_a_traceback_shows_no_secret(json: bool, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001
    configure(level="info", json=json)
    error = RuntimeError(f"http://u:p@h/x?sig=secret {KEY}")

    structlog.get_logger().error("oops", exc_info=error)
    written = capsys.readouterr().err

    assert "RuntimeError" in written
    assert KEY not in written
    assert "sig=secret" not in written
