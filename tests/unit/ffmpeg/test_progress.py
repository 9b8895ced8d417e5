import pytest

from renderio_box.ffmpeg.progress import MAX_LINE_BYTES, ProgressReader, Report

BLOCK = b"""\
frame=52
fps=51.42
stream_0_0_q=28.0
bitrate= 104.7kbits/s
total_size=26112
out_time_us=1995000
out_time_ms=1995000
out_time=00:00:01.995000
dup_frames=0
drop_frames=0
speed=1.97x
progress=continue
"""
REPORT = Report(out_time_us=1_995_000, fps=51.42, speed=1.97, frame=52, total_bytes=26_112)


def test_a_block_becomes_one_report() -> None:
    assert list(ProgressReader().feed(BLOCK)) == [REPORT]


def test_nothing_is_reported_before_a_block_is_complete() -> None:
    assert list(ProgressReader().feed(BLOCK[:-1])) == []


def test_a_block_may_come_in_two_pieces() -> None:
    reader = ProgressReader()

    first, second = list(reader.feed(BLOCK[:40])), list(reader.feed(BLOCK[40:]))

    assert (first, second) == ([], [REPORT])


def test_several_blocks_may_come_at_once() -> None:
    assert list(ProgressReader().feed(BLOCK * 3)) == [REPORT] * 3


def test_the_last_block_says_so() -> None:
    reports = ProgressReader().feed(BLOCK.replace(b"continue", b"end"))

    assert [report.finished for report in reports] == [True]


@pytest.mark.parametrize(
    "block",
    [
        b"out_time_us=N/A\nfps=0.00\nspeed=N/A\ntotal_size=N/A\nprogress=continue\n",
        b"out_time_us=-9223372036854775807\nfps=0\nspeed=  N/A\nprogress=continue\n",
        b"out_time_us=9999999999999999999999\nfps=0\nspeed=infx\nprogress=continue\n",
        b"out_time_us=1.5\nfps=0\nspeed=nanx\nprogress=continue\n",
        b"out_time_us=\nfps=0\nspeed=-1x\nprogress=continue\n",
        b"fps=0\nprogress=continue\n",
    ],
)
def test_what_ffmpeg_does_not_know_is_none(block: bytes) -> None:
    assert list(ProgressReader().feed(block)) == [Report(fps=0.0)]


def test_a_figure_that_becomes_unknown_is_forgotten() -> None:
    blocks = b"speed=2x\nprogress=continue\nspeed=N/A\nprogress=continue\n"

    assert [report.speed for report in ProgressReader().feed(blocks)] == [2.0, None]


@pytest.mark.parametrize("blank", [b" ", b"  ", b"\t"])
def test_blanks_around_a_value_mean_nothing(blank: bytes) -> None:
    reports = ProgressReader().feed(b"speed=" + blank + b"1.5x\r\nprogress=continue\r\n")

    assert list(reports) == [Report(speed=1.5)]


def test_lines_that_mean_nothing_are_skipped() -> None:
    assert list(ProgressReader().feed(b"\n=\nnonsense\n\xff\xfe=1\n" + BLOCK)) == [REPORT]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    reader = ProgressReader()

    reports = [report for _ in range(100) for report in reader.feed(b"x" * MAX_LINE_BYTES)]

    assert (reports, len(reader._rest)) == ([], MAX_LINE_BYTES)
