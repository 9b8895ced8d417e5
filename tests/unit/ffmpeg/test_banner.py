"""What ``ffmpeg -i`` of versions 5.1.9 and 9.0.2 printed about small files made with lavfi."""

import pytest

from renderio_box.ffmpeg.banner import channels, read_banner
from renderio_box.ffmpeg.media_facts import Probed, media_info
from renderio_box.jobs.files import FileType, MediaInfo

VIDEO_5 = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:v.mp4':
  Metadata:
    major_brand     : isom
    minor_version   : 512
    compatible_brands: isomiso2avc1mp41
    encoder         : Lavf59.27.100
  Duration: 00:00:02.00, start: 0.000000, bitrate: 180 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 320x180 \
[SAR 1:1 DAR 16:9], 36 kb/s, 29.97 fps, 29.97 tbr, 30k tbn (default)
    Metadata:
      handler_name    : VideoHandler
      vendor_id       : [0][0][0][0]
      encoder         : Lavc59.37.100 libx264
  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo, fltp, 128 kb/s \
(default)
    Metadata:
      handler_name    : SoundHandler
      vendor_id       : [0][0][0][0]
At least one output file must be specified
"""
VIDEO_9 = VIDEO_5.replace("      vendor_id       : [0][0][0][0]\n", "")
TURNED_5 = VIDEO_5.replace(
    "      encoder         : Lavc59.37.100 libx264\n",
    "      encoder         : Lavc59.37.100 libx264\n"
    "    Side data:\n      displaymatrix: rotation of 90.00 degrees\n",
)
SUBTITLED_9 = """\
Input #0, matroska,webm, from 'file:sub.mkv':
  Metadata:
    COMPATIBLE_BRANDS: isomiso2avc1mp41
    ENCODER         : Lavf59.27.100
  Duration: 00:00:02.02, start: 0.000000, bitrate: 173 kb/s
  Stream #0:0: Video: h264 (High), yuv420p(progressive), 320x180 [SAR 1:1 DAR 16:9], 29.97 fps, \
29.97 tbr, 1k tbn, start 0.021000 (default)
    Metadata:
      DURATION        : 00:00:02.023000000
  Stream #0:1: Audio: aac (LC), 48000 Hz, stereo, fltp (default)
    Metadata:
      DURATION        : 00:00:02.021000000
  Stream #0:2: Subtitle: subrip (srt), start 0.021000
    Metadata:
      DURATION        : 00:00:01.021000000
At least one output file must be specified
"""
COVER_5 = """\
Input #0, mp3, from 'file:cover.mp3':
  Metadata:
    encoder         : Lavf59.27.100
  Duration: 00:00:02.04, start: 0.025056, bitrate: 75 kb/s
  Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s
  Stream #0:1: Video: png, rgb24(pc), 300x300 [SAR 1:1 DAR 1:1], 90k tbr, 90k tbn (attached pic)
    Metadata:
      comment         : Other
At least one output file must be specified
"""
COVER_9 = """\
Input #0, mp3, from 'file:cover.mp3':
  Metadata:
    encoder         : Lavf59.27.100
  Duration: 00:00:02.04, start: 0.025056, bitrate: 77 kb/s
  Stream #0:0: Audio: mp3 (mp3float), 44100 Hz, mono, fltp, 64 kb/s, start 0.025057
  Stream #0:1: Video: png, rgb24(pc, gbr/unknown/unknown), 300x300 [SAR 1:1 DAR 1:1], 90k tbr, \
90k tbn, start 0.025056 (attached pic)
    Metadata:
      comment         : Other
At least one output file must be specified
"""
PNG_5 = """\
Input #0, png_pipe, from 'file:c.png':
  Duration: N/A, bitrate: N/A
  Stream #0:0: Video: png, rgb24(pc), 300x300 [SAR 1:1 DAR 1:1], 25 fps, 25 tbr, 25 tbn
At least one output file must be specified
"""
PNG_9 = PNG_5.replace("rgb24(pc)", "rgb24(pc, gbr/unknown/unknown)")
GIF = """\
Input #0, gif, from 'file:a.gif':
  Duration: 00:00:01.00, start: 0.000000, bitrate: 88 kb/s
  Stream #0:0: Video: gif, bgra, 100x80 [SAR 64:64 DAR 5:4], 10 fps, 10 tbr, 100 tbn
At least one output file must be specified
"""
SIX_CHANNELS = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:six.m4a':
  Duration: 01:02:03.50, start: 0.000000, bitrate: 352 kb/s
  Stream #0:0[0x1](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, 5.1, fltp, 337 kb/s \
(default)
At least one output file must be specified
"""
SRT_5 = """\
Input #0, srt, from 'file:s.srt':
  Duration: N/A, bitrate: N/A
  Stream #0:0: Subtitle: subrip
At least one output file must be specified
"""
SRT_9 = SRT_5.replace("subrip", "subrip (srt)")
VP9 = """\
Input #0, matroska,webm, from 'file:v.webm':
  Duration: 00:00:01.00, start: 0.000000, bitrate: 39 kb/s
  Stream #0:0: Video: vp9 (Profile 1), gbrp(pc, gbr/unknown/unknown, progressive), 128x72, SAR 1:1 \
DAR 16:9, 25 fps, 25 tbr, 1k tbn
At least one output file must be specified
"""
VARYING = VP9.replace("25 fps", "14.95 fps")


@pytest.mark.parametrize("text", [VIDEO_5, VIDEO_9])
def test_all_facts_about_a_video_with_sound(text: str) -> None:
    assert media_info(read_banner(text), "v.mp4") == MediaInfo(
        file_type=FileType.VIDEO,
        codec="h264",
        pixel_format="yuv420p",
        duration=2.0,
        width=320,
        height=180,
        frame_rate=29.97,
        is_varying_frame_rate=False,
        bitrate_video_kb=36_000 / 1024,
        bitrate_audio_kb=125.0,
        sample_rate=48_000,
        channels=2,
        video_profile_level="High",
        timebase="1/30000",
    )


@pytest.mark.parametrize("text", [COVER_5, COVER_9])
def test_all_facts_about_an_mp3_with_a_cover(text: str) -> None:
    assert media_info(read_banner(text), "cover.mp3") == MediaInfo(
        file_type=FileType.AUDIO,
        codec="mp3",
        duration=2.04,
        bitrate_audio_kb=62.5,
        sample_rate=44_100,
        channels=1,
    )


@pytest.mark.parametrize("text", [PNG_5, PNG_9])
def test_all_facts_about_a_still_image(text: str) -> None:
    assert media_info(read_banner(text), "c.png") == MediaInfo(
        file_type=FileType.IMAGE,
        codec="png",
        pixel_format="rgb24",
        width=300,
        height=300,
        timebase="1/25",
    )


@pytest.mark.parametrize("text", [SRT_5, SRT_9])
def test_all_facts_about_subtitles(text: str) -> None:
    info = media_info(read_banner(text), "s.srt")

    assert info == MediaInfo(file_type=FileType.SUBTITLES, codec="subrip")


def test_all_facts_about_a_gif() -> None:
    assert media_info(read_banner(GIF), "a.gif") == MediaInfo(
        file_type=FileType.IMAGE,
        codec="gif",
        pixel_format="bgra",
        duration=1.0,
        width=100,
        height=80,
        frame_rate=10.0,
        is_varying_frame_rate=False,
        bitrate_video_kb=88_000 / 1024,
        timebase="1/100",
    )


def test_all_facts_about_sound_of_six_channels() -> None:
    assert media_info(read_banner(SIX_CHANNELS), "six.m4a") == MediaInfo(
        file_type=FileType.AUDIO,
        codec="aac",
        duration=3723.5,
        bitrate_audio_kb=337_000 / 1024,
        sample_rate=48_000,
        channels=6,
    )


def test_every_stream_is_read() -> None:
    probed = read_banner(SUBTITLED_9)

    assert [(stream.codec_type, stream.codec_name) for stream in probed.streams] == [
        ("video", "h264"),
        ("audio", "aac"),
        ("subtitle", "subrip"),
    ]


def test_a_quarter_turn_swaps_width_and_height() -> None:
    info = media_info(read_banner(TURNED_5), "v.mp4")

    assert (info.width, info.height) == (180, 320)


def test_a_turn_belongs_to_the_stream_that_it_is_printed_below() -> None:
    turns = [len(stream.side_data_list) for stream in read_banner(TURNED_5).streams]

    assert turns == [1, 0]


def test_a_size_before_its_aspect_ratio_is_read() -> None:
    info = media_info(read_banner(VP9), "v.webm")

    assert (info.width, info.height, info.pixel_format) == (128, 72, "gbrp")


def test_the_frame_rate_varies_where_average_and_base_differ() -> None:
    assert media_info(read_banner(VARYING), "v.webm").is_varying_frame_rate is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:a.mp4: Invalid data found when processing input\n",
        "[in#0 @ 0x1] moov atom not found\nError opening input file a.mp4.\n",
    ],
)
def test_a_file_that_cannot_be_opened_has_no_streams(text: str) -> None:
    assert read_banner(text) == Probed()


def test_metadata_cannot_pretend_to_be_a_stream() -> None:
    text = VIDEO_5.replace(
        "    encoder         : Lavf59.27.100\n",
        "    comment         : x\n                    :   Stream #0:9: Video: h264, 1x1\n",
    )

    assert len(read_banner(text).streams) == 2


@pytest.mark.parametrize(
    ("layout", "count"),
    [
        ("mono", 1),
        ("stereo", 2),
        ("2.1", 3),
        ("5.1", 6),
        ("7.1", 8),
        ("1", 1),
        ("quad", 4),
        ("unheard", None),
    ],
)
def test_a_layout_says_how_many_channels_there_are(layout: str, count: int | None) -> None:
    assert channels(layout) == count


def test_rotation_is_read_as_ffmpeg_9_prints_it() -> None:
    turned = TURNED_5.replace("displaymatrix", "Display Matrix")

    info = media_info(read_banner(turned), "v.mp4")

    assert info == media_info(read_banner(TURNED_5), "v.mp4")


def test_a_file_of_metadata_alone_has_no_streams() -> None:
    probed = read_banner(
        "Input #0, ffmetadata, from 'file:m.txt':\n  Duration: N/A, bitrate: N/A\n"
    )

    assert probed.streams == ()


def test_a_stream_with_a_language_of_two_parts_is_read() -> None:
    text = (
        "Input #0, matroska,webm, from 'file:x.mkv':\n"
        "  Duration: 00:00:01.00, start: 0.000000, bitrate: 30 kb/s\n"
        "  Stream #0:0(pt-BR): Audio: vorbis, 44100 Hz, mono, fltp\n"
    )

    assert [stream.codec_name for stream in read_banner(text).streams] == ["vorbis"]
