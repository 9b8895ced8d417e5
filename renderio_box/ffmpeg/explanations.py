"""PURE. What a log means, by the first rule of the table that knows its words."""

import re
from typing import Final

import msgspec

from renderio_box.ffmpeg.complaints import (
    codecs,
    containers,
    files,
    filters,
    graphs,
    options,
    software,
)
from renderio_box.ffmpeg.complaints.rule import Advice, Asked, Rule
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.words import joined_words

RULES: Final[tuple[Rule, ...]] = (
    *software.RULES,
    *codecs.RULES,
    *filters.VALUES,
    *options.RULES,
    *graphs.RULES,
    *filters.RULES,
    *files.RULES,
    *containers.RULES,
)
"""Tried one after another: what names a cause comes before what follows from it."""
ADDRESS: Final = re.compile(r" @ 0x[0-9a-f]+")
GROUP: Final = re.compile(r"\\(\d)")
MAX_LINE: Final = 300
MAX_LINES: Final = 300
"""How much of the end of a log is looked at."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed, in one sentence; FFmpeg's line about it; the command without the fault."""

    status: ErrorStatus
    sentence: str
    line: str
    suggestion: str | None


def explanation_of(log: str, asked: Asked) -> Explanation | None:
    """Return what the log says, None when no rule knows it."""
    text = "\n".join(ADDRESS.sub("", line)[:MAX_LINE] for line in log.splitlines()[-MAX_LINES:])
    for rule in RULES:
        if match := rule.pattern.search(text):
            return explained(rule, match, asked)
    return None


def explained(rule: Rule, match: re.Match[str], asked: Asked) -> Explanation:
    """Return what one rule says of its match."""
    advice = (rule.advise(match, asked) if rule.advise else None) or Advice()
    says = advice.says or filled(rule.says, match)
    remedy = advice.remedy or filled(rule.remedy, match)
    words = advice.words
    return Explanation(
        status=rule.status,
        sentence=f"{says}; {remedy}." if remedy else f"{says}.",
        line=line_around(match),
        suggestion=joined_words(words) if words and words != asked.words else None,
    )


def filled(text: str, match: re.Match[str]) -> str:
    """Return a clause with what the match found in place of its numbers."""
    return GROUP.sub(lambda group: match[int(group[1])] or "", text)


def line_around(match: re.Match[str]) -> str:
    """Return the whole line in which the match begins."""
    start = match.string.rfind("\n", 0, match.start()) + 1
    return match.string[start:].partition("\n")[0].strip()
