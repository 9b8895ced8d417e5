import pytest

from renderio_box.ffmpeg.builds import ENCODER_LINE, FILTER_LINE, formats_in

FFMPEG_5 = """\
Filters:
  T.. = Timeline support
  .S. = Slice threading
  A = Audio input/output
  | = Source or sink filter
 ... abench            A->A       Benchmark part of a filtergraph.
 TSC overlay           VV->V      Overlay a video source on top of the input.
 ... amovie            |->N       Read audio from a movie source.
"""
FFMPEG_8 = """\
Filters:
  T. = Timeline support
  .S = Slice threading
 .. abench            A->A       Benchmark part of a filtergraph.
 TS overlay           VV->V      Overlay a video source on top of the input.
 .. amovie            |->N       Read audio from a movie source.
"""
ENCODERS = """\
Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10 (codec h264)
 A....D aac                  AAC (Advanced Audio Coding)
"""


@pytest.mark.parametrize("printed", [FFMPEG_5, FFMPEG_8], ids=["FFmpeg 5", "FFmpeg 8"])
def test_filters_are_read_from_what_ffmpeg_prints(printed: str) -> None:
    assert FILTER_LINE.findall(printed) == ["abench", "overlay", "amovie"]


def test_encoders_are_read_from_what_ffmpeg_prints() -> None:
    assert ENCODER_LINE.findall(ENCODERS) == ["libx264", "aac"]


FORMATS_5 = """\
File formats:
 D. = Demuxing supported
 .E = Muxing supported
 --
 D  3dostr          3DO STR
 DE alsa            ALSA audio output
  E caca            caca (color ASCII art) output device
 D  libcdio
 D  mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV
 DE sdl,sdl2        SDL2 output device
"""
FORMATS_9 = """\
Formats:
 D.. = Demuxing supported
 .E. = Muxing supported
 ..d = Is a device
 ---
 D   3dostr          3DO STR
 DEd alsa            ALSA audio output
  Ed caca            caca (color ASCII art) output device
 D d libcdio
 D   mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV
 DE  sdl,sdl2        SDL2 output device
"""


@pytest.mark.parametrize("printed", [FORMATS_5, FORMATS_9], ids=["FFmpeg 5", "FFmpeg 9"])
def test_formats_that_can_be_read_are_known_by_each_of_their_names(printed: str) -> None:
    assert formats_in(printed) == {
        *("3dostr", "alsa", "libcdio", "sdl", "sdl2"),
        *("mov", "mp4", "m4a", "3gp", "3g2", "mj2"),
    }


def test_a_program_that_prints_no_formats_has_none() -> None:
    assert formats_in("no answer in 20 seconds") == frozenset()
