"""What every Clock promises."""

from datetime import UTC

import pytest

from renderio_box.clock import Clock, SystemClock
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
