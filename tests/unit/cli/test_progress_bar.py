import io

import pytest

from renderio_box.cli.answers import Polled, Progress
from renderio_box.cli.progress_bar import ProgressBar, bar, clock, label_of, line_of

ENCODING = Polled("id", "PROCESSING", processing_stage="FFMPEG_PROCESSING")
HALF = Progress(percent=50.0, speed=1.5, eta_seconds=75.0, out_time_seconds=30.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("polled", "label"),
    [
        (Polled("id", "QUEUED", queue_position=3), "waiting, number 3 in the queue"),
        (
            Polled("id", "QUEUED", queue_position=1, waiting_for="STORAGE"),
            "waiting for storage, number 1 in the queue",
        ),
        (Polled("id", "QUEUED"), "waiting, number 1 in the queue"),
        (Polled("id", "PROCESSING", processing_stage="DOWNLOADING"), "fetching inputs"),
        (ENCODING, "encoding"),
        (
            Polled("id", "PROCESSING", processing_stage="UPLOADING"),
            "checking and storing outputs",
        ),
        (Polled("id", "PROCESSING"), "working"),
        (Polled("id", "PROCESSING", processing_stage="UNHEARD"), "working"),
        (Polled("id", "SUCCESS"), "SUCCESS"),
        (Polled("id", "FAILED"), "FAILED"),
    ],
)
def test_what_is_happening_is_said_in_words(polled: Polled, label: str) -> None:
    assert label_of(polled) == label


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (None, "encoding"),
        (Progress(), "encoding"),
        (HALF, "encoding  [##############..............]  50.0%  1.50x  ETA 1:15"),
        (Progress(out_time_seconds=61.0, speed=2.0), "encoding  1:01 done  2.00x"),
    ],
)
def test_every_figure_that_is_known_is_shown(progress: Progress | None, line: str) -> None:
    polled = Polled("id", "PROCESSING", processing_stage="FFMPEG_PROCESSING", progress=progress)

    assert line_of(polled) == line


def test_figures_are_shown_only_while_ffmpeg_runs() -> None:
    polled = Polled("id", "PROCESSING", processing_stage="UPLOADING", progress=HALF)

    assert line_of(polled) == "checking and storing outputs"


@pytest.mark.parametrize(
    ("percent", "drawn"),
    [
        (0, "[............................]   0.0%"),
        (50, "[##############..............]  50.0%"),
        (99.9, "[############################]  99.9%"),
        (100, "[############################] 100.0%"),
    ],
)
def test_a_bar_is_always_as_wide(percent: float, drawn: str) -> None:
    assert bar(percent) == drawn


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (75, "1:15"),
        (3600, "1:00:00"),
        (3725, "1:02:05"),
    ],
)
def test_a_duration_is_shown_as_on_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_each_new_stage_is_one_line_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    progress = ProgressBar(stream)

    progress.show(ENCODING)
    progress.show(ENCODING)
    progress.show(Polled("id", "SUCCESS"))
    progress.end()

    assert stream.getvalue() == "encoding\nSUCCESS\n"


def test_a_line_is_written_over_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    progress = ProgressBar(stream)

    progress.line("encoding")
    progress.line("done")
    progress.end()

    assert stream.getvalue() == "\rencoding\rdone    \n"


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    stream = Terminal()

    ProgressBar(stream).line("x" * 40)

    assert stream.getvalue() == "\r" + "x" * 9


def test_an_upload_shows_how_much_was_sent_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()

    ProgressBar(stream).sent("a.mp4", 1, 4)

    assert stream.getvalue() == "\ruploading a.mp4  [#######.....................]  25.0%"


@pytest.mark.parametrize("total", [0, 4])
def test_an_upload_is_one_line_where_there_is_no_terminal(total: int) -> None:
    stream = io.StringIO()
    progress = ProgressBar(stream)

    progress.sent("a.mp4", 0, total)
    progress.sent("a.mp4", total, total)

    assert stream.getvalue() == "uploading a.mp4\n"


def test_ending_without_a_line_writes_nothing() -> None:
    stream = Terminal()

    ProgressBar(stream).end()

    assert stream.getvalue() == ""
