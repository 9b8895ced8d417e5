"""Outputs: formats that cannot hold what the command puts into them, and names."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, doing, rule
from renderio_box.jobs.correction import (
    Words,
    before_input,
    before_output,
    called,
    codec_kind,
    with_codec,
    with_value,
    without,
    without_codecs,
)
from renderio_box.jobs.options import FILTER_OPTIONS, Item, Role, items

OF_ENCODERS: Final = called(
    *("preset", "tune", "profile", "level", "x264-params", "x264opts", "x265-params", "crf")
)
"""Options that mean something only to the encoders that they were written for."""
IN_PLACE: Final = {
    "subrip": ("s", "mov_text"),
    "ass": ("s", "mov_text"),
    "webvtt": ("s", "mov_text"),
    "text": ("s", "mov_text"),
    "vp8": ("v", "libx264"),
    "theora": ("v", "libx264"),
    "ffv1": ("v", "libx264"),
    "gif": ("v", "libx264"),
    "vorbis": ("a", "aac"),
    "wmav2": ("a", "aac"),
}
"""What MP4 holds instead: the kind of stream and the encoder."""
MORE_ROOM: Final = "1024"


def for_webm(match: re.Match[str], asked: Asked) -> Advice | None:
    """Encode for WebM."""
    del match
    if not {"libvpx-vp9", "libopus"} <= asked.build.encoders:
        return None
    subtitles = any(codec_kind(item) == "s" for item in items(asked.words))
    words = without(without_codecs(asked.words), OF_ENCODERS)
    added = ("-c:v", "libvpx-vp9", "-c:a", "libopus", *(("-c:s", "webvtt") if subtitles else ()))
    return Advice(words=before_output(words, *added))


def for_mp4(match: re.Match[str], asked: Asked) -> Advice | None:
    """Encode a stream the way MP4 holds it."""
    codec = match[1]
    kind, encoder = ("a", "aac") if codec.startswith("pcm_") else IN_PLACE.get(codec, ("", ""))
    if encoder not in asked.build.encoders:
        return None
    return Advice(remedy=f"use -c:{kind} {encoder}", words=with_codec(asked.words, kind, encoder))


def only_sound(match: re.Match[str], asked: Asked) -> Advice | None:
    """Encode the sound, and nothing else, for a format that holds just that."""
    format_name = next(group for group in match.groups() if group).lower()
    encoder = {"mp3": "libmp3lame", "flac": "flac", "aac": "aac"}[format_name]
    if encoder not in asked.build.encoders:
        return None
    words = without_codecs(asked.words)
    words = (
        words if any(item.name == "vn" for item in items(words)) else before_output(words, "-vn")
    )
    return Advice(remedy=f"use -vn -c:a {encoder}", words=before_output(words, "-c:a", encoder))


def for_ogg(match: re.Match[str], asked: Asked) -> Advice | None:
    """Encode for Ogg."""
    del match
    if not {"libtheora", "libvorbis"} <= asked.build.encoders:
        return None
    words = without(without_codecs(asked.words), OF_ENCODERS)
    return Advice(words=before_output(words, "-c:v", "libtheora", "-c:a", "libvorbis"))


def usual_codecs(words: Words) -> Words:
    """Return the words without codecs and what belongs to them."""
    plain = without_codecs(words)
    return words if plain == words else without(plain, OF_ENCODERS)


def no_format(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell a torn filter, whose second half stands like an output, from a name that says nothing."""
    name = match[1]
    found = list(items(asked.words))
    for at, item in enumerate(found[1:], start=1):
        if item.role is Role.OUTPUT and item.value == name:
            return torn(found, at, name)
    return None


def torn(found: list[Item], at: int, name: str) -> Advice:
    """Return the advice for a word that stands where an output would, at that place."""
    before = found[at - 1]
    whole = f"{before.value}{name}"
    pieces = [*found[: at - 1], Item(before.role, before.name, (before.words[0], whole))]
    words = tuple(word for item in (*pieces, *found[at + 1 :]) for word in item.words)
    return Advice(
        says=f"'{name[:60]}' stands where an output would be, because a blank ends the word before it",
        remedy="put a value that has blanks in quotation marks",
        words=words if before.name in FILTER_OPTIONS and len(before.words) > 1 else None,
    )


def one_picture(words: Words) -> Words:
    """Return the words so that the first picture alone is written."""
    return before_output(words, "-frames:v", "1", "-update", "1")


def room_for_packets(words: Words) -> Words:
    """Return the words with room for more packets to wait."""
    option = "max_muxing_queue_size"
    plain = without(words, called(option, "muxing_queue_data_threshold"))
    return before_output(plain, f"-{option}", MORE_ROOM)


def text_in_matroska(words: Words) -> Words:
    """Return the words with subtitles that Matroska holds."""
    return with_codec(words, "s", "srt")


def made_up_times(words: Words) -> Words:
    """Return the words with times for packets that have none."""
    if any(item.name == "fflags" for item in items(words)):
        return with_value(words, called("fflags"), lambda flags: f"{flags}+genpts")
    return before_input(words, "-fflags", "+genpts")


def without_format(match: re.Match[str], asked: Asked) -> Advice:
    """Leave the format to FFmpeg."""
    wrong = match[1]
    words = without(asked.words, lambda item: item.name == "f" and item.value == wrong)
    return Advice(words=words)


RULES: Final = (
    rule(
        r"Only VP8 or VP9 or AV1 video and Vorbis or Opus audio",
        "WebM holds only VP8, VP9 or AV1 with Opus or Vorbis, and WebVTT subtitles",
        "use -c:v libvpx-vp9 -c:a libopus",
        for_webm,
    ),
    rule(
        r"Could not find tag for codec (\w+) in stream #\d+, codec not currently supported",
        r"The output's format cannot hold \1",
        "use another codec, or a name that ends in .mkv",
        for_mp4,
    ),
    rule(
        r"Subtitle codec .* is not supported",
        "Matroska cannot hold these subtitles",
        "use -c:s srt",
        doing(text_in_matroska),
    ),
    rule(
        r"Exactly one (MP3|FLAC) audio stream is required|Only (AAC) streams can be muxed"
        r"|adts muxer supports only codec (aac)",
        "The output's format holds one stream of sound in its own codec, and nothing else",
        "",
        only_sound,
    ),
    rule(
        r"Unsupported codec id in stream (\d+)",
        r"The output's format cannot hold stream \1 as it is encoded",
        "use -c:v libtheora -c:a libvorbis for Ogg",
        for_ogg,
    ),
    rule(
        r"Invalid segment filename template '([^']*)'",
        "-f segment writes many files, and the output's name has no place for their number",
        'use out_playlist_… with -f hls, or a name like part_%03d.mp4 with output_files "OUTPUT_FOLDER"',
    ),
    rule(
        r"Cannot write more than one file with the same name",
        "The output is one picture, but the command makes several",
        'add -frames:v 1 -update 1 for the first one, or write pictures like p_%03d.png to "OUTPUT_FOLDER"',
        doing(one_picture),
    ),
    rule(
        r"Unable to (?:find a suitable|choose an) output format for '([^']*)'",
        "FFmpeg cannot tell from the output's name which format is wanted",
        "end the name in output_files in a usual extension such as .mp4, or name one with -f",
        no_format,
    ),
    rule(
        r"Requested output format '([^']*)' is not",
        r"FFmpeg writes no format called '\1'",
        "leave -f out: the output's name decides",
        without_format,
    ),
    rule(
        r"Unknown input format: '([^']*)'",
        r"FFmpeg reads no format called '\1'",
        "leave -f out: FFmpeg finds out what an input is",
        without_format,
    ),
    rule(
        r"Too many packets buffered for output stream",
        "One stream of the output had to wait too long for another",
        f"use -max_muxing_queue_size {MORE_ROOM}",
        doing(room_for_packets),
    ),
    rule(
        r"Can't write packet with unknown timestamp|first pts value must be set",
        "The input does not say when its pictures are to be shown",
        "add -fflags +genpts before -i, or encode instead of copying",
        doing(made_up_times),
    ),
    rule(
        r"non[- ]monotonically increasing dts|pts \(\S+\) < dts \(\S+\)",
        "The times of the packets go backwards",
        "encode instead of copying, or add -fflags +genpts before -i",
    ),
    rule(
        r"Could not write header .*\(incorrect codec parameters \?\)",
        "The output's format cannot hold what the command puts into it",
        "leave the codecs out, and FFmpeg takes those that fit the output's name",
        doing(usual_codecs),
    ),
    rule(
        r"Output file (?:#\d+ )?does not contain any stream",
        "Nothing of the inputs fits into the output",
        "check that there is an -i, and that it has the picture or sound that the output's name asks for",
    ),
)
