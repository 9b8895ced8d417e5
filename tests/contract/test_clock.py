"""What every Clock promises."""

from datetime import UTC, timedelta

import pytest

from renderio_box.clock import Clock, SteadyClock, SystemClock
from tests.fakes import ManualClock


@pytest.fixture(params=[SystemClock, ManualClock])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


def test_the_time_of_day_is_aware_and_in_utc(any_clock: Clock) -> None:
    assert any_clock.now().tzinfo is UTC


def test_elapsed_time_never_goes_back(any_clock: Clock) -> None:
    before = any_clock.monotonic()

    assert any_clock.monotonic() >= before


def test_a_manual_clock_moves_only_when_told(clock: ManualClock) -> None:
    before = clock.now()

    clock.advance(1.5)

    assert ((clock.now() - before).total_seconds(), clock.monotonic()) == (1.5, 1.5)


@pytest.mark.parametrize("days", [1, -1])
def test_a_correction_moves_the_time_of_day_alone(clock: ManualClock, days: int) -> None:
    before = clock.now()

    clock.jump(timedelta(days=days))

    assert (clock.now() - before, clock.monotonic()) == (timedelta(days=days), 0.0)


@pytest.mark.parametrize("days", [1, -1])
def test_no_correction_reaches_a_steady_clock(clock: ManualClock, days: int) -> None:
    clock.jump(timedelta(days=7))
    steady = SteadyClock(clock)
    before = steady.now()

    clock.jump(timedelta(days=days))
    clock.advance(1.5)

    assert steady.now() - before == timedelta(seconds=1.5)


def test_a_steady_clock_begins_with_the_time_of_day(any_clock: Clock) -> None:
    before = any_clock.now()

    assert before <= SteadyClock(any_clock).now() <= before + timedelta(minutes=1)
