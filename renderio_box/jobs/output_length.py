"""How long each output of a command may be at least and at most.

Where a command leaves a doubt there is no bound: nobody is to be told that an output is
wrong because it was not understood.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from renderio_box.jobs.expectation import UNPREDICTABLE, cut
from renderio_box.jobs.files import FileType, MediaInfo
from renderio_box.jobs.options import FILTER_OPTIONS, Item, Role, items
from renderio_box.jobs.verification import Length

KEEPS_LENGTH: Final = frozenset(
    """
    aecho aformat afade alimiter amerge amix anull apulsator aresample ass asplit bass boxblur bwdif
    channelmap channelsplit chromakey colorbalance colorchannelmixer colorkey colorlevels compand
    crop curves deesser delogo deshake drawbox drawgrid drawtext dynaudnorm edgedetect eq equalizer
    fade fps format gblur hflip highpass hqdn3d hstack hue loudnorm lowpass lut lut3d negate noformat
    null overlay pad pan rotate scale setdar setsar sharpen smartblur split stereotools subtitles
    transpose treble unsharp vflip vignette volume vstack xstack yadif zscale
    """.split()  # noqa: SIM905 - eighty quotation marks would hide the names
)
"""Filters whose output is as long as one of their inputs."""
BENDING: Final = UNPREDICTABLE | {
    *("itsoffset", "itsscale", "output_ts_offset", "copyts", "fs", "bsf", "framerate", "r"),
    *("filter_script", "filter_complex_script", "/filter", "/filter_complex", "t_offset"),
}
"""Options that change how long things are, or may do so."""
LABELS: Final = re.compile(r"\[[^]]*\]")
CODECS: Final = frozenset({"c", "codec", "vcodec", "acodec"})
STATED: Final = frozenset(
    {"aiff", "asf", "avi", "flac", "flv", "matroska", "mov", "mxf", "ogg", "wav", "webm"}
)
"""Formats in which files say how long they are; of others FFmpeg makes an estimate."""
TAG_TIME: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


NOTHING_KNOWN: Final = Length()
STILL: Final = Length(is_still=True)


def length_of(
    media: MediaInfo, streams: Sequence[Mapping[str, object]], format_name: object
) -> Length:
    """Return how long the parts of a file are, from its facts and ffprobe's words."""
    if media.file_type is FileType.IMAGE and media.duration is None:
        return STILL
    if media.duration is None or not STATED & set(str(format_name).split(",")):
        return NOTHING_KNOWN
    parts = [stream for stream in streams if stream.get("codec_type") in {"video", "audio"}]
    if len(parts) == 1:
        return Length(low=media.duration, high=media.duration)
    lengths = [seconds_of(stream) for stream in parts]
    known = [length for length in lengths if length is not None]
    low = min(known) if known and len(known) == len(lengths) else None
    return Length(low=low, high=media.duration)


def seconds_of(stream: Mapping[str, object]) -> float | None:
    """Return how long one stream is, as the file says."""
    tags = stream.get("tags")
    told = tags.get("DURATION", "") if isinstance(tags, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if match := TAG_TIME.match(str(told)):  # pyright: ignore[reportUnknownArgumentType]
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
    try:
        return float(str(stream.get("duration", "")))
    except ValueError:
        return None


def output_lengths(
    arguments: Sequence[str], lengths: Mapping[str, Length], *, written_seconds: float | None
) -> dict[str, Length]:
    """Return the bounds of every output of one run, by the word that names it.

    ``lengths`` are those of the inputs by the word that follows ``-i``; ``written_seconds``
    is how much FFmpeg said that it had written, which bounds a lone output from below.
    """
    pending: list[Item] = []
    inputs: list[Length] = []
    outputs: dict[str, list[Item]] = {}
    bends = is_fast = False
    for item in items(arguments):
        if item.role is Role.OPTION:
            pending.append(item)
            bends = bends or is_bending(item)
            continue
        if item.role is Role.INPUT:
            inputs.append(shortened(lengths.get(item.value, NOTHING_KNOWN), pending))
            is_fast = is_fast or any(option.name == "ss" for option in pending)
        else:
            outputs[item.value] = pending
        pending = []
    whole = NOTHING_KNOWN if bends else spanning(inputs)
    found = {
        name: NOTHING_KNOWN if is_fast and copies(options) else shortened(whole, options)
        for name, options in outputs.items()
    }
    if len(found) == 1 and written_seconds is not None and not bends:
        ((name, length),) = found.items()
        found[name] = replace(length, low=written_seconds if length.low is None else length.low)
    return found


def is_bending(item: Item) -> bool:
    """Tell whether the option may make an output longer or shorter than the inputs."""
    if item.name in FILTER_OPTIONS:
        graph = LABELS.sub("", item.value)
        names = (re.split(r"[=@]", part.strip(), maxsplit=1)[0] for part in re.split("[,;]", graph))
        return "shortest" in graph or any(name not in KEEPS_LENGTH for name in names)
    return item.name in BENDING


def copies(options: Iterable[Item]) -> bool:
    """Tell whether a stream is copied: such a cut begins at a key frame, which may be far off."""
    return any(option.name in CODECS and option.value == "copy" for option in options)


def spanning(inputs: Sequence[Length]) -> Length:
    """Return the bounds of what is made from all inputs; still pictures add nothing."""
    moving = [length for length in inputs if not length.is_still]
    lows = [length.low for length in moving if length.low is not None]
    highs = [length.high for length in moving if length.high is not None]
    return Length(
        low=min(lows) if lows and len(lows) == len(moving) else None,
        high=max(highs) if highs and len(highs) == len(moving) else None,
    )


def shortened(length: Length, options: Sequence[Item]) -> Length:
    """Return what ``-ss``, ``-t`` and ``-to`` leave; ``-shortest`` may leave next to nothing."""
    if length.is_still:
        return length
    is_shortest = any(option.name == "shortest" for option in options)
    low = None if is_shortest or length.low is None else cut(length.low, options)
    return Length(low=low, high=cut(length.high, options))
