import pytest

from renderio_box.ffmpeg.builds import ENCODER_LINE, FILTER_LINE

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
