"""Options: unknown, misplaced, without a value, or with one that cannot be read."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, doing, rule
from renderio_box.ffmpeg.nearest import nearest
from renderio_box.jobs.correction import (
    Words,
    called,
    inputs_of,
    moved,
    with_name,
    with_value,
    without,
    written,
)
from renderio_box.jobs.options import Item, Role, items

OF_CODECS: Final = frozenset(
    """
    ac acodec allow_sw ar aspect atag b bf bsf bufsize c codec color_primaries color_range
    color_trc colorspace compression_level cpu-used crf deadline disposition f fflags filter
    filter_complex flags fps_mode force_key_frames frame-parallel frames framerate g
    hls_flags hls_list_size hls_playlist_type hls_segment_filename hls_segment_type hls_time
    keyint_min lavfi level loop map map_chapters map_metadata max_muxing_queue_size maxrate
    metadata minrate movflags pix_fmt preset profile q qmax qmin qscale quality r refs
    sample_fmt sc_threshold segment_time shortest speed ss start_number stream_loop strict
    svtav1-params t tag threads tile-columns to tune update video_size vn vsync vtag x264-params
    x264opts x265-params
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
"""Options that FFmpeg does not list as its own, and the usual ones that it does."""
BIT_RATE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([kKmM]?)(?:bps|bits?/s|b/s|bits?|b)", re.ASCII)
BIT_RATES: Final = ("b", "maxrate", "minrate", "bufsize", "vb", "ab")
SECONDS: Final = re.compile(r"(\d+(?:\.\d+)?) ?(?:s|secs?|seconds?)", re.IGNORECASE)
RATIO: Final = re.compile(r"(\d+)[xX/](\d+)")
LEVELS: Final = ("quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace")
METHODS: Final = ("auto", "passthrough", "cfr", "vfr")
STREAM_FILTERS: Final = (
    *(
        "aac_adtstoasc",
        "h264_mp4toannexb",
        "hevc_mp4toannexb",
        "extract_extradata",
        "h264_metadata",
    ),
    *("hevc_metadata", "vp9_superframe", "setts", "noise", "null", "dump_extra", "remove_extra"),
    *("av1_metadata", "mov2textsub", "text2movsub", "mjpeg2jpeg", "filter_units"),
)


def unknown(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the option that was meant."""
    name, _, _ = match[1].partition(":")
    known = asked.build.options | OF_CODECS
    bare = name.lstrip("-\u2013\u2014")
    meant = bare if bare in known else nearest(bare, known)
    if meant is None:
        return None
    words = with_name(asked.words, called(name), meant)
    return Advice(remedy=f"write -{meant}", words=words)


def misplaced(match: re.Match[str], asked: Asked) -> Advice:
    """Put the option on the other side of its file."""
    to = Role.OUTPUT if match["side"] == "input" else Role.INPUT
    words = moved(asked.words, called(match["option"].partition(":")[0]), to)
    other = "behind the inputs, before the output" if to is Role.OUTPUT else "before -i"
    return Advice(remedy=f"put it {other}", words=words)


def of_encoding(match: re.Match[str], asked: Asked) -> Advice | None:
    """Put an encoder's option before the output, where encoders have theirs."""
    if match["side"] != "decoding":
        return None
    words = moved(asked.words, called(match["option"]), Role.OUTPUT)
    return Advice(remedy="put it behind the inputs, before the output", words=words)


def no_output(match: re.Match[str], asked: Asked) -> Advice | None:
    """Find the option that took the output for its value."""
    del match
    takers = [
        item
        for item in items(asked.words)
        if item.role is Role.OPTION and len(item.words) > 1 and item.value.startswith("{{out_")
    ]
    if not takers:
        return None
    taker = takers[-1]
    words: Words = tuple(
        word
        for item in items(asked.words)
        for word in (item.words[1:] if item is taker or item == taker else item.words)
    )
    return Advice(
        says=f"{taker.words[0]} has no value, so it took {taker.value} for one and nothing is left"
        " to write to",
        remedy=f"give {taker.words[0]} a value, or leave it out",
        words=words,
    )


def bad_value(match: re.Match[str], asked: Asked) -> Advice | None:
    """Read a bit rate the way it was meant."""
    option, value = match["option"], match["value"]
    rate = BIT_RATE.fullmatch(value)
    if option not in BIT_RATES or rate is None:
        return None
    meant = f"{rate[1]}{rate[2].replace('K', 'k').replace('m', 'M')}"
    words = with_value(
        asked.words,
        lambda item: item.name in BIT_RATES and item.value == value,
        meant,
    )
    return Advice(remedy=f"write {meant}", words=words)


def out_of_range(match: re.Match[str], asked: Asked) -> Advice:
    """Take the value within the range that is nearest."""
    value, low, high = float(match[1]), match[3], match[4]
    end = low if value < float(low) else high
    words = with_value(
        asked.words,
        lambda item: item.name == match[2] and number(item) == value,
        end,
    )
    return Advice(words=words)


def number(item: Item) -> float | None:
    """Return the option's value as a number, None when it is none."""
    try:
        return float(item.value)
    except ValueError:
        return None


def bad_time(match: re.Match[str], asked: Asked) -> Advice | None:
    """Leave the unit out."""
    time = SECONDS.fullmatch(match["value"])
    if time is None:
        return None
    words = with_value(asked.words, called(match["option"]), time[1])
    return Advice(remedy=f"write -{match['option']} {time[1]}", words=words)


def position_for_length(match: re.Match[str], asked: Asked) -> Advice:
    """Take what was meant as a length for one."""
    del match
    return Advice(words=with_name(asked.words, called("to"), "t"))


def bad_ratio(match: re.Match[str], asked: Asked) -> Advice | None:
    """Write the ratio with a colon."""
    ratio = RATIO.fullmatch(match[1])
    if ratio is None:
        return None
    meant = f"{ratio[1]}:{ratio[2]}"
    return Advice(remedy=f"write {meant}", words=with_value(asked.words, called("aspect"), meant))


def meant_of(names: tuple[str, ...], *options: str):  # noqa: ANN201 - an Adviser
    """Return an adviser that puts the name that was meant in place of the first group."""

    def advise(match: re.Match[str], asked: Asked) -> Advice | None:
        meant = nearest(match[1], names)
        if meant is None:
            return None
        return Advice(remedy=f"use {meant}", words=with_value(asked.words, called(*options), meant))

    return advise


def to_one_input(match: re.Match[str], asked: Asked) -> Advice | None:
    """Take the stream of the only input."""
    del match
    if len(inputs_of(asked.words)) != 1:
        return None
    words = with_value(asked.words, called("map"), lambda value: re.sub(r"^\d+", "0", value))
    return Advice(remedy="inputs are counted from 0, so write 0", words=words)


RULES: Final = (
    rule(
        r"Unrecognized option '(.+)'\.?$",
        r"FFmpeg has no option -\1",
        "check its spelling, and that a value with blanks is in quotation marks",
        unknown,
    ),
    rule(
        r"Missing argument for option '(.+)'\.?$",
        r"-\1 stands at the end of the command and has no value",
        "give it one before the output, or leave it out",
        lambda match, asked: Advice(words=without(asked.words, written(match[1]))),
    ),
    rule(
        r"Option (?P<option>\S+) \(.*\) cannot be applied to (?P<side>input|output) url",
        r"-\1 is on the wrong side of its file: it cannot be used for an \2",
        "",
        misplaced,
    ),
    rule(
        r"Codec AVOption (?P<option>\S+) .* is not an? (?P<side>decoding|encoding) option",
        r"-\1 is not an option for \2",
        "leave it out",
        of_encoding,
    ),
    rule(
        r"At least one output file must be specified",
        "The command names no output",
        "write {{out_…}} as its last word",
        no_output,
    ),
    rule(
        r"Value (-?[\d.]+) for parameter '([\w-]+)' out of range \[(-?[\d.e+]+) - (-?[\d.e+]+)\]",
        r"\2 must lie between \3 and \4",
        "",
        out_of_range,
    ),
    rule(
        r"Error setting option (?P<option>\S+) to value (?P<value>.*?)\.?$",
        r"'\2' is not a value that \1 takes",
        "check its spelling; numbers may end in k or M",
        bad_value,
    ),
    rule(
        r"Invalid duration (?:specification )?for (?:option )?(?P<option>\w+): (?P<value>.*)",
        r"'\2' is not a time that -\1 takes",
        "write seconds such as 12.5, or HH:MM:SS",
        bad_time,
    ),
    rule(
        r"-to value smaller than -ss",
        "-to is the position where to end, and lies before the beginning that -ss sets",
        "use -t for a length",
        position_for_length,
    ),
    rule(
        r"Expected (?:number|int\w*) for (\S+) but found: (.*)",
        r"-\1 takes a number, not '\2'",
    ),
    rule(
        r"Invalid framerate value: (.*)",
        r"'\1' is not a frame rate",
        "write a number above 0, such as -r 25",
        doing(lambda words: without(words, called("r")), "write a number above 0, or leave -r out"),
    ),
    rule(
        r"Invalid aspect ratio: (.*)",
        r"'\1' is not a ratio",
        "write it like 16:9",
        bad_ratio,
    ),
    rule(
        r"No '=' character in metadata string (.*?)\.?$",
        r"'\1' is not metadata",
        "write KEY=VALUE, in quotation marks if there is a blank in it",
    ),
    rule(
        r"(?:Invalid stream specifier: |Trailing garbage at the end of a stream specifier: )(\S+?)\.?$",
        r"':\1' does not say which streams an option is for",
        "write :v, :a or :s, with a number behind it for one of several, such as :a:0",
    ),
    rule(
        r"Invalid loglevel \"(.*)\"",
        r"There is no log level '\1'",
        "use warning or info",
        meant_of(LEVELS, "loglevel", "v"),
    ),
    rule(
        r"Invalid value (\S+) specified for fps_mode",
        r"-fps_mode knows no '\1'",
        "use cfr, vfr or passthrough",
        meant_of(METHODS, "fps_mode"),
    ),
    rule(
        r"Error parsing bitstream filter sequence '([^']*)': Bitstream filter not found",
        r"There is no bitstream filter '\1'",
        "",
        meant_of(STREAM_FILTERS, "bsf"),
    ),
    rule(
        r"Codec '(\w+)' \(\d+\) is not supported by the bitstream filter '(\w+)'",
        r"The bitstream filter \2 is not for \1",
        "leave it out",
        lambda match, asked: Advice(
            words=without(asked.words, lambda item: item.name == "bsf" and item.value == match[2])
        ),
    ),
    rule(
        r"Invalid input file index: (\d+)",
        r"-map names input \1, which the command does not have",
        "inputs are counted from 0",
        to_one_input,
    ),
)
