"""What ffprobe 5.1.9 said of small files made with lavfi, shortened to the fields we read."""

import json

import msgspec
import pytest

from renderio_box.ffmpeg.media_facts import Probed, media_info
from renderio_box.jobs.files import FileType, MediaInfo

H264 = {
    "codec_name": "h264",
    "profile": "High",
    "codec_type": "video",
    "width": 320,
    "height": 180,
    "pix_fmt": "yuv420p",
    "level": 13,
    "r_frame_rate": "30000/1001",
    "avg_frame_rate": "30000/1001",
    "time_base": "1/30000",
    "duration": "2.002000",
    "bit_rate": "36995",
    "disposition": {"default": 1, "attached_pic": 0},
}
AAC = {
    "codec_name": "aac",
    "profile": "LC",
    "codec_type": "audio",
    "sample_rate": "48000",
    "channels": 2,
    "r_frame_rate": "0/0",
    "avg_frame_rate": "0/0",
    "time_base": "1/48000",
    "duration": "2.000000",
    "bit_rate": "128125",
    "disposition": {"default": 1, "attached_pic": 0},
}
SUBRIP = {
    "codec_name": "subrip",
    "codec_type": "subtitle",
    "r_frame_rate": "0/0",
    "avg_frame_rate": "0/0",
    "time_base": "1/1000",
    "disposition": {"attached_pic": 0},
}
PNG = {
    "codec_name": "png",
    "codec_type": "video",
    "width": 300,
    "height": 300,
    "pix_fmt": "rgb24",
    "level": -99,
    "r_frame_rate": "25/1",
    "avg_frame_rate": "25/1",
    "time_base": "1/25",
    "disposition": {"attached_pic": 0},
}
COVER = PNG | {
    "r_frame_rate": "90000/1",
    "avg_frame_rate": "0/0",
    "time_base": "1/90000",
    "duration": "2.037556",
    "disposition": {"attached_pic": 1},
}
MP3 = AAC | {
    "codec_name": "mp3",
    "profile": None,
    "sample_rate": "44100",
    "channels": 1,
    "time_base": "1/14112000",
    "duration": "2.037551",
    "bit_rate": "64000",
}
GIF = PNG | {
    "codec_name": "gif",
    "width": 100,
    "height": 80,
    "pix_fmt": "bgra",
    "r_frame_rate": "10/1",
    "avg_frame_rate": "10/1",
    "time_base": "1/100",
    "duration": "1.000000",
}
JPEG = PNG | {"codec_name": "mjpeg", "profile": "Baseline", "duration": "0.040000"}
MP4 = {
    "format_name": "mov,mp4,m4a,3gp,3g2,mj2",
    "duration": "2.002000",
    "bit_rate": "180787",
}
MKV = {"format_name": "matroska,webm", "duration": "2.023000", "bit_rate": "173259"}


def facts(filename: str, container: dict[str, str], *streams: dict[str, object]) -> MediaInfo:
    answer = json.dumps({"streams": streams, "format": {"filename": filename, **container}})
    return media_info(msgspec.json.decode(answer, type=Probed, strict=False), filename)


def turned(*rotations: float) -> dict[str, object]:
    matrix = {"side_data_type": "Display Matrix"}
    return H264 | {"side_data_list": [{**matrix, "rotation": turn} for turn in rotations]}


def test_all_facts_about_a_video_with_sound() -> None:
    assert facts("v.mp4", MP4, H264, AAC) == MediaInfo(
        file_type=FileType.VIDEO,
        codec="h264",
        pixel_format="yuv420p",
        duration=2.002,
        width=320,
        height=180,
        frame_rate=30_000 / 1001,
        is_varying_frame_rate=False,
        bitrate_video_kb=36_995 / 1024,
        bitrate_audio_kb=128_125 / 1024,
        sample_rate=48_000,
        channels=2,
        video_profile_level="High@L1.3",
        timebase="1/30000",
    )


def test_all_facts_about_an_mp3_with_a_cover() -> None:
    container = {"format_name": "mp3", "duration": "2.037551", "bit_rate": "75961"}

    assert facts("cover.mp3", container, MP3, COVER) == MediaInfo(
        file_type=FileType.AUDIO,
        codec="mp3",
        duration=2.037551,
        bitrate_audio_kb=62.5,
        sample_rate=44_100,
        channels=1,
        timebase="1/14112000",
    )


def test_all_facts_about_a_still_image() -> None:
    assert facts("c.png", {"format_name": "png_pipe"}, PNG) == MediaInfo(
        file_type=FileType.IMAGE,
        codec="png",
        pixel_format="rgb24",
        width=300,
        height=300,
        timebase="1/25",
    )


def test_all_facts_about_a_gif() -> None:
    container = {"format_name": "gif", "duration": "1.000000", "bit_rate": "88336"}

    assert facts("a.gif", container, GIF) == MediaInfo(
        file_type=FileType.IMAGE,
        codec="gif",
        pixel_format="bgra",
        duration=1.0,
        width=100,
        height=80,
        frame_rate=10.0,
        is_varying_frame_rate=False,
        bitrate_video_kb=88_336 / 1024,
        timebase="1/100",
    )


def test_all_facts_about_sound_alone_in_an_mp4() -> None:
    assert facts("sound.mp4", MP4, AAC) == MediaInfo(
        file_type=FileType.AUDIO,
        codec="aac",
        duration=2.002,
        bitrate_audio_kb=128_125 / 1024,
        sample_rate=48_000,
        channels=2,
        timebase="1/48000",
    )


def test_all_facts_about_subtitles() -> None:
    assert facts("s.srt", {"format_name": "srt"}, SUBRIP) == MediaInfo(
        file_type=FileType.SUBTITLES, codec="subrip", timebase="1/1000"
    )


def test_subtitles_in_a_video_do_not_make_it_less_of_a_video() -> None:
    info = facts("v.mkv", MKV, SUBRIP, AAC, H264)

    assert (info.file_type, info.codec) == (FileType.VIDEO, "h264")


@pytest.mark.parametrize(
    ("filename", "file_type"),
    [("a.mp4", FileType.VIDEO), ("a.txt", FileType.TEXT), ("a", FileType.OTHER)],
)
def test_without_streams_only_the_name_says_what_a_file_is(
    filename: str, file_type: FileType
) -> None:
    assert facts(filename, {}) == MediaInfo(file_type=file_type)


def test_a_jpeg_has_no_duration_and_no_frame_rate() -> None:
    container = {"format_name": "image2", "duration": "0.040000", "bit_rate": "913800"}

    info = facts("a.jpg", container, JPEG)

    assert (info.file_type, info.duration, info.frame_rate, info.bitrate_video_kb) == (
        FileType.IMAGE,
        None,
        None,
        None,
    )


def test_motion_jpeg_in_a_video_keeps_its_duration() -> None:
    info = facts("v.avi", {"format_name": "avi", "duration": "4.0"}, JPEG)

    assert (info.file_type, info.duration) == (FileType.VIDEO, 4.0)


def test_an_image_without_a_telling_name_is_known_by_its_format() -> None:
    assert facts("picture", {"format_name": "png_pipe"}, PNG).file_type is FileType.IMAGE


@pytest.mark.parametrize("rotation", [90, -90, 270, -270, 90.0])
def test_a_quarter_turn_swaps_width_and_height(rotation: float) -> None:
    info = facts("v.mp4", MP4, turned(rotation))

    assert (info.width, info.height) == (180, 320)


@pytest.mark.parametrize("rotation", [0, 180, -180, 1.5])
def test_any_other_turn_leaves_width_and_height(rotation: float) -> None:
    info = facts("v.mp4", MP4, turned(rotation))

    assert (info.width, info.height) == (320, 180)


def test_side_data_without_a_rotation_turns_nothing() -> None:
    info = facts("v.mp4", MP4, H264 | {"side_data_list": [{"side_data_type": "Ambient light"}]})

    assert (info.width, info.height) == (320, 180)


@pytest.mark.parametrize(
    ("average", "base", "frame_rate", "is_varying"),
    [
        ("25/1", "25/1", 25.0, False),
        ("30000/1001", "30/1", 30_000 / 1001, False),
        ("299/20", "30/1", 14.95, True),
        ("0/0", "25/1", 25.0, True),
        ("25/1", "0/0", 25.0, False),
        ("0/0", "0/0", None, False),
    ],
)
def test_the_frame_rate_varies_where_average_and_base_differ(
    average: str, base: str, frame_rate: float | None, *, is_varying: bool
) -> None:
    info = facts("v.mp4", MP4, H264 | {"avg_frame_rate": average, "r_frame_rate": base})

    assert (info.frame_rate, info.is_varying_frame_rate) == (frame_rate, is_varying)


@pytest.mark.parametrize(
    ("codec", "profile", "level", "shown"),
    [
        ("h264", "High", 31, "High@L3.1"),
        ("h264", "High", 40, "High@L4"),
        ("hevc", "Main 10", 123, "Main 10@L4.1"),
        ("hevc", "Main", 30, "Main@L1"),
        ("vp9", "Profile 0", -99, "Profile 0"),
        ("av1", "Main", 8, "Main"),
        ("h264", "High", -99, "High"),
        ("mpeg4", None, 1, None),
    ],
)
def test_the_level_is_shown_where_its_unit_is_known(
    codec: str, profile: str | None, level: int, shown: str | None
) -> None:
    info = facts("v.mp4", MP4, H264 | {"codec_name": codec, "profile": profile, "level": level})

    assert info.video_profile_level == shown


def test_a_stream_alone_in_its_file_has_the_files_bit_rate() -> None:
    info = facts("v.mkv", MKV, H264 | {"bit_rate": None})

    assert info.bitrate_video_kb == 173_259 / 1024


def test_a_stream_among_others_without_a_bit_rate_has_none() -> None:
    info = facts("v.mkv", MKV, H264 | {"bit_rate": None}, AAC | {"bit_rate": "N/A"})

    assert (info.bitrate_video_kb, info.bitrate_audio_kb) == (None, None)


def test_a_file_without_a_duration_has_that_of_its_main_stream() -> None:
    assert facts("v.mp4", {"format_name": "mp4"}, AAC, H264).duration == 2.002


def test_the_first_video_counts() -> None:
    assert facts("v.mp4", MP4, COVER, H264, H264 | {"width": 64}).width == 320
