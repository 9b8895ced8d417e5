"""Hardware that is not there: the same command with FFmpeg's own encoders, decoders and filters."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, rule
from renderio_box.jobs.correction import (
    Words,
    called,
    codec_kind,
    in_graphs,
    with_value,
    without,
)
from renderio_box.jobs.options import Item, items

HARDWARE: Final = (
    r"(?:amf|cuvid|d3d12va|mediacodec|mf|nvenc|omx|qsv|v4l2m2m|vaapi|videotoolbox|vulkan)"
)
CODEC: Final = re.compile(rf"(\w+?)_{HARDWARE}|nvenc_(\w+)|nvenc()")
ENCODERS: Final = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "mjpeg": "mjpeg",
    "mpeg2": "mpeg2video",
    "prores": "prores_ks",
    "": "libx264",
}
"""Which encoder makes each codec without any hardware."""
DEVICE_OPTIONS: Final = frozenset(
    """
    extra_hw_frames filter_hw_device gpu hwaccel hwaccel_device hwaccel_flags
    hwaccel_output_format init_hw_device qsv_device vaapi_device
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
ENCODER_OPTIONS: Final = frozenset(
    """
    2pass allow_sw aq-strength async_depth b_ref_mode cbr cq gpu lookahead look_ahead
    look_ahead_depth multipass no-scenecut preset prio_speed profile quality rc rc-lookahead
    realtime spatial-aq spatial_aq surfaces temporal-aq temporal_aq tune usage weighted_pred
    zerolatency
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
"""Options whose values mean nothing, or something else, to encoders without hardware."""
FILTER: Final = re.compile(r"\b(\w+?)_(?:cuda|npp|opencl|qsv|vaapi|vulkan)\b")
TRANSFER: Final = re.compile(r"\bhw(?:upload_cuda|upload|download|map)(?:=[^],;[]*)?,?")


def in_software(asked: Asked, codec: str = "") -> Advice | None:
    """Return how to do without hardware; None when ``codec``, or the command, uses none."""
    if codec and CODEC.fullmatch(codec) is None:
        return None
    words = without_devices(asked.words)
    names = [item.value for item in items(words) if codec_kind(item) is not None]
    wanted = {name: substitute(name, asked) for name in names if CODEC.fullmatch(name)}
    known = {name: other for name, other in wanted.items() if other is not None}
    if len(known) < len(wanted):
        return None
    if known:
        words = without(words, lambda item: item.name in ENCODER_OPTIONS)
        words = with_value(words, names_codec, lambda value: known.get(value, value))
    if words == asked.words:
        return None
    said = f"use {' and '.join(dict.fromkeys(known.values()))}" if known else "leave it out"
    return Advice(remedy=f"{said}: it needs no hardware", words=words)


def names_codec(item: Item) -> bool:
    """Tell whether the option names a codec."""
    return codec_kind(item) is not None


def substitute(codec: str, asked: Asked) -> str | None:
    """Return the encoder without hardware in place of another, None when the build has none."""
    match = CODEC.fullmatch(codec)
    made = "" if match is None else match[1] or match[2] or ""
    other = ENCODERS.get(made)
    return other if other in asked.build.encoders else None


def without_devices(words: Words) -> Words:
    """Return the words without decoders, filters and options that need a device."""
    end = max((at for at, word in enumerate(words) if word == "-i"), default=0)
    sources = without(words[:end], lambda item: names_codec(item) and is_hardware(item.value))
    words = without(sources + words[end:], called(*DEVICE_OPTIONS))
    words = in_graphs(words, plain_graph)
    return without(words, lambda item: item.name == "vf" and not item.value)


def is_hardware(codec: str) -> bool:
    """Tell whether the codec needs a device."""
    return CODEC.fullmatch(codec) is not None


def plain_graph(graph: str) -> str:
    """Return the graph with the usual filters in place of those that need a device."""
    if TRANSFER.search(graph) is None and FILTER.search(graph) is None:
        return graph
    return FILTER.sub(r"\1", TRANSFER.sub("", graph)).rstrip(",")


def no_hardware(match: re.Match[str], asked: Asked) -> Advice | None:
    """Do without it."""
    del match
    return in_software(asked)


def not_convertible(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell pictures in a graphics card's memory from others that do not go together."""
    soft = no_hardware(match, asked)
    if soft is None:
        return None
    return Advice(says=NO_CARD, remedy=soft.remedy, words=soft.words)


NO_CARD: Final = (
    "The command asks for a graphics card or video hardware that this box does not have"
)

RULES: Final = (
    rule(
        r"Cannot load (?:lib)?(?:nv)?cuda|Cannot load (?:lib)?nv|No capable devices found"
        r"|(?:Error initializing an internal|Error creating a) MFX session|No VA display found"
        r"|Device creation failed|No device available for decoder|Cannot open display"
        r"|Failed loading nvcuvid|A hardware (?:frames|device) reference is required",
        NO_CARD,
        "use an encoder without hardware, such as libx264",
        no_hardware,
    ),
    rule(
        r"Unrecognized hwaccel: (\S+?)\.$",
        r"This FFmpeg knows no hardware called '\1'",
        "leave -hwaccel out",
        no_hardware,
    ),
    rule(
        r"Impossible to convert between the formats supported by the filter",
        "Two filters do not take each other's pictures or sound",
        "put format=yuv420p or aformat between them",
        not_convertible,
    ),
)
