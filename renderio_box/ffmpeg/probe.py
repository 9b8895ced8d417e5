"""Asking FFmpeg what a file is."""

from pathlib import Path
from typing import Final, Protocol

import anyio
import msgspec
from msgspec import structs

from renderio_box.ffmpeg.banner import read_banner
from renderio_box.ffmpeg.builds import Found
from renderio_box.ffmpeg.media_facts import Probed, media_info
from renderio_box.ffmpeg.sandbox import Isolation, Reach, Share
from renderio_box.ffmpeg.walled import opening, run_walled
from renderio_box.jobs.file_types import PROBED_TYPES, file_type_of
from renderio_box.jobs.files import FileType, MediaInfo

PROBE_SECONDS: Final = 60.0
PROBE_CPU_SECONDS: Final = 120
ANSWER_BYTES: Final = 8 * 1024 * 1024
SCORE_OF_A_NAME: Final = 50
"""ffprobe's score (AVPROBE_SCORE_EXTENSION) when only the extension speaks for a format."""
NEVER_PROBED: Final = frozenset({FileType.TEXT, FileType.ARCHIVE})


class UnreadableError(Exception):
    """The name promises media, and FFmpeg finds none in the file."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A file in FFmpeg's own words: ``streams`` and ``format`` as ffprobe names their fields.

    Without ffprobe they hold what ``ffmpeg -i`` tells. Both are empty for what is no media.
    """

    streams: tuple[dict[str, object], ...] = ()
    format: dict[str, object] = {}


class Prober(Protocol):
    """Something that knows what a file is."""

    async def probe(self, path: Path, filename: str, *, beside: Path | None = None) -> MediaInfo:
        """Return the facts about a local file; may be repeated.

        ``filename`` is what the file is called outside; it decides what must be media.
        ``beside`` is a directory around it whose files it may refer to, None for none.

        Raises:
            UnreadableError: It must be media and is not.
        """
        ...

    async def duration(self, path: Path, *, beside: Path | None = None) -> float | None:
        """Return the length in seconds, None where it has none or cannot be read."""
        ...

    async def describe(self, path: Path, filename: str) -> tuple[MediaInfo, Described]:
        """Return the facts about a local file and what FFmpeg itself says; may be repeated.

        A file that is not the media that its name promises has no streams. ``path`` is
        nowhere in the answer.
        """
        ...


class FfmpegProber:
    """Asks ffprobe, or ``ffmpeg -i`` where there is none; a few files at a time."""

    def __init__(self, found: Found, isolation: Isolation, *, at_once: int) -> None:
        self._found = found
        self._isolation = isolation
        self._limiter = anyio.CapacityLimiter(at_once)

    async def probe(self, path: Path, filename: str, *, beside: Path | None = None) -> MediaInfo:
        """Return the facts about a local file."""
        promised = file_type_of(filename)
        if promised in NEVER_PROBED:
            return MediaInfo(file_type=promised)
        probed = facts_in(await self._ask(path, filename, beside))
        if not probed.streams and promised in PROBED_TYPES:
            raise UnreadableError(filename)
        return media_info(probed, filename) if is_media(probed, promised) else named_only(promised)

    async def duration(self, path: Path, *, beside: Path | None = None) -> float | None:
        """Return the length in seconds, None where it has none or cannot be read."""
        probed = facts_in(await self._ask(path, path.name, beside))
        return media_info(probed, path.name).duration if probed.streams else None

    async def describe(self, path: Path, filename: str) -> tuple[MediaInfo, Described]:
        """Return the facts about a local file and what FFmpeg itself says."""
        promised = file_type_of(filename)
        described = Described() if promised in NEVER_PROBED else await self._ask(path, filename)
        probed = facts_in(described)
        if not is_media(probed, promised):
            return named_only(promised), Described()
        shown = structs.replace(described, format=described.format | {"filename": filename})
        return media_info(probed, filename), shown

    async def _ask(self, path: Path, name: str, beside: Path | None = None) -> Described:
        """Return what FFmpeg says of the file, nothing when it does not understand it.

        ``name`` tells whether it may be a list of other files.
        """
        if self._found.ffprobe is not None:
            shown = ("-of", "json", "-show_format", "-show_streams")
            program, words = self._found.ffprobe, ("-v", "error", *shown)
        else:
            program, words = self._found.ffmpeg, ("-hide_banner", "-nostdin")
        arguments = self._isolation.arguments(
            program,
            *words,
            *opening(path, name, self._found.build),
            reach=Reach(readable=(beside or path,)),
            share=Share(cpu_seconds=PROBE_CPU_SECONDS),
        )
        async with self._limiter:
            try:
                finished = await run_walled(
                    self._isolation,
                    arguments,
                    timeout_s=PROBE_SECONDS,
                    max_output_bytes=ANSWER_BYTES,
                )
            except TimeoutError:
                return Described()
        if self._found.ffprobe is None:
            return in_its_words(read_banner(finished.complaints.decode(errors="replace")))
        try:
            return msgspec.json.decode(finished.output, type=Described)
        except msgspec.DecodeError:
            return Described()


def facts_in(described: Described) -> Probed:
    """Return what of FFmpeg's words the facts are made from, nothing when they are odd."""
    try:
        return msgspec.convert(msgspec.to_builtins(described), Probed, strict=False)
    except msgspec.ValidationError:
        return Probed()


def in_its_words(probed: Probed) -> Described:
    """Return facts under ffprobe's names, without those that are not known."""
    return msgspec.convert(msgspec.to_builtins(probed), Described)


def is_media(probed: Probed, promised: FileType) -> bool:
    """Tell whether FFmpeg found media, by more than the name where that promises none."""
    by_name_alone = probed.format.probe_score <= SCORE_OF_A_NAME and promised is FileType.OTHER
    return bool(probed.streams) and not by_name_alone


def named_only(promised: FileType) -> MediaInfo:
    """Return what is known of a file by its name."""
    return MediaInfo(file_type=promised)
