"""How far an attempt has come, between the one who works and the one who reports."""

import msgspec
from msgspec.structs import replace

from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.expectation import progress_of
from renderio_box.jobs.job import Progress, Stage


class StepRun(msgspec.Struct, frozen=True, kw_only=True):
    """How one step was run; ``written_seconds`` is what FFmpeg last said of its output's time."""

    arguments: tuple[str, ...]
    written_seconds: float | None


class Tracker:
    """The latest known state of one running attempt; written often, read once a second.

    ``unfetched_bytes`` and ``output_bytes`` are what its inputs and all that it makes are
    thought to take of the disk, ``written_bytes`` what it has made of that so far.
    """

    def __init__(self) -> None:
        self.stage = Stage.FETCHING
        self.expected_seconds: float | None = None
        self.unfetched_bytes = 0
        self.output_bytes = 0
        self.written_bytes = 0
        self._report = Report()
        self.runs: list[StepRun] = []
        self._steps_done = 0
        self._steps = 1

    @property
    def unwritten_bytes(self) -> int:
        """Return how much of the disk's free space is still to be taken by it."""
        return self.unfetched_bytes + max(self.output_bytes - self.written_bytes, 0)

    @property
    def latest(self) -> Report:
        """Return FFmpeg's latest figures; the step's first are all unknown."""
        return self._report

    def report(self, report: Report) -> None:
        """Take FFmpeg's latest figures."""
        self._report = report

    def begin_step(self, number: int, *, of: int) -> None:
        """Forget the figures of the step before; ``number`` counts from 1."""
        self.stage = Stage.ENCODING
        self.expected_seconds = None
        self._report = Report()
        self._steps_done, self._steps = number - 1, of

    def end_step(self, arguments: tuple[str, ...]) -> None:
        """Remember how the step was run, for whoever looks at what it made."""
        out_time_us = self._report.out_time_us
        seconds = None if out_time_us is None else out_time_us / 1_000_000
        self.runs.append(StepRun(arguments=arguments, written_seconds=seconds))

    def progress(self) -> Progress:
        """Return what a caller may be told now; the percentage is that of all steps."""
        out_time_us = self._report.out_time_us
        step = progress_of(
            out_time_seconds=None if out_time_us is None else out_time_us / 1_000_000,
            fps=self._report.fps,
            speed=self._report.speed,
            expected=self.expected_seconds,
        )
        if self._steps == 1:
            return step
        percent = (100 * self._steps_done + (step.percent or 0.0)) / self._steps
        is_last = self._steps_done + 1 == self._steps
        return replace(
            step, percent=round(percent, 1), eta_seconds=step.eta_seconds if is_last else None
        )
