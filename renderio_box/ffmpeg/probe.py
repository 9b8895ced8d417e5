"""Asking FFmpeg what a file is."""

from pathlib import Path
from typing import Final, Protocol

import anyio
import msgspec

from renderio_box.ffmpeg.banner import read_banner
from renderio_box.ffmpeg.builds import Found
from renderio_box.ffmpeg.child import run_tool
from renderio_box.ffmpeg.local_executor import Isolation
from renderio_box.ffmpeg.media_facts import Probed, media_info
from renderio_box.jobs.file_types import PROBED_TYPES, file_type_of
from renderio_box.jobs.files import FileType, MediaInfo
from renderio_box.jobs.invocation import PROTOCOLS

PROBE_SECONDS: Final = 60.0
ANSWER_BYTES: Final = 8 * 1024 * 1024
SCORE_OF_A_NAME: Final = 50
"""ffprobe's score (AVPROBE_SCORE_EXTENSION) when only the extension speaks for a format."""
NEVER_PROBED: Final = frozenset({FileType.TEXT, FileType.ARCHIVE})


class UnreadableError(Exception):
    """The name promises media, and FFmpeg finds none in the file."""


class Prober(Protocol):
    """Something that knows what a file is."""

    async def probe(self, path: Path, filename: str) -> MediaInfo:
        """Return the facts about a local file; may be repeated.

        ``filename`` is what the file is called outside; it decides what must be media.

        Raises:
            UnreadableError: It must be media and is not.
        """
        ...

    async def duration(self, path: Path) -> float | None:
        """Return the length in seconds, None where it has none or cannot be read."""
        ...


class FfmpegProber:
    """Asks ffprobe, or ``ffmpeg -i`` where there is none; a few files at a time."""

    def __init__(self, found: Found, isolation: Isolation, *, scratch: Path, at_once: int) -> None:
        self._found = found
        self._isolation = isolation
        self._scratch = scratch
        self._limiter = anyio.CapacityLimiter(at_once)

    async def probe(self, path: Path, filename: str) -> MediaInfo:
        """Return the facts about a local file."""
        promised = file_type_of(filename)
        if promised in NEVER_PROBED:
            return MediaInfo(file_type=promised)
        probed = await self._ask(path)
        if not probed.streams and promised in PROBED_TYPES:
            raise UnreadableError(filename)
        by_name_alone = probed.format.probe_score <= SCORE_OF_A_NAME and promised is FileType.OTHER
        if not probed.streams or by_name_alone:
            return MediaInfo(file_type=promised)
        return media_info(probed, filename)

    async def duration(self, path: Path) -> float | None:
        """Return the length in seconds, None where it has none or cannot be read."""
        probed = await self._ask(path)
        return media_info(probed, path.name).duration if probed.streams else None

    async def _ask(self, path: Path) -> Probed:
        """Return what FFmpeg knows of the file, nothing when it does not understand it."""
        if self._found.ffprobe is not None:
            shown = ("-of", "json", "-show_format", "-show_streams")
            program, words = self._found.ffprobe, ("-v", "error", *shown)
        else:
            program, words = self._found.ffmpeg, ("-hide_banner", "-nostdin")
        arguments = self._isolation.arguments(
            program, *words, "-protocol_whitelist", PROTOCOLS, "-i", f"file:{path.name}"
        )
        async with self._limiter:
            try:
                finished = await run_tool(
                    arguments,
                    directory=path.parent,
                    environment=self._isolation.environment(self._scratch),
                    timeout_s=PROBE_SECONDS,
                    max_output_bytes=ANSWER_BYTES,
                )
            except TimeoutError:
                return Probed()
        if self._found.ffprobe is None:
            return read_banner(finished.complaints.decode(errors="replace"))
        try:
            return msgspec.json.decode(finished.output, type=Probed, strict=False)
        except msgspec.DecodeError:
            return Probed()
