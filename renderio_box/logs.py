"""Log lines: a constant event name and fields, for a person or for a machine."""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Final

import structlog

BLOT: Final = "[redacted]"
SECRET_NAME: Final = re.compile(
    r"(?:.*[_-])?(?:authorization|cookie|passw(?:or)?d|secret|token|signature|api[_-]?key)",
    flags=re.IGNORECASE,
)
"""Fields of which nothing is shown."""
SLASH: Final = r"(?:\\?/|%(?:25)*2f)"
"""As it is, as JSON may have it, or percent-encoded, more than once too."""
API_KEY: Final = re.compile(r"ffsk(?:_|%(?:25)*5f)[0-9a-f]{8,}", flags=re.IGNORECASE)
LONG_HEX: Final = re.compile(r"[0-9a-f]{48,}", flags=re.IGNORECASE)
"""A key without its beginning, or a signature."""
WORD: Final = re.compile(r"[^\s'\"]+")
SCHEME_END: Final = re.compile(rf"(?::|%(?:25)*3a){SLASH}{SLASH}|^//(?=[\w@])", flags=re.IGNORECASE)
HOST_END: Final = re.compile(r"[/\\?#]|%(?:25)*(?:2f|3f|23)", flags=re.IGNORECASE)
USER_INFO: Final = re.compile(r".*(?:@|%(?:25)*40)")
TOKEN: Final = re.compile(rf"({SLASH}(?:files|uploads){SLASH})[\w%-]{{32,}}", flags=re.IGNORECASE)
"""What opens a file, or takes a part of one, without a key."""
CREDENTIALS: Final = re.compile(r"\b(Basic|Bearer)(\s+|%20)[\w.~+/=-]{12,}")
NAMED: Final = re.compile(
    r"((?:api[_-]?key|authorization|cookie|passw(?:or)?d|passphrase|secret|token|signature|sig)"
    r"\b\\*(?:['\"]?\s*(?:[:=]|%(?:25)*3[ad])|['\"],)[\s(\[{]*)"
    r"(?:b?\\*(?:\"[^\"]*\"|'[^']*')|(?:basic|bearer)\s+\S+|b?\\*['\"]?[^\s,;'\"]+)",
    flags=re.IGNORECASE,
)
PLAIN: Final = re.compile(r"(?!.*ffsk)[a-z0-9_-]{0,40}", flags=re.ASCII | re.IGNORECASE)
"""What is no secret of ours and has nothing to escape: ids, names of events, states."""
UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves a cursor, colours a terminal, begins a line, turns text around, or is no text."""
TRACEBACK: Final = "exception"
INDENT: Final = "    "
MAX_LENGTH: Final = 4096
MAX_TRACEBACK_LENGTH: Final = 32 * 1024
LINES_PER_MINUTE: Final = 10
"""How often one thing is said that others can cause as often as they like."""
MINUTE_S: Final = 60.0


class Sparingly:
    """Allows so many lines a minute, for what others can cause as often as they like."""

    def __init__(self, monotonic: Callable[[], float], *, per_minute: int) -> None:
        self._monotonic = monotonic
        self._per_minute = per_minute
        self._since = monotonic()
        self._said = 0
        self._unsaid = 0

    def turn(self) -> int | None:
        """Return how many lines were left out since the last one; None to leave this out too."""
        now = self._monotonic()
        if now - self._since >= MINUTE_S:
            self._since, self._said = now, 0
        if self._said >= self._per_minute:
            self._unsaid += 1
            return None
        unsaid, self._unsaid = self._unsaid, 0
        self._said += 1
        return unsaid


class LibraryLines(logging.Handler):
    """Has lines of libraries written like ours: redacted, escaped, and not without end.

    What a library says of each bad request, anybody can have it say.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._turns: dict[tuple[str, int], Sparingly] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or leave it out when the library said too much in this minute."""
        turns = self._turns.setdefault(
            (record.name, record.levelno), Sparingly(self._monotonic, per_minute=LINES_PER_MINUTE)
        )
        if (unsaid := turns.turn()) is not None:
            structlog.get_logger().log(
                record.levelno,
                record.name,
                text=record.getMessage(),
                unsaid=unsaid,
                exc_info=record.exc_info,
            )


def configure(*, level: str, json: bool, monotonic: Callable[[], float]) -> None:
    """Send log lines of ``level`` and above to standard error, as text or as JSON."""
    renderer = structlog.processors.JSONRenderer() if json else text_renderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
    logging.basicConfig(level=logging.WARNING, handlers=[LibraryLines(monotonic)])


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
    """Take secrets, and what could forge a line, out of everything that will be written.

    Tracebacks are text by now, and hold no values of variables.
    """
    for name, value in event.items():
        if value is None or isinstance(value, bool | int | float):
            continue
        text = str(value)
        if SECRET_NAME.fullmatch(name):
            event[name] = BLOT
        elif name == TRACEBACK:
            lines = without_secrets(text)[:MAX_TRACEBACK_LENGTH].split("\n")
            event[name] = "\n".join(INDENT + printable(line) for line in lines)
        elif PLAIN.fullmatch(text):
            event[name] = text
        else:
            event[name] = printable(without_secrets(text)[:MAX_LENGTH])
    return event


def without_secrets(text: str) -> str:
    """Return ``text`` with keys, credentials and tokens blotted out, and addresses cut short."""
    text = WORD.sub(lambda word: cut_short(word[0]), text)
    text = TOKEN.sub(rf"\1{BLOT}", text)
    text = NAMED.sub(rf"\1{BLOT}", text)
    text = CREDENTIALS.sub(rf"\1\2{BLOT}", text)
    text = API_KEY.sub(f"ffsk_{BLOT}", text)
    return LONG_HEX.sub(BLOT, text)


def cut_short(word: str) -> str:
    """Return a word as it is, an address as far as its host, a path without its query.

    A path may be a secret: those of webhooks often are. A pattern for whole addresses would
    take quadratic time over many that are run together.
    """
    scheme_end = SCHEME_END.search(word)
    if scheme_end is None:
        address, _, query = word.partition("?")
        return f"{address}?{BLOT}" if address and "=" in query else word
    start = scheme_end.end()
    host_end = HOST_END.search(word, start)
    host = USER_INFO.sub(f"{BLOT}@", word[start : host_end.start() if host_end else None])
    shown = word[:start] + host
    if host_end is None:
        return shown
    rest = word[host_end.end() :]
    return f"{shown}{host_end[0]}{BLOT if rest else ''}"


def printable(text: str) -> str:
    """Return ``text`` with everything escaped that would be no mere text on a terminal."""
    return UNPRINTABLE.sub(lambda char: char[0].encode("unicode_escape").decode(), text)
