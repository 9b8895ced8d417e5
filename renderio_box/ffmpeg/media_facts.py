"""From what ffprobe says of a file to the facts that callers see."""

from typing import Final

import msgspec

from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import FileType, MediaInfo

KILO: Final = 1024
RATE_TOLERANCE: Final = 0.01
"""How far average and base frame rate may differ before the rate counts as varying."""
MOVING_IMAGES: Final = frozenset({"gif", "apng"})
"""Image codecs whose files may move, so that their duration and frame rate mean something."""
LEVEL_UNITS: Final = {"h264": 10, "hevc": 30}


class Disposition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Flags of a stream."""

    attached_pic: int = 0


PLAIN: Final = Disposition()


class SideData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What comes with a stream beside its packets; rotation in degrees."""

    rotation: float | None = None


class Stream(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stream in ffprobe's own field names."""

    codec_type: str = ""
    codec_name: str | None = None
    profile: str | None = None
    level: int = 0
    width: int | None = None
    height: int | None = None
    pix_fmt: str | None = None
    r_frame_rate: str = ""
    avg_frame_rate: str = ""
    time_base: str | None = None
    duration: str | None = None
    bit_rate: str | None = None
    sample_rate: str | None = None
    channels: int | None = None
    disposition: Disposition = PLAIN
    side_data_list: tuple[SideData, ...] = ()


class Container(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The file as a whole in ffprobe's own field names."""

    format_name: str = ""
    probe_score: int = 100
    duration: str | None = None
    bit_rate: str | None = None


class Probed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ffprobe knows of a file."""

    streams: tuple[Stream, ...] = ()
    format: Container = Container()


def media_info(probed: Probed, filename: str) -> MediaInfo:
    """Return the facts about a media file; those about pictures come from the main video."""
    video = first(probed, "video")
    audio = first(probed, "audio")
    subtitle = first(probed, "subtitle")
    file_type = type_of(probed, filename)
    picture = video or Stream()
    if file_type is FileType.AUDIO:
        picture = Stream()
    main = (audio if file_type is FileType.AUDIO else video) or audio or subtitle or Stream()
    width, height = displayed_size(picture)
    is_still = file_type is FileType.IMAGE and main.codec_name not in MOVING_IMAGES
    return MediaInfo(
        file_type=file_type,
        codec=main.codec_name,
        pixel_format=picture.pix_fmt,
        duration=None if is_still else number(probed.format.duration) or number(main.duration),
        width=width,
        height=height,
        frame_rate=None if is_still else frame_rate(picture),
        is_varying_frame_rate=None if is_still else is_varying(picture),
        bitrate_video_kb=None if is_still else kilobits(picture, probed),
        bitrate_audio_kb=None if audio is None else kilobits(audio, probed),
        sample_rate=None if audio is None else whole(audio.sample_rate),
        channels=None if audio is None else audio.channels,
        video_profile_level=profile_level(picture),
        timebase=main.time_base,
    )


def first(probed: Probed, kind: str) -> Stream | None:
    """Return the first stream of that kind that is content and not cover art."""
    fitting = [stream for stream in probed.streams if stream.codec_type == kind]
    return next((stream for stream in fitting if not stream.disposition.attached_pic), None)


def type_of(probed: Probed, filename: str) -> FileType:
    """Return what the content is; a name that promises an image decides between it and video."""
    kinds = {stream.codec_type for stream in probed.streams if not stream.disposition.attached_pic}
    if "video" in kinds:
        promised = file_type_of(filename)
        pictures = "image2" in probed.format.format_name or "_pipe" in probed.format.format_name
        still = promised is FileType.IMAGE or pictures or probed.format.format_name == "gif"
        return FileType.IMAGE if still else FileType.VIDEO
    if "audio" in kinds:
        return FileType.AUDIO
    return FileType.SUBTITLES if "subtitle" in kinds else file_type_of(filename)


def displayed_size(stream: Stream) -> tuple[int | None, int | None]:
    """Return width and height as a player shows them, a quarter turn applied."""
    turns = [side.rotation for side in stream.side_data_list if side.rotation is not None]
    if turns and round(abs(turns[0])) % 180 == 90:  # noqa: PLR2004 - degrees
        return stream.height, stream.width
    return stream.width, stream.height


def frame_rate(stream: Stream) -> float | None:
    """Return the average frames per second, the base rate where there is no average."""
    return ratio(stream.avg_frame_rate) or ratio(stream.r_frame_rate)


def is_varying(stream: Stream) -> bool | None:
    """Tell whether frames come at changing distances, as far as the two rates show."""
    average, base = ratio(stream.avg_frame_rate), ratio(stream.r_frame_rate)
    if average is None or base is None:
        return None if stream.width is None else average is None and base is not None
    return abs(average - base) > RATE_TOLERANCE * base


def kilobits(stream: Stream, probed: Probed) -> float | None:
    """Return the stream's bit rate / 1024, the file's when the stream is alone in it."""
    rate = number(stream.bit_rate)
    if rate is None and len(probed.streams) == 1 and stream.codec_name is not None:
        rate = number(probed.format.bit_rate)
    return None if rate is None else rate / KILO


def profile_level(stream: Stream) -> str | None:
    """Return profile and level such as ``High@L3.1``; the level only where its unit is known."""
    if stream.profile is None:
        return None
    unit = LEVEL_UNITS.get(stream.codec_name or "")
    if unit is None or stream.level <= 0:
        return stream.profile
    return f"{stream.profile}@L{stream.level / unit:g}"


def ratio(text: str) -> float | None:
    """Read ``30000/1001``; None for ``0/0`` and for nothing."""
    above, _, below = text.partition("/")
    dividend, divisor = number(above), number(below or "1")
    return dividend / divisor if dividend and divisor else None


def number(text: str | None) -> float | None:
    """Read a decimal that may be missing or ``N/A``."""
    try:
        return float(text or "")
    except ValueError:
        return None


def whole(text: str | None) -> int | None:
    """Read a whole number that may be missing."""
    read = number(text)
    return None if read is None else int(read)
