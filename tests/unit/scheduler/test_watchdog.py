import math
from collections.abc import Iterable

import msgspec
import pytest

from renderio_box.ffmpeg.executor import Effort, TooManyBytes, TooManyFiles
from renderio_box.ffmpeg.progress import Report
from renderio_box.scheduler.usage import Usage
from renderio_box.scheduler.watchdog import (
    IDLE_BYTES,
    LONGEST_GAP_S,
    Signs,
    Vigil,
    WatchBounds,
    signs_of,
)

STALL_S = 300.0
IDLE_FFMPEG = 0.004
KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
BOUNDS = WatchBounds(stall_seconds=STALL_S, max_bytes=1000, max_files=10)


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does, evenly, per second, until it stops; some of it every so many seconds."""

    processors: float = 0.0
    reads: int = 0
    frame_every_s: float = 0.0
    out_time_every_s: float = 0.0
    total_bytes_every_s: float = 0.0
    file_every_s: float = 0.0
    grows_every_s: float = 0.0
    rewrites_every_s: float = 0.0
    until_s: float = math.inf

    def signs(self, at: float) -> Signs:
        at = min(at, self.until_s)
        return Signs(
            frame=times(at, self.frame_every_s),
            out_time_us=times(at, self.out_time_every_s),
            total_bytes=times(at, self.total_bytes_every_s),
            usage=Usage(
                files=times(at, self.file_every_s),
                bytes=times(at, self.grows_every_s),
                changed_ns=times(at, self.rewrites_every_s),
            ),
        )

    def effort(self, at: float) -> Effort:
        at = min(at, self.until_s)
        return Effort(
            processor_seconds=round(at * self.processors, 2), read_bytes=round(at * self.reads)
        )


def times(at: float, every_s: float) -> int:
    """Return how often something has happened by then."""
    return int(at // every_s) if every_s else 0


def over_at(life: Life, moments: Iterable[float], *, stall_s: float = STALL_S) -> float | None:
    """Return when a run that lives like that is given up, None if it is not."""
    vigil = Vigil(stall_seconds=stall_s)
    for at in moments:
        if vigil.is_still(life.signs(at), at=at):
            vigil.weigh(life.effort(at), at=at)
            if vigil.is_over:
                return at
    return None


def seconds(until: float, *, every: float = 1.0) -> list[float]:
    return [number * every for number in range(1, int(until / every) + 1)]


@pytest.mark.parametrize(
    "life",
    [
        Life(),
        Life(processors=IDLE_FFMPEG),
        Life(processors=0.009),
        Life(reads=8),
        Life(processors=IDLE_FFMPEG, reads=100),
    ],
    ids=["frozen", "idle in a select loop", "just below 1 %", "wakes up", "idle and wakes up"],
)
def test_a_run_that_does_nothing_is_given_up_in_time(life: Life) -> None:
    at = over_at(life, seconds(2 * STALL_S))

    assert at is not None
    assert STALL_S <= at <= STALL_S + 3


@pytest.mark.parametrize(
    "life",
    [
        Life(processors=2.0),
        Life(processors=0.02),
        Life(processors=0.005, reads=5 * MEBIBYTE),
        Life(reads=KIBIBYTE),
        Life(frame_every_s=10.0),
        Life(frame_every_s=290.0),
        Life(out_time_every_s=200.0),
        Life(total_bytes_every_s=100.0),
        Life(file_every_s=250.0),
        Life(grows_every_s=60.0),
        Life(rewrites_every_s=100.0),
        Life(processors=IDLE_FFMPEG, frame_every_s=290.0),
    ],
    ids=[
        "a filter that buffers, a first pass, a busy loop",
        "one among fifty on a CPU",
        "seeking through a huge file on a slow disk",
        "pictures of 10 KB every 10 s into an encoder that looks ahead",
        "0.1 frames a second",
        "a frame just in time",
        "sound alone",
        "an output that is no file",
        "segments",
        "-c copy to a slow disk",
        "moving the index to the front",
        "-re of a source with long gaps",
    ],
)
def test_a_run_that_is_only_slow_goes_on(life: Life) -> None:
    assert over_at(life, seconds(10 * STALL_S)) is None


def test_a_run_that_stops_working_is_given_up_from_then_on() -> None:
    life = Life(processors=1.0, frame_every_s=1.0, grows_every_s=1.0, until_s=1000)

    assert over_at(life, seconds(2000)) == 1000 + STALL_S + 1


def test_work_is_counted_over_the_whole_time_not_look_by_look() -> None:
    vigil = Vigil(stall_seconds=STALL_S)
    vigil.is_still(Signs(), at=0)
    quiet: list[float] = []

    for at, spent_s in enumerate([0.0, 1.0, 2.0, 3.0, 3.1]):
        vigil.weigh(Effort(processor_seconds=spent_s, read_bytes=0), at=at)
        quiet.append(vigil.quiet_seconds)

    assert quiet == [0, 1, 2, 3, 0]


def test_a_run_that_loses_a_process_has_worked() -> None:
    vigil = Vigil(stall_seconds=STALL_S)
    vigil.is_still(Signs(), at=0)
    vigil.weigh(Effort(processor_seconds=50, read_bytes=0), at=0)
    vigil.weigh(Effort(processor_seconds=50, read_bytes=0), at=9)

    vigil.weigh(Effort(processor_seconds=10, read_bytes=0), at=10)

    assert vigil.quiet_seconds == 0


def test_a_run_that_read_what_an_idle_one_may_is_quiet() -> None:
    vigil = Vigil(stall_seconds=STALL_S)
    vigil.is_still(Signs(), at=0)
    vigil.weigh(Effort(processor_seconds=0, read_bytes=0), at=0)

    vigil.weigh(Effort(processor_seconds=0, read_bytes=IDLE_BYTES), at=5)

    assert vigil.quiet_seconds == 5


def test_a_machine_that_slept_does_not_make_a_run_quiet() -> None:
    moments = [*seconds(5), 5000.0, 5001.0, 5002.0]

    assert over_at(Life(), moments) is None


def test_a_gap_counts_for_no_more_than_is_left_between_looks() -> None:
    vigil = Vigil(stall_seconds=STALL_S)
    vigil.is_still(Signs(), at=0)
    vigil.weigh(Effort(processor_seconds=0, read_bytes=0), at=0)

    vigil.weigh(Effort(processor_seconds=0, read_bytes=0), at=5000)

    assert vigil.quiet_seconds == LONGEST_GAP_S


@pytest.mark.parametrize("stall_s", [1.0, 0.5])
def test_nobody_is_given_up_before_two_looks_at_its_work(stall_s: float) -> None:
    assert over_at(Life(processors=1.0), seconds(20), stall_s=stall_s) is None


def test_speed_alone_is_no_sign_of_life() -> None:
    report = Report(out_time_us=5, frame=1, total_bytes=3, fps=25.0, speed=1.0)
    slower = Report(out_time_us=5, frame=1, total_bytes=3, fps=20.0, speed=0.8)

    assert signs_of(report, Usage()) == signs_of(slower, Usage())


@pytest.mark.parametrize(
    ("usage", "stop"),
    [
        (Usage(), None),
        (Usage(files=12, bytes=1500), None),
        (Usage(files=13, bytes=0), TooManyFiles(10)),
        (Usage(files=3, bytes=1501), TooManyBytes(1000)),
    ],
)
def test_what_a_command_was_given_does_not_count(usage: Usage, stop: object) -> None:
    assert BOUNDS.outgrown(usage, Usage(files=2, bytes=500)) == stop
