"""What SUCCESS stands for beyond files that can be read: what was asked, found and judged."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

KINDS: Final = ("video", "audio", "subtitle")
"""Streams that are counted; data and attachments are not."""


class Verify(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is checked of every output; by default nothing.

    A ``duration_tolerance_seconds`` of 0 means that durations are not checked.
    """

    decode: bool = False
    duration_tolerance_seconds: float = 0.0
    streams: bool = False

    @property
    def is_wanted(self) -> bool:
        """Tell whether anything is to be checked."""
        return self != Verify()

    @property
    def plays(self) -> bool:
        """Tell whether outputs have to be read to their ends for it."""
        return self.decode or self.streams


class Verdict(StrEnum):
    """How a check ended; unknown where nobody can tell what would be right."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class DurationCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How long an output is, and should be at least and at most, without the tolerance."""

    result: Verdict = Verdict.SKIPPED
    at_least_seconds: float | None = None
    at_most_seconds: float | None = None
    found_seconds: float | None = None


class StreamsCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How many streams of each kind an output has, and FFmpeg said that it would write."""

    result: Verdict = Verdict.SKIPPED
    expected: dict[str, int] | None = None
    found: dict[str, int] | None = None


class OutputVerification(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked of one output, and what is wrong with it or was left out."""

    decode: Verdict = Verdict.SKIPPED
    duration: DurationCheck = DurationCheck()
    streams: StreamsCheck = StreamsCheck()
    message: str | None = None

    @property
    def has_failed(self) -> bool:
        """Tell whether any check found a fault."""
        return Verdict.FAILED in {self.decode, self.duration.result, self.streams.result}


Verification = dict[str, OutputVerification]
"""The outputs' reports by alias."""


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds in seconds, None for none; a still picture ``is_still`` and has none."""

    low: float | None = None
    high: float | None = None
    is_still: bool = False


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What came of reading a file to its end.

    ``packets`` are those read of each stream, by kind. ``fault`` is what went wrong, as a
    sentence's end. ``is_undecodable`` tells that this FFmpeg has no decoder for it.
    """

    packets: Mapping[str, tuple[int, ...]] = {}
    fault: str | None = None
    is_undecodable: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one output.

    ``promised`` are the streams that FFmpeg said it would write; None where it did not say.
    """

    length: Length
    seconds: float | None
    promised: Mapping[str, int] | None
    played: Played | None
    is_playlist: bool = False


def skipped(reason: str) -> OutputVerification:
    """Return the report on an output of which nothing can be checked."""
    return OutputVerification(message=reason)


def judged(verify: Verify, found: Found) -> OutputVerification:
    """Return the report on one output."""
    decode, decode_fault = decode_of(verify, found.played)
    duration, length_fault = duration_of(verify, found)
    streams, stream_fault = streams_of(verify, found)
    faults = [fault for fault in (decode_fault, length_fault, stream_fault) if fault]
    return OutputVerification(
        decode=decode,
        duration=duration,
        streams=streams,
        message="; ".join(faults) or None,
    )


def decode_of(verify: Verify, played: Played | None) -> tuple[Verdict, str | None]:
    """Return whether it decodes to its end, and what is to be said about that."""
    if not verify.decode or played is None:
        return Verdict.SKIPPED, None
    if played.is_undecodable:
        return Verdict.SKIPPED, "this FFmpeg has no decoder for it"
    if played.fault is not None:
        return Verdict.FAILED, f"it does not decode: {played.fault}"
    return Verdict.PASSED, None


def duration_of(verify: Verify, found: Found) -> tuple[DurationCheck, str | None]:
    """Return whether it is as long as it should be, and what is wrong with it."""
    tolerance = verify.duration_tolerance_seconds
    if not tolerance:
        return DurationCheck(), None
    low, high, seconds = found.length.low, found.length.high, found.seconds
    told = DurationCheck(
        result=Verdict.PASSED, at_least_seconds=low, at_most_seconds=high, found_seconds=seconds
    )
    if seconds is None or (low is None and high is None):
        return replace(told, result=Verdict.UNKNOWN), None
    wrong = replace(told, result=Verdict.FAILED)
    if low is not None and seconds < low - tolerance:
        return wrong, f"it is {seconds:.2f} s long and should be at least {low:.2f} s"
    if high is not None and seconds > high + tolerance:
        return wrong, f"it is {seconds:.2f} s long and should be at most {high:.2f} s"
    if low is None:
        return replace(told, result=Verdict.UNKNOWN), None
    return told, None


def streams_of(verify: Verify, found: Found) -> tuple[StreamsCheck, str | None]:
    """Return whether it has the streams that it should, with something in each."""
    played = found.played
    if not verify.streams or played is None:
        return StreamsCheck(), None
    # The subtitles of a playlist are a playlist of their own.
    kinds = KINDS[:2] if found.is_playlist else KINDS
    expected = None
    if found.promised is not None:
        expected = {kind: found.promised[kind] for kind in kinds if found.promised.get(kind)}
    if not played.packets:
        return StreamsCheck(result=Verdict.UNKNOWN, expected=expected), None
    there = {kind: len(played.packets[kind]) for kind in kinds if played.packets.get(kind)}
    if fault := stream_fault(expected or {}, there, played):
        return StreamsCheck(result=Verdict.FAILED, expected=expected, found=there), fault
    result = Verdict.UNKNOWN if expected is None else Verdict.PASSED
    return StreamsCheck(result=result, expected=expected, found=there), None


def stream_fault(
    expected: Mapping[str, int], there: Mapping[str, int], played: Played
) -> str | None:
    """Return what is wrong with an output's streams; further ones than expected are not."""
    for kind, count in expected.items():
        if there.get(kind, 0) < count:
            return f"it has {there.get(kind, 0)} of {count} {kind} streams"
    if played.fault is not None:
        return None  # What comes after the fault was not read.
    empty = next((kind for kind in there if 0 in played.packets[kind]), None)
    return None if empty is None else f"nothing is in one of its {empty} streams"
