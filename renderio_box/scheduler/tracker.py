"""How far an attempt has come, between the one who works and the one who reports."""

from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.expectation import progress_of
from renderio_box.jobs.job import Progress, Stage


class Tracker:
    """The latest known state of one running attempt; written often, read once a second."""

    def __init__(self) -> None:
        self.stage = Stage.FETCHING
        self.expected_seconds: float | None = None
        self._report = Report()

    def report(self, report: Report) -> None:
        """Take FFmpeg's latest figures."""
        self._report = report

    def begin_step(self) -> None:
        """Forget the figures of the step before."""
        self.stage = Stage.ENCODING
        self.expected_seconds = None
        self._report = Report()

    def progress(self) -> Progress:
        """Return what a caller may be told now."""
        out_time_us = self._report.out_time_us
        return progress_of(
            out_time_seconds=None if out_time_us is None else out_time_us / 1_000_000,
            fps=self._report.fps,
            speed=self._report.speed,
            expected=self.expected_seconds,
        )
