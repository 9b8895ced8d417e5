"""Doing without video hardware: the same command with FFmpeg's own encoders, decoders and filters."""

import re
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from renderio_box.jobs.correction import (
    Words,
    around_last_input,
    called,
    codec_kind,
    with_name,
    with_value,
    without,
)
from renderio_box.jobs.hardware import CODEC
from renderio_box.jobs.options import Item, items
from renderio_box.jobs.plain_filters import NothingLikeItError, with_plain_filters

ENCODERS: Final = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "mjpeg": "mjpeg",
    "mpeg2": "mpeg2video",
    "mpeg4": "mpeg4",
    "prores_ks": "prores_ks",
    "prores": "prores_ks",
    "ffv1": "ffv1",
    "h263": "h263",
    "": "libx264",
}
"""Which encoder makes each codec without any hardware."""
DEVICE_OPTIONS: Final = frozenset(
    """
    extra_hw_frames filter_hw_device gpu hwaccel hwaccel_device hwaccel_flags
    hwaccel_output_format init_hw_device qsv_device vaapi_device
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
DECODER_OPTIONS: Final = frozenset(
    {"deint", "drop_second_field", "num_capture_buffers", "surfaces"}
)
RESHAPING_OPTIONS: Final = frozenset({"crop", "resize"})
"""What decoders of NVIDIA's do to pictures besides decoding them."""
ENCODER_OPTIONS: Final = frozenset(
    """
    2pass a53cc adaptive_b adaptive_i allow_sw async_depth aq-strength aq_mode b_adapt b_depth
    b_ref_mode b_strategy bitrate_limit blbrc brand cavlc cbr compression_level constrained_encoding
    cqp delay dpb_size enforce_hrd extbrc filler_data global_quality gops_per_idr header_insertion_mode
    idr_interval init_qpB init_qpI init_qpP int_ref_type intra-refresh ldmode lookahead
    lookahead_level look_ahead look_ahead_depth look_ahead_downsampling low_delay_brc low_power
    max_dec_frame_buffering max_frame_size_i max_frame_size_p max_slice_bytes mbbrc multipass
    no-scenecut nonref_p num_capture_buffers num_output_buffers pic_timing_sei prio_speed
    preanalysis preencode profile_tier qp_b qp_cb_offset qp_cr_offset qp_i qp_p qmax_b qmax_i
    qmax_p quality rc rc-lookahead rc_mode rdo realtime recovery_point_sei repeat_pps s12m_tc
    scenario sei single-slice-intra-refresh skip_frame spatial-aq spatial_aq split_encode_mode
    strict_gop surfaces temporal-aq temporal_aq temporal_filter tf_level tier tile_cols tile_rows
    transform_skip tune udu_sei usage vbaq vcm veryfast_bframes weighted_pred zerolatency
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
"""Options whose values mean nothing, or something else, to encoders without hardware."""
QUALITY_OPTIONS: Final = ("cq", "qp", "global_quality")
"""What is said of quality to hardware; the first one of them that a command has counts."""
BY_CRF: Final = {"libx264": 51, "libx265": 51, "libsvtav1": 63}
"""Encoders whose -crf takes such a value, and the highest one."""
OTHER_SCALE: Final = re.compile(r"av1_(?:vaapi|qsv)")
"""Encoders whose quality goes from 0 to 255."""
OF_X264: Final = {
    "preset": frozenset(
        {
            "ultrafast",
            "superfast",
            "veryfast",
            "faster",
            "fast",
            "medium",
            "slow",
            "slower",
            "veryslow",
        }
    ),
    "profile": frozenset({"baseline", "main", "high"}),
}
X264_FAMILY: Final = {"preset": {"libx264", "libx265"}, "profile": {"libx264"}}
"""Options and values that mean the same to encoders without hardware, and to which."""
PIXEL_FORMATS: Final = {
    **dict.fromkeys(("nv12", "vaapi", "cuda", "qsv", "vulkan", "opencl", "drm_prime"), "yuv420p"),
    **dict.fromkeys(("p010", "p010le"), "yuv420p10le"),
}
"""What is asked for because hardware wants it, and what is usual without."""


class InSoftware(msgspec.Struct, frozen=True):
    """A command that needs no hardware, and the encoders that are now in it."""

    words: Words
    encoders: tuple[str, ...]


def in_software(
    words: Words, *, encoders: AbstractSet[str], filters: AbstractSet[str]
) -> InSoftware | None:
    """Return the command for an FFmpeg with these encoders and filters.

    None when it uses no hardware, or when nothing does the same without.
    """
    try:
        plain = with_plain_filters(without_devices(words), filters)
    except NothingLikeItError:
        return None
    named = [item.value for item in items(plain) if codec_kind(item) is not None]
    swapped = {name: ENCODERS.get(made_by(name), "") for name in named if needs_device(name)}
    if not encoders >= set(swapped.values()):
        return None
    if swapped:
        plain = with_encoders(plain, swapped)
    return None if plain == words else InSoftware(plain, tuple(dict.fromkeys(swapped.values())))


def needs_device(codec: str) -> bool:
    """Tell whether a codec is one of hardware's."""
    return CODEC.fullmatch(codec) is not None


def made_by(codec: str) -> str:
    """Return what a codec of hardware's makes, empty where its name does not tell."""
    match = CODEC.fullmatch(codec)
    return "" if match is None else match[1] or match[2] or ""


def without_devices(words: Words) -> Words:
    """Return the words without decoders and options that need a device.

    Raises:
        NothingLikeItError: A decoder does more than decode.
    """
    sources, rest = around_last_input(words)
    if any(codec_kind(item) is not None and needs_device(item.value) for item in items(sources)):
        if any(called(*RESHAPING_OPTIONS)(item) for item in items(sources)):
            raise NothingLikeItError
        sources = without(sources, is_decoder)
        sources = without(sources, called(*DECODER_OPTIONS))
    return without(sources + rest, called(*DEVICE_OPTIONS))


def is_decoder(item: Item) -> bool:
    """Tell whether an option before an input names a codec of hardware's."""
    return codec_kind(item) is not None and needs_device(item.value)


def with_encoders(words: Words, swapped: dict[str, str]) -> Words:
    """Return the words with other encoders, and with what was said to the old ones in their terms."""
    sources, rest = around_last_input(words)
    rest = with_quality(rest, swapped)
    rest = without(rest, lambda item: is_for_hardware(item, set(swapped.values())))
    rest = with_value(rest, called("pix_fmt"), lambda name: PIXEL_FORMATS.get(name, name))
    return sources + with_value(
        rest, lambda item: codec_kind(item) is not None, lambda name: swapped.get(name, name)
    )


def with_quality(words: Words, swapped: dict[str, str]) -> Words:
    """Return the words with -crf where hardware was told a quality, if that means the same."""
    present = {item.name for item in items(words)}
    told = next((name for name in QUALITY_OPTIONS if name in present), "")
    highest = min((BY_CRF.get(name, 0) for name in swapped.values()), default=0)
    if any(OTHER_SCALE.fullmatch(name) for name in swapped) or any(map(is_rate, items(words))):
        highest = 0
    words = without(
        words,
        lambda item: (
            called(*QUALITY_OPTIONS)(item)
            and (item.name != told or not is_quality(item.value, highest=highest))
        ),
    )
    return with_name(words, called(told), "crf") if told else words


def is_rate(item: Item) -> bool:
    """Tell whether an option says how large the picture may be, which counts for more."""
    return item.words[0] in {"-b:v", "-vb", "-b"} and item.value != "0"


def is_quality(value: str, *, highest: int) -> bool:
    """Tell whether the value is one that -crf takes; 0 stands for one that hardware chooses."""
    return value.isdecimal() and 0 < int(value) <= highest


def is_for_hardware(item: Item, encoders: set[str]) -> bool:
    """Tell whether an option would be wrong, or be lost, on encoders without hardware."""
    if item.name in OF_X264:
        is_known = encoders <= X264_FAMILY[item.name]
        return not is_known or item.value not in OF_X264[item.name]
    return item.name in ENCODER_OPTIONS or (item.name == "level" and item.value == "auto")
