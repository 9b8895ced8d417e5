"""Every code that callers may meet, with its sentence and its remedy, as tables."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from renderio_box.api.problems import STATUS
from renderio_box.errors import ErrorCode, Explained
from renderio_box.jobs.error_status import ErrorStatus

LITERAL: Final = re.compile(
    r"\{\{[^{}]*\}\}|\b[a-z]+(?:[._][a-z]+)+\b|\b(?:X-API-KEY|Retry-After|Idempotency-Key)\b"
)
"""Settings, fields and headers: what is to be typed as it stands."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code; ``http_status`` is None for the codes of commands that failed."""

    code: str
    http_status: int | None
    meaning: str
    remedy: str


def error_entries() -> tuple[Entry, ...]:
    """Return what the field ``error`` of an answer can be."""
    return tuple(entry(code, http_status=STATUS[code]) for code in ErrorCode)


def error_status_entries() -> tuple[Entry, ...]:
    """Return what the field ``error_status`` of a command can be."""
    return tuple(entry(status, http_status=None) for status in ErrorStatus)


def entry(code: Explained, *, http_status: int | None) -> Entry:
    """Return a code as it stands in the catalogue."""
    return Entry(code=code.value, http_status=http_status, meaning=code.meaning, remedy=code.remedy)


def error_table() -> str:
    """Return the codes of refused requests as a Markdown table."""
    rows = [
        (str(each.http_status), each.code, literal(each.meaning), literal(each.remedy))
        for each in error_entries()
    ]
    return table(("HTTP", "`error`", "what it means", "what to do"), rows)


def error_status_table() -> str:
    """Return the codes of failed commands as a Markdown table."""
    rows = [
        (each.code, literal(each.meaning), literal(each.remedy)) for each in error_status_entries()
    ]
    return table(("`error_status`", "what it means", "what to do"), rows)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def literal(sentence: str) -> str:
    """Return the sentence with everything that is to be typed marked as code."""
    return LITERAL.sub(r"`\g<0>`", sentence)
