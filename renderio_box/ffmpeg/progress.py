"""Reading ``ffmpeg -progress``: key=value lines, a block ending in ``progress=``."""

from collections.abc import Iterator
from typing import Final

import msgspec

MAX_LINE_BYTES: Final = 4096


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report of a running FFmpeg; None where it does not know or say.

    ``out_time_us`` is how much of the output exists, in microseconds of its own time;
    ``speed`` is output time per elapsed time; ``total_bytes`` is what was written.
    """

    out_time_us: int | None = None
    fps: float | None = None
    speed: float | None = None
    frame: int | None = None
    total_bytes: int | None = None
    finished: bool = False


class ProgressReader:
    """Turns bytes, split anywhere, into reports. Unknown keys are skipped, memory is bounded."""

    def __init__(self) -> None:
        self._rest = b""
        self._values: dict[bytes, bytes] = {}

    def feed(self, chunk: bytes) -> Iterator[Report]:
        """Take the next bytes and yield each report they complete."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-MAX_LINE_BYTES:]
        for line in lines:
            key, _, value = line.strip().partition(b"=")
            if key == b"progress":
                yield self._report(finished=value == b"end")
            elif key in KEYS:
                self._values[key] = value.strip()

    def _report(self, *, finished: bool) -> Report:
        return Report(
            out_time_us=whole(self._values.get(b"out_time_us")),
            fps=number(self._values.get(b"fps")),
            speed=number(self._values.get(b"speed", b"").removesuffix(b"x")),
            frame=whole(self._values.get(b"frame")),
            total_bytes=whole(self._values.get(b"total_size")),
            finished=finished,
        )


KEYS: Final = frozenset({b"out_time_us", b"fps", b"speed", b"frame", b"total_size"})


def whole(value: bytes | None) -> int | None:
    """Read a count; None for ``N/A``, a negative one, or one of more digits than time has."""
    return int(value) if value and value.isdigit() and len(value) <= 18 else None  # noqa: PLR2004


def number(value: bytes | None) -> float | None:
    """Read a decimal; None for ``N/A`` and for what is not finite."""
    try:
        read = float(value or b"")
    except ValueError:
        return None
    return read if 0 <= read < float("inf") else None
