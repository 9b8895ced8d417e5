from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from renderio_box.quiet_hours import QuietHours, UnusableWindowError, quiet_hours

MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)

times = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(
    lambda time: "{:02}:{:02}".format(*time)
)
names = st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
days = st.one_of(
    st.just(""),
    names.map("{} ".format),
    st.tuples(names, names).map(lambda two: "{}-{} ".format(*two)),
)
windows = st.lists(st.builds("{}{}-{}".format, days, times, times), min_size=1, max_size=4)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
).map(ZoneInfo)
# With every change of the clock in those zones, and the week's end.
starts = [(3, 5), (3, 27), (4, 1), (10, 1), (10, 23), (10, 30)]
moments = st.one_of(
    *(
        st.datetimes(start, start + timedelta(days=10))
        for start in (datetime(2026, month, day) for month, day in starts)  # noqa: DTZ001
    )
).map(lambda moment: moment.replace(tzinfo=UTC))


def read(written: list[str]) -> QuietHours:
    try:
        return quiet_hours(written)
    except UnusableWindowError:
        assume(False)  # noqa: FBT003 - hypothesis has no other word for it
        raise


@given(windows, moments)
def test_every_week_is_like_the_last_one(written: list[str], moment: datetime) -> None:
    quiet = read(written)

    assert quiet.left(moment) == quiet.left(moment + WEEK)


@given(windows, moments)
def test_it_is_quiet_to_the_last_moment_of_what_is_left_and_no_longer(
    written: list[str], moment: datetime
) -> None:
    quiet = read(written)
    left = quiet.left(moment)
    assume(left)

    assert quiet.left(moment + left - timedelta(microseconds=1)) > timedelta()
    assert quiet.left(moment + left) == timedelta()


@given(windows, windows, moments)
def test_it_is_quiet_when_one_window_or_another_says_so(
    some: list[str], others: list[str], moment: datetime
) -> None:
    both = read(some + others)

    assert bool(both.left(moment)) == bool(read(some).left(moment) or read(others).left(moment))


@given(windows, zones, moments)
@settings(max_examples=60)
def test_the_end_is_the_first_minute_at_which_the_clock_on_the_wall_shows_no_quiet_time(
    written: list[str], zone: ZoneInfo, moment: datetime
) -> None:
    quiet, now = read(written), moment.replace(second=0, microsecond=0)

    end = now
    while quiet.left(end.astimezone(zone)):
        end += MINUTE

    assert quiet.until(now, lambda each: each.astimezone(zone)) == (end if end != now else None)
