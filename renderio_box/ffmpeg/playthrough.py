"""Reading a file to its end, to learn whether it is whole."""

import math
from pathlib import Path
from typing import Final, Protocol

import anyio

from renderio_box.ffmpeg.builds import Found
from renderio_box.ffmpeg.sandbox import Isolation, Reach, Share
from renderio_box.ffmpeg.stream_log import complaints, packets_read
from renderio_box.ffmpeg.walled import opening, run_walled
from renderio_box.jobs.verification import Played
from renderio_box.machine import usable_cpus

ANSWER_BYTES: Final = 4 * 1024 * 1024
LINE_LENGTH: Final = 200
SPARE_CPU_SECONDS: Final = 60
NO_DECODER: Final = "no decoder found"
QUIET: Final = ("-hide_banner", "-nostdin", "-nostats", "-v", "level+verbose", "-xerror")
EVERYTHING: Final = ("-map", "0:v?", "-map", "0:a?", "-map", "0:s?")
DECODED: Final = ("-c:s", "ass")
"""Subtitles cannot be thrown away decoded; written as text they have been understood."""


class Player(Protocol):
    """Something that reads media to its end."""

    async def play(
        self, path: Path, *, decode: bool, has_pictures: bool, beside: Path, within_s: float
    ) -> Played:
        """Read the file, and decode it if told to; may be repeated.

        ``has_pictures`` tells that its subtitles are pictures, which are read undecoded.
        ``beside`` is a directory around it whose files it may refer to.
        """
        ...


class FfmpegPlayer:
    """Has FFmpeg read files into nowhere, walled in; a few at a time."""

    def __init__(self, found: Found, isolation: Isolation, *, at_once: int) -> None:
        self._found = found
        self._isolation = isolation
        self._limiter = anyio.CapacityLimiter(at_once)

    async def play(
        self, path: Path, *, decode: bool, has_pictures: bool, beside: Path, within_s: float
    ) -> Played:
        """Read the file to its end."""
        subtitles = ("-c:s", "copy") if has_pictures else DECODED
        arguments = self._isolation.arguments(
            self._found.ffmpeg,
            *QUIET,
            *opening(path, path.name, self._found.build),
            *EVERYTHING,
            *(subtitles if decode else ("-c", "copy")),
            *("-f", "null", "-"),
            reach=Reach(readable=(beside,)),
            share=Share(cpu_seconds=math.ceil(within_s * len(usable_cpus())) + SPARE_CPU_SECONDS),
        )
        async with self._limiter:
            try:
                finished = await run_walled(
                    self._isolation, arguments, timeout_s=within_s, max_output_bytes=ANSWER_BYTES
                )
            except TimeoutError:
                return Played(fault=f"reading it took longer than {within_s:g} s")
        log = finished.complaints.decode(errors="replace")
        log = log.replace(f"file:{path}", path.name).replace(f"{beside}/", "")
        return played(log, finished.exit_status, decode=decode)


def played(log: str, exit_status: int, *, decode: bool) -> Played:
    """Return what the log and the end of a run tell; errors count even if FFmpeg went on."""
    if NO_DECODER in log:
        return Played(is_undecodable=True)
    said = next(complaints(log), None)
    fault = None
    if exit_status != 0 or (decode and said is not None):
        fault = (said or f"FFmpeg ended with status {exit_status}")[:LINE_LENGTH].rstrip(".")
    return Played(packets=packets_read(log), fault=fault)
