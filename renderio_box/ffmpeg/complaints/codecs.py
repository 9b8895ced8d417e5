"""Encoders and decoders: missing ones, and values that they do not take."""

import re
from collections.abc import Iterable
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, doing, rule
from renderio_box.ffmpeg.complaints.software import software_instead
from renderio_box.ffmpeg.nearest import nearest
from renderio_box.jobs.correction import (
    before_output,
    called,
    codec_kind,
    in_graphs,
    moved,
    with_value,
    without,
)
from renderio_box.jobs.options import Item, Role, items

REPLACEMENTS: Final = {
    "libfdk_aac": "aac",
    "libfaac": "aac",
    "libvo_aacenc": "aac",
    "aac_at": "aac",
    "libopenh264": "libx264",
    "h264": "libx264",
    "x264": "libx264",
    "avc": "libx264",
    "hevc": "libx265",
    "h265": "libx265",
    "x265": "libx265",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "libvp9": "libvpx-vp9",
    "av1": "libsvtav1",
    "mp3": "libmp3lame",
    "lame": "libmp3lame",
    "ogg": "libvorbis",
    "webp": "libwebp",
    "jpg": "mjpeg",
    "jpeg": "mjpeg",
    "srt": "subrip",
    "vtt": "webvtt",
}
"""Names that people use for encoders, and which this FFmpeg more likely has."""
PIXEL_FORMATS: Final = tuple(
    """
    yuv420p yuv422p yuv444p yuv420p10le yuv422p10le yuv444p10le yuva420p yuva444p yuvj420p nv12
    nv21 p010le rgb24 bgr24 rgba bgra argb rgb0 gbrp gray gray10le pal8 monow rgb48le rgba64le
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
LAYOUTS: Final = ("mono", "stereo", "2.1", "quad", "4.0", "5.0", "5.1", "6.1", "7.1", "downmix")
SAMPLE_RATES: Final = {
    "libmp3lame": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "libopus": (8000, 12000, 16000, 24000, 48000),
    "opus": (48000,),
    "libtwolame": (16000, 22050, 24000, 32000, 44100, 48000),
    "ac3": (32000, 44100, 48000),
    "eac3": (32000, 44100, 48000),
}
A_LITTLE: Final = 0.55
"""How like the name of an encoder must be to be offered in its place: libx264 is for libx999."""
OF_FDK: Final = frozenset({"vbr", "afterburner", "signaling", "eld_sbr"})


def missing_encoder(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the encoder of this build that does the same, or the one most like it."""
    name = match[1]
    if (soft := software_instead(asked, name)) is not None:
        return soft
    known = asked.build.encoders
    other = REPLACEMENTS.get(name.lower())
    other = other if other in known else nearest(name, known, alike=A_LITTLE)
    if other is None:
        return None
    words = with_value(asked.words, naming(name), other)
    if name == "libfdk_aac":
        words = without(words, lambda item: item.name in OF_FDK or item.value.startswith("aac_he"))
    return Advice(remedy=f"use {other}", words=words)


def naming(codec: str) -> "Naming":
    """Return what tells whether an option asks for that codec."""
    return Naming(codec)


class Naming:
    """Tells whether an option asks for one codec."""

    def __init__(self, codec: str) -> None:
        self._codec = codec

    def __call__(self, item: Item) -> bool:
        """Tell whether ``item`` does."""
        return codec_kind(item) is not None and item.value == self._codec


def missing_decoder(match: re.Match[str], asked: Asked) -> Advice:
    """Tell an encoder on the wrong side of -i from a decoder that is not there."""
    name = match[1]
    if name in asked.build.encoders:
        return Advice(
            says=f"{name} is an encoder, but stands before -i, where decoders are named",
            remedy="put it behind the inputs, before the output",
            words=moved(asked.words, naming(name), Role.OUTPUT),
        )
    return Advice(words=without(asked.words, naming(name)))


def pixel_format(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the pixel format that was meant."""
    wrong = match[1]
    meant = nearest(wrong, PIXEL_FORMATS)
    if meant is None or meant == wrong:
        return None
    words = with_value(asked.words, called("pix_fmt"), lambda value: value.replace(wrong, meant))
    words = in_graphs(words, lambda graph: graph.replace(wrong, meant))
    return Advice(remedy=f"use {meant}", words=words)


def preset(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the preset, tune or profile that was meant, out of those that the encoder lists."""
    what, wrong = match[1], match[2]
    listed = re.search(rf"Possible {what}s: ([\w ]+)", match.string)
    names = listed[1].split() if listed else ()
    return chosen(names, wrong, asked, what)


def chosen(names: Iterable[str], wrong: str, asked: Asked, *options: str) -> Advice | None:
    """Return the advice to give an option another of its possible values."""
    meant = nearest(wrong, names)
    if meant is None:
        known = ", ".join(names)
        return Advice(remedy=f"use one of {known}") if known else None
    words = with_value(asked.words, called(*options), meant)
    return Advice(remedy=f"use {meant}", words=words)


def sample_rate(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the rate nearest to the one that was asked for."""
    rates = SAMPLE_RATES.get(match[1])
    if rates is None:
        return None
    rate = min(rates, key=lambda each: (abs(each - int(match[2])), -each))
    words = with_value(asked.words, called("ar"), str(rate))
    return Advice(remedy=f"use -ar {rate}", words=words)


def stereo(match: re.Match[str], asked: Asked) -> Advice:
    """Mix down to what every encoder takes."""
    del match
    if any(item.name == "ac" for item in items(asked.words)):
        return Advice(words=with_value(asked.words, called("ac"), "2"))
    return Advice(words=before_output(asked.words, "-ac", "2"))


def layout(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the channel layout that was meant."""
    names = ("channel_layout", "ch_layout")
    return chosen(LAYOUTS, match[1], asked, *names)


def plain_pixels(match: re.Match[str], asked: Asked) -> Advice:
    """Use the one pixel format that every profile takes."""
    del match
    if any(item.name == "pix_fmt" for item in items(asked.words)):
        return Advice(words=with_value(asked.words, called("pix_fmt"), "yuv420p"))
    return Advice(words=before_output(asked.words, "-pix_fmt", "yuv420p"))


RULES: Final = (
    rule(
        r"Unknown encoder '([^']+)'",
        r"This FFmpeg has no encoder called '\1'",
        "use one that /llms.txt lists",
        missing_encoder,
    ),
    rule(
        r"Unknown decoder '([^']+)'",
        r"This FFmpeg has no decoder called '\1'",
        "leave it out: FFmpeg finds the right one by itself",
        missing_decoder,
    ),
    rule(
        r"Unknown pixel format requested: (\S+?)\.?$|Invalid pixel format '([^']+)'",
        r"There is no such pixel format",
        "use yuv420p",
        lambda match, asked: pixel_format(either(match), asked),
    ),
    rule(
        r"Specified pixel format (\w+) is (?:invalid or )?not supported",
        r"The encoder does not take pictures as \1",
        "use -pix_fmt yuv420p",
        plain_pixels,
    ),
    rule(
        r"x264 \[error\]: invalid (preset|tune|profile):? '?([\w-]+)",
        r"libx264 has no \1 called '\2'",
        "",
        preset,
    ),
    rule(
        r"x264 \[error\]: (\w+) profile doesn't support (.*)",
        r"The profile \1 of H.264 does not allow \2",
        "use -pix_fmt yuv420p",
        plain_pixels,
    ),
    rule(
        r"invalid level_idc: (\d+)",
        r"There is no level \1",
        "leave -level out, and the encoder chooses it",
        doing(lambda words: without(words, called("level"))),
    ),
    rule(
        r"\[(\w+)[^]]*\] Specified sample rate (\d+) is not supported",
        r"\1 does not take \2 samples a second",
        "choose another rate with -ar",
        sample_rate,
    ),
    rule(
        r"Specified channel layout '([^']+)' is (?:invalid or )?not supported",
        r"The encoder does not take the channel layout \1",
        "use -ac 2",
        stereo,
    ),
    rule(
        r"[io]chl channel layout \"([^\"]+)\" is invalid",
        r"Sound cannot have \1",
        "use -ac 2",
        stereo,
    ),
    rule(
        r"Unknown channel layout: (\S+?)\.?$",
        r"There is no channel layout called '\1'",
        "use mono, stereo or 5.1",
        layout,
    ),
    rule(
        r"Specified sample format (\w+) is (?:invalid or )?not supported",
        r"The encoder does not take samples as \1",
        "leave -sample_fmt out, and FFmpeg converts them",
        doing(lambda words: without(words, called("sample_fmt"))),
    ),
    rule(
        r"ratecontrol_init: can't open stats file|Error reading log file '[^']*' for pass-2",
        "The second pass finds no log of a first one, because every command has a directory"
        " of its own",
        "run both passes as the steps of one chain, or leave -pass out",
        doing(lambda words: without(words, called("pass"))),
    ),
    rule(
        r"video parameters incompatible with DNxHD",
        "DNxHD takes only certain sizes and bit rates, which the log lists",
        "use -profile:v dnxhr_hq -pix_fmt yuv422p, which takes others",
    ),
    rule(
        r"Subtitle encoding currently only possible from text to text or bitmap to bitmap",
        "Subtitles made of text cannot become pictures, nor pictures text",
        "use a format of the same kind, such as srt, ass or webvtt for text",
    ),
)


def either(match: re.Match[str]) -> re.Match[str]:
    """Return a match whose first group is the one that took part."""
    text = next(group for group in match.groups() if group is not None)
    found = re.compile(f"({re.escape(text)})").search(match.string, match.start())
    return match if found is None else found
