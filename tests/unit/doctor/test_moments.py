from datetime import UTC, datetime, timedelta

import pytest

from renderio_box.doctor.finding import State
from renderio_box.doctor.moments import clock_finding, installed_at, is_synchronised

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("built_at", "newest", "synchronised", "state"),
    [
        (NOW - DAY, None, True, State.OK),
        (NOW - DAY, NOW - DAY, None, State.OK),
        (NOW - DAY, None, False, State.WARNING),
        (NOW + DAY, None, True, State.PROBLEM),
        (NOW - DAY, NOW + DAY, True, State.PROBLEM),
        (NOW + timedelta(minutes=1), None, True, State.OK),
    ],
)
def test_a_clock_is_judged_by_what_has_happened_already(
    built_at: datetime, newest: datetime | None, state: State, *, synchronised: bool | None
) -> None:
    found = clock_finding(NOW, built_at=built_at, newest=newest, is_synchronised=synchronised)

    assert found.state is state


def test_the_kernel_tells_whether_its_clock_is_synchronised() -> None:
    assert is_synchronised() in {True, False, None}


def test_the_program_was_installed_at_some_time_before_now() -> None:
    assert datetime(2020, 1, 1, tzinfo=UTC) < installed_at()
