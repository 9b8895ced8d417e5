from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.ffmpeg.banner import read_banner
from renderio_box.ffmpeg.failure import MAX_LINE, telling_line
from renderio_box.ffmpeg.log import GAP, BoundedLog
from renderio_box.ffmpeg.progress import MAX_LINE_BYTES, ProgressReader, Report

BANNER_PIECES = [
    " (High)",
    ", ",
    "yuv420p",
    "(tv, ",
    ")",
    "320x180",
    " [SAR 1:1]",
    "36 kb/s",
    "25 fps",
]
BANNER_PIECES += [
    "30k tbn",
    "29.97 tbr",
    "\n",
    "\n  Stream #0:1(eng): Audio: aac",
    ", 48000 Hz, ",
    "5.1",
]
BANNER_PIECES += [
    "\n      displaymatrix: rotation of -90.00 degrees",
    " (attached pic)",
    ", start 0.02",
]
cuts = st.lists(st.integers(0, 2000), max_size=30)
lines = st.sampled_from([b"progress=continue", b"progress=end", b"speed=1.5x", b"speed=N/A"])
values = st.integers(-(10**20), 10**20)
reports = st.lists(
    lines | values.map(lambda value: b"out_time_us=%d" % value) | st.binary(max_size=20),
    max_size=40,
).map(b"\n".join)


def split(text: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def read(chunks: list[bytes]) -> list[Report]:
    reader = ProgressReader()
    return [report for chunk in chunks for report in reader.feed(chunk)]


def logged(chunks: list[bytes], max_bytes: int) -> BoundedLog:
    log = BoundedLog(max_bytes)
    list(map(log.feed, chunks))
    return log


@given(reports, cuts)
def test_reading_progress_does_not_depend_on_how_the_pipe_splits(
    text: bytes, cuts: list[int]
) -> None:
    assert read(split(text, cuts)) == read([text])


@given(reports)
def test_figures_are_never_negative_and_always_finite(text: bytes) -> None:
    figures = [
        figure
        for report in read([text])
        for figure in (report.out_time_us, report.speed, report.fps)
        if figure is not None
    ]

    assert all(0 <= figure < float("inf") for figure in figures)


@given(st.lists(st.binary(max_size=3 * MAX_LINE_BYTES), max_size=5))
def test_a_progress_reader_never_keeps_more_than_one_line(chunks: list[bytes]) -> None:
    reader = ProgressReader()

    list(chain.from_iterable(map(reader.feed, chunks)))

    assert len(reader._rest) <= MAX_LINE_BYTES


@given(st.binary(max_size=200), cuts)
def test_a_log_that_fits_is_kept_whole_however_it_comes(text: bytes, cuts: list[int]) -> None:
    log = logged(split(text, cuts), 200)

    assert log.text() == text.replace(b"\r", b"\n").decode(errors="replace")


@given(st.binary(max_size=2000), cuts, st.integers(4, 100))
def test_a_long_log_is_the_same_however_it_comes(
    text: bytes, cuts: list[int], max_bytes: int
) -> None:
    assert logged(split(text, cuts), max_bytes).text() == logged([text], max_bytes).text()


@given(st.lists(st.binary(max_size=50), max_size=50), st.integers(4, 100))
def test_a_log_never_grows_past_its_bounds(chunks: list[bytes], max_bytes: int) -> None:
    log = logged(chunks, max_bytes)

    assert len(log._head) + len(log._tail) <= 2 * max_bytes
    assert len(log.text()) <= max_bytes + len(GAP)


@given(st.lists(st.sampled_from(BANNER_PIECES) | st.text(max_size=5), max_size=20).map("".join))
def test_any_description_of_a_stream_can_be_read(text: str) -> None:
    banner = f"Input #0, mp4, from 'x':\n  Stream #0:0: Video: h264{text}"

    assert read_banner(banner).streams[0].codec_name


@given(st.text(max_size=2 * MAX_LINE))
def test_the_telling_line_is_one_short_line(log: str) -> None:
    line = telling_line(log)

    assert len(line) <= MAX_LINE
    assert len(line.splitlines()) <= 1
