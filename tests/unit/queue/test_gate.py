from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import anyio
import pytest
from structlog.testing import capture_logs

from renderio_box.queue.gate import LONGEST_S, Gate
from renderio_box.quiet_hours import quiet_hours
from renderio_box.wakeup import Wakeup
from tests.fakes import ManualClock

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY_S = 86_400.0
Made = Callable[..., Gate]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def wakeup() -> Wakeup:
    return Wakeup()


@pytest.fixture
def made(clock: ManualClock, wakeup: Wakeup) -> Made:
    def gate(*windows: str, zone: str = "UTC") -> Gate:
        place = ZoneInfo(zone)
        return Gate(quiet_hours(windows), lambda each: each.astimezone(place), clock, wakeup)

    return gate


def test_a_new_gate_is_open(made: Made) -> None:
    gate = made()

    assert (gate.is_shut, gate.in_words()) == (False, "commands are taken up")


def test_a_drained_gate_is_shut_until_somebody_resumes(made: Made) -> None:
    gate = made()

    gate.drain()
    drained = gate.is_shut
    gate.resume()

    assert (drained, gate.is_shut) == (True, False)


def test_draining_twice_needs_one_resume(made: Made) -> None:
    gate = made()

    gate.drain()
    gate.drain()
    gate.resume()

    assert not gate.is_shut


def test_every_change_is_logged_once(made: Made) -> None:
    gate = made()

    with capture_logs() as lines:
        for change in (gate.resume, gate.drain, gate.drain, gate.resume, gate.resume):
            change()

    assert [line["event"] for line in lines] == ["drained", "resumed"]


@pytest.mark.anyio
@pytest.mark.parametrize("change", [Gate.drain, Gate.resume])
async def test_a_change_wakes_whoever_takes_work(
    made: Made, wakeup: Wakeup, change: Callable[[Gate], None]
) -> None:
    change(made())

    with anyio.fail_after(1):
        await wakeup.wait(timeout_s=DAY_S)


def test_the_gate_is_shut_in_quiet_hours_by_the_clock_of_its_place(made: Made) -> None:
    assert [made("14:00-15:00", zone=zone).is_shut for zone in ("UTC", "Europe/Berlin")] == [
        False,
        True,
    ]


def test_resuming_does_not_end_quiet_hours(made: Made) -> None:
    gate = made("11:00-13:00")

    gate.resume()

    assert (gate.is_shut, gate.in_words()) == (
        True,
        "quiet until Monday 13:00: no command is taken up (pause.windows)",
    )


def test_a_drained_gate_stays_shut_when_quiet_hours_end(made: Made, clock: ManualClock) -> None:
    gate = made("11:00-13:00")
    gate.drain()

    clock.advance(3600)

    assert (gate.is_shut, gate.quiet_until()) == (True, None)
    assert "renderio-box resume" in gate.in_words()


def test_quiet_hours_are_logged_when_they_begin_and_when_they_are_over(
    made: Made, clock: ManualClock
) -> None:
    gate = made("11:00-13:00")

    with capture_logs() as lines:
        seen = [gate.is_shut, gate.is_shut]
        clock.advance(3600)
        seen += [gate.is_shut, gate.is_shut]

    assert seen == [True, True, False, False]
    assert [(line["event"], line.get("until")) for line in lines] == [
        ("quiet_hours_began", "2026-06-01T13:00+00:00"),
        ("quiet_hours_over", None),
    ]


@pytest.mark.parametrize(("seconds", "looked_in_s"), [(0, LONGEST_S), (3598, 2.0)])
def test_a_shut_gate_is_looked_at_again_soon_and_when_quiet_hours_end(
    made: Made, clock: ManualClock, seconds: float, looked_in_s: float
) -> None:
    gate = made("11:00-13:00")

    clock.advance(seconds)

    assert gate.shut_for_s == looked_in_s


def test_a_drained_gate_is_looked_at_again_soon(made: Made) -> None:
    gate = made()
    gate.drain()

    assert gate.shut_for_s == LONGEST_S


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps_out_of_quiet_hours_opens_the_gate(
    made: Made, clock: ManualClock, days: int
) -> None:
    gate = made("Mon 11:00-13:00")
    shut = gate.is_shut

    clock.advance(timedelta(days=days).total_seconds())

    assert (shut, gate.is_shut) == (True, False)
