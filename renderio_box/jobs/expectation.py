"""How long the output of a command will be, as far as its arguments tell."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from renderio_box.jobs.job import Progress
from renderio_box.jobs.options import FILTER_OPTIONS, Item, Role, items

CLOCK: Final = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2}(?:\.\d{0,12})?)")
UNITS: Final = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
SECONDS: Final = re.compile(r"(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(s|ms|us|)")
BENDS_TIME: Final = re.compile(
    r"setpts|trim|tempo|concat|loop|tpad|select|zoompan|reverse|minterpolate|xfade|acrossfade|apad"
)
UNPREDICTABLE: Final = frozenset({"stream_loop", "loop", "sseof", "frames", "vframes", "aframes"})


def seconds_of(text: str) -> float | None:
    """Read a duration as FFmpeg writes it: ``90``, ``1.5s``, ``500ms``, ``00:01:30.5``."""
    if match := SECONDS.fullmatch(text.strip()):
        return float(match[1]) * UNITS[match[2]]
    if match := CLOCK.fullmatch(text.strip()):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    return None


def output_seconds(arguments: Sequence[str], durations: Mapping[str, float]) -> float | None:
    """Return how long the longest output will be, None when the arguments do not say.

    ``durations`` are the known lengths of input files in seconds, by the word that
    follows ``-i``. A filter that changes time makes all but an output ``-t`` useless.
    """
    known: list[float] = []
    pending: list[Item] = []
    outputs: list[list[Item]] = []
    bends = False
    for item in items(arguments):
        bends = bends or (item.name in FILTER_OPTIONS and bool(BENDS_TIME.search(item.value)))
        if item.role is Role.OPTION:
            pending.append(item)
            continue
        if item.role is Role.INPUT:
            length = cut(durations.get(item.value), pending)
            bends = bends or any(option.name in UNPREDICTABLE for option in pending)
            known += [] if length is None else [length]
        else:
            outputs.append(pending)
        pending = []
    whole = None if bends or not known else max(known)
    lengths = [cut(whole, options) for options in outputs]
    return max((length for length in lengths if length), default=None)


def cut(length: float | None, options: Sequence[Item]) -> float | None:
    """Return what ``-ss``, ``-t`` and ``-to`` leave of ``length``."""
    if any(option.name in UNPREDICTABLE for option in options):
        return None
    values = {option.name: seconds_of(option.value) for option in options}
    start = values.get("ss") or 0.0
    rest = None if length is None else max(0.0, length - start)
    if (limit := values.get("t")) is not None:
        return limit if rest is None else min(limit, rest)
    if (end := values.get("to")) is not None:
        limit = max(0.0, end - start)
        return limit if rest is None else min(limit, rest)
    return rest


def progress_of(
    *,
    out_time_seconds: float | None,
    fps: float | None,
    speed: float | None,
    expected: float | None,
) -> Progress:
    """Return FFmpeg's figures with percent and remaining time, where they can be known.

    A running command is never reported as done: percent stays below 100.
    """
    percent = eta = None
    if out_time_seconds is not None and expected:
        percent = round(min(99.9, 100 * out_time_seconds / expected), 1)
        remaining = max(0.0, expected - out_time_seconds)
        eta = round(remaining / speed, 1) if speed else None
    return Progress(
        percent=percent,
        out_time_seconds=out_time_seconds,
        fps=fps,
        speed=speed,
        eta_seconds=eta,
    )
