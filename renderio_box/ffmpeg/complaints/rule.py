"""One rule: words that FFmpeg uses, what they mean, and what to change in the command."""

import re
from collections.abc import Callable, Mapping

import msgspec

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.invocation import Build


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a step was to do: its words as the caller wrote them, and on which FFmpeg.

    ``paths`` are what placeholders stood for while it ran; ``lacking`` is what the hardware
    that it asks for lacks here, as a clause, empty when nothing does.
    """

    words: tuple[str, ...]
    paths: Mapping[str, str]
    build: Build
    lacking: str = ""

    def named(self, path: str) -> str:
        """Return what the caller calls the file: its placeholder, or the name that was given."""
        for alias, known in self.paths.items():
            if known == path:
                return f"{{{{{alias}}}}}"
        return f"'{path.rpartition('/')[2]}'"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to change, in words and, where that is certain, done to the command.

    ``says`` takes the place of the rule's own sentence, ``remedy`` that of its remedy.
    """

    says: str = ""
    remedy: str = ""
    words: tuple[str, ...] | None = None


Adviser = Callable[[re.Match[str], Asked], Advice | None]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    r"""A complaint of FFmpeg's, in the words of every version from 5.1 on.

    ``says`` and ``remedy`` are clauses without a full stop, and may take up groups of the
    pattern as ``\1``.
    """

    pattern: re.Pattern[str]
    says: str
    remedy: str = ""
    advise: Adviser | None = None
    status: ErrorStatus = ErrorStatus.FFMPEG_FAILED


def rule(
    pattern: str,
    says: str,
    remedy: str = "",
    advise: Adviser | None = None,
    *,
    status: ErrorStatus = ErrorStatus.FFMPEG_FAILED,
) -> Rule:
    """Return a rule, its pattern compiled to be found anywhere in a line."""
    return Rule(
        pattern=re.compile(pattern, re.MULTILINE),
        says=says,
        remedy=remedy,
        advise=advise,
        status=status,
    )


def doing(edit: Callable[[tuple[str, ...]], tuple[str, ...]], remedy: str = "") -> Adviser:
    """Return an adviser that always makes the same edit."""

    def advise(match: re.Match[str], asked: Asked) -> Advice:
        del match
        return Advice(remedy=remedy, words=edit(asked.words))

    return advise
