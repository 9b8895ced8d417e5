from hypothesis import given
from hypothesis import strategies as st

from renderio_box.api.rate_limit import RateLimit
from tests.fakes import ManualClock

limits = st.integers(min_value=1, max_value=10_000)
pauses = st.lists(st.floats(min_value=0, max_value=90), max_size=60)


@given(limits, pauses)
def test_no_more_pass_than_a_full_allowance_and_what_has_grown_since(
    per_minute: int, pauses: list[float]
) -> None:
    clock = ManualClock()
    limit = RateLimit(per_minute, clock)
    passed = 0
    for pause in pauses:
        clock.advance(pause)
        passed += sum(limit.take("a") == 0 for _ in range(per_minute // len(pauses) + 2))

    assert passed <= per_minute + clock.monotonic() * per_minute / 60


@given(limits, pauses)
def test_who_waits_as_long_as_was_said_passes_and_a_second_less_is_too_short(
    per_minute: int, pauses: list[float]
) -> None:
    clock = ManualClock()
    limit = RateLimit(per_minute, clock)
    for pause in pauses:
        clock.advance(pause % 1)
        limit.take("a")
    while (wait_s := limit.take("a")) == 0:
        pass
    clock.advance(wait_s - 1)
    too_early = limit.take("a")
    clock.advance(1)

    assert (too_early > 0, limit.take("a")) == (True, 0)
