import pytest

from renderio_box.api.rate_limit import RateLimit
from tests.fakes import ManualClock


def taken(limit: RateLimit, times: int, key: str = "a") -> list[int]:
    return [limit.take(key) for _ in range(times)]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 6000])
def test_as_many_as_a_minute_allows_pass_at_once(per_minute: int, clock: ManualClock) -> None:
    assert taken(RateLimit(per_minute, clock), per_minute) == [0] * per_minute


@pytest.mark.parametrize(("per_minute", "seconds"), [(1, 60), (5, 12), (7, 9), (60, 1), (6000, 1)])
def test_one_more_must_wait_for_the_next_whole_second(
    per_minute: int, seconds: int, clock: ManualClock
) -> None:
    limit = RateLimit(per_minute, clock)
    taken(limit, per_minute)

    assert limit.take("a") == seconds


@pytest.mark.parametrize("per_minute", [1, 5, 7, 59, 61])
def test_who_waits_as_long_as_was_said_passes(per_minute: int, clock: ManualClock) -> None:
    limit = RateLimit(per_minute, clock)
    taken(limit, per_minute)
    clock.advance(limit.take("a"))

    assert limit.take("a") == 0


def test_who_does_not_wait_does_not_pass(clock: ManualClock) -> None:
    limit = RateLimit(5, clock)
    taken(limit, 5)
    clock.advance(11.999)

    assert limit.take("a") == 1


def test_a_refusal_costs_nothing(clock: ManualClock) -> None:
    limit = RateLimit(5, clock)
    taken(limit, 500)
    clock.advance(12)

    assert taken(limit, 2) == [0, 12]


def test_no_more_is_saved_up_than_a_minute_allows(clock: ManualClock) -> None:
    limit = RateLimit(5, clock)
    limit.take("a")
    clock.advance(3600)

    assert taken(limit, 6) == [0, 0, 0, 0, 0, 12]


def test_at_a_steady_pace_everything_passes(clock: ManualClock) -> None:
    limit = RateLimit(7, clock)
    waits: list[int] = []
    for _ in range(200):
        waits.append(limit.take("a"))
        clock.advance(60 / 7 + 0.000001)

    assert waits == [0] * 200


def test_each_key_has_its_own_allowance(clock: ManualClock) -> None:
    limit = RateLimit(2, clock)
    taken(limit, 2, "a")

    assert (taken(limit, 2, "b"), limit.take("a")) == ([0, 0], 30)
