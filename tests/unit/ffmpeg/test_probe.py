import pytest

from renderio_box.ffmpeg.banner import read_banner
from renderio_box.ffmpeg.media_facts import Container, Probed, Stream
from renderio_box.ffmpeg.probe import Described, facts_in, in_its_words, is_media
from renderio_box.jobs.files import FileType

BANNER = """Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:x':
  Duration: 00:00:02.50, start: 0.000000, bitrate: 120 kb/s
  Stream #0:0(und): Video: h264 (High), yuv420p, 160x90, 100 kb/s, 10 fps, 10 tbr, 10240 tbn
"""


def test_what_ffmpeg_prints_is_told_in_the_words_of_ffprobe() -> None:
    described = in_its_words(read_banner(BANNER))

    assert described == Described(
        streams=(
            {
                "codec_type": "video",
                "codec_name": "h264",
                "profile": "High",
                "width": 160,
                "height": 90,
                "pix_fmt": "yuv420p",
                "r_frame_rate": "10",
                "avg_frame_rate": "10",
                "time_base": "1/10240",
                "bit_rate": "100000",
            },
        ),
        format={
            "format_name": "mov,mp4,m4a,3gp,3g2,mj2",
            "duration": "2.50",
            "bit_rate": "120000",
        },
    )


def test_what_ffmpeg_prints_loses_nothing_by_being_told_in_other_words() -> None:
    probed = read_banner(BANNER)

    assert facts_in(in_its_words(probed)) == probed


@pytest.mark.parametrize(
    "described",
    [
        Described(),
        Described(streams=({"width": "wide"},)),
        Described(streams=({"disposition": 5},)),
        Described(format={"probe_score": "high"}),
    ],
)
def test_a_description_that_makes_no_sense_holds_no_facts(described: Described) -> None:
    assert facts_in(described) == Probed()


@pytest.mark.parametrize(
    ("score", "promised", "known"),
    [
        (100, FileType.OTHER, True),
        (51, FileType.OTHER, True),
        (50, FileType.OTHER, False),
        (50, FileType.VIDEO, True),
    ],
)
def test_a_name_alone_makes_no_media_unless_it_promises_it(
    score: int, promised: FileType, *, known: bool
) -> None:
    probed = Probed(streams=(Stream(codec_type="video"),), format=Container(probe_score=score))

    assert is_media(probed, promised) is known


def test_a_file_without_streams_is_no_media() -> None:
    assert not is_media(Probed(), FileType.VIDEO)
