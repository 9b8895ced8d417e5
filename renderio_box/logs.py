"""Log lines: a constant event name and fields, for a person or for a machine."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Final

import structlog

SECRETS: Final = re.compile(r"ffsk_[0-9a-f]{8,}")
QUERY: Final = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+", flags=re.IGNORECASE)
USER_INFO: Final = re.compile(r"(https?://)[^\s/?#'\"]+@", flags=re.IGNORECASE)


def configure(*, level: str, json: bool) -> None:
    """Send log lines of ``level`` and above to standard error, as text or as JSON."""
    renderer = structlog.processors.JSONRenderer() if json else text_renderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


def text_renderer() -> structlog.dev.ConsoleRenderer:
    """Return a renderer for people; colours only where a terminal shows them."""
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=24,
        exception_formatter=structlog.dev.plain_traceback,
    )


def redact(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Take keys, credentials and query strings out of everything that will be written.

    Tracebacks are text by now, and hold no values of variables.
    """
    for name, value in event.items():
        event[name] = (
            value if isinstance(value, bool | int | float | None) else without_secrets(str(value))
        )
    return event


def without_secrets(text: str) -> str:
    """Return ``text`` with API keys, URL credentials and query strings blotted out."""
    text = SECRETS.sub("ffsk_[redacted]", text)
    text = USER_INFO.sub(r"\1[redacted]@", text)
    return QUERY.sub(r"\1?[redacted]", text)
