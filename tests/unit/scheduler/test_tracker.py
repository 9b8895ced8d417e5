from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.job import Progress, Stage
from renderio_box.scheduler.tracker import Tracker

HALFWAY = Report(out_time_us=5_000_000, speed=2.0)


def test_a_fresh_attempt_fetches_and_knows_nothing() -> None:
    tracker = Tracker()

    assert (tracker.stage, tracker.progress()) == (Stage.FETCHING, Progress())


def test_a_single_step_tells_its_own_percentage() -> None:
    tracker = Tracker()
    tracker.begin_step(1, of=1)
    tracker.expected_seconds = 10.0

    tracker.report(HALFWAY)

    assert (tracker.progress().percent, tracker.progress().eta_seconds) == (50.0, 2.5)


def test_a_chain_never_goes_back() -> None:
    tracker = Tracker()
    tracker.begin_step(1, of=2)
    tracker.expected_seconds = 10.0
    tracker.report(HALFWAY)
    in_the_first = tracker.progress()

    tracker.begin_step(2, of=2)

    assert (in_the_first.percent, tracker.progress().percent) == (25.0, 50.0)


def test_only_the_last_step_knows_when_the_chain_ends() -> None:
    tracker = Tracker()
    tracker.begin_step(1, of=2)
    tracker.expected_seconds = 10.0

    tracker.report(HALFWAY)

    assert tracker.progress().eta_seconds is None
