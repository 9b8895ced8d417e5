from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from renderio_box.quiet_hours import (
    QuietHours,
    UnknownZoneError,
    UnusableWindowError,
    quiet_hours,
    zone_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 6, 1)  # noqa: DTZ001 - what a clock on the wall shows has no zone
DAYS = {
    name: number for number, name in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
}


def at(text: str) -> datetime:
    """Return what a clock shows on a day at a time: ``Mon 22:00``."""
    day, _, time = text.partition(" ")
    hours, minutes = map(int, time.split(":"))
    return MONDAY + timedelta(days=DAYS[day], hours=hours, minutes=minutes)


def is_quiet(text: str, *windows: str) -> bool:
    return bool(quiet_hours(windows).left(at(text)))


def in_berlin(moment: datetime) -> datetime:
    return moment.astimezone(BERLIN)


def berlin(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def minutes_of_work(windows: QuietHours, first: datetime, hours: int) -> int:
    """Count the minutes of some hours that are not quiet in Berlin."""
    moments = (first + timedelta(minutes=number) for number in range(60 * hours))
    return sum(not windows.left(in_berlin(moment)) for moment in moments)


def test_without_windows_it_is_never_quiet() -> None:
    assert quiet_hours([]).until(MONDAY, lambda moment: moment) is None


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("08:00-18:00", "Wed 08:00", "Wed 07:59"),
        ("08:00-18:00", "Sun 17:59", "Sun 18:00"),
        ("22:00-06:00", "Tue 23:59", "Tue 21:59"),
        ("22:00-06:00", "Tue 00:00", "Tue 06:00"),
        ("22:00-06:00", "Mon 05:59", "Mon 06:00"),
        ("Mon-Fri 08:00-18:00", "Fri 12:00", "Sat 12:00"),
        ("Fri 22:00-06:00", "Sat 05:59", "Fri 05:59"),
        ("Sun 22:00-06:00", "Mon 05:59", "Sun 05:59"),
        ("Sat-Mon 12:00-13:00", "Sun 12:30", "Tue 12:30"),
        ("Sat 00:00-24:00", "Sat 23:59", "Sun 00:00"),
        ("Sun 23:00-24:00", "Sun 23:59", "Mon 00:00"),
        (" mon - fri 8:00 - 18:00 ", "Mon 08:00", "Mon 18:00"),
    ],
)
def test_a_window_holds_from_its_first_minute_to_its_last(
    window: str, inside: str, outside: str
) -> None:
    assert (is_quiet(inside, window), is_quiet(outside, window)) == (True, False)


def test_one_of_several_windows_is_enough() -> None:
    windows = ("22:00-06:00", "Mon-Fri 08:00-18:00")

    assert [is_quiet(text, *windows) for text in ("Mon 07:00", "Mon 09:00", "Sat 09:00")] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("now", "windows", "hours"),
    [
        ("Tue 23:00", ["22:00-06:00"], 7),
        ("Sun 23:00", ["22:00-06:00"], 7),
        ("Mon 04:00", ["22:00-06:00", "06:00-07:00"], 3),
        ("Fri 12:00", ["Fri-Sun 00:00-24:00", "Mon 00:00-08:00"], 68),
    ],
)
def test_what_is_left_goes_over_midnight_and_into_the_next_week(
    now: str, windows: list[str], hours: int
) -> None:
    assert quiet_hours(windows).left(at(now)) == timedelta(hours=hours)


def test_seconds_count() -> None:
    assert quiet_hours(["08:00-09:00"]).left(at("Mon 08:59") + timedelta(seconds=58.5)) == (
        timedelta(seconds=1.5)
    )


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("", "is no window"),
        ("22-6", "is no window"),
        ("22:00", "is no window"),
        ("22:00-06:00 Mon", "is no window"),
        ("Mon,Tue 22:00-06:00", "is no window"),
        ("\u0662\u0662:00-06:00", "is no window"),
        ("1:00-2:00-3:00", "is no window"),
        ("x" * 100_000, "is no window"),
        ("25:00-06:00", "25:00"),
        ("22:00-24:01", "24:01"),
        ("22:60-23:00", "22:60"),
        ("08:00-08:00", "has no length"),
        ("24:00-08:00", "has no length"),
        ("Mun 08:00-18:00", "'mun'"),
        ("Mon-Fry 08:00-18:00", "'fry'"),
    ],
)
def test_what_is_no_window_is_refused_with_what_is_wrong(window: str, said: str) -> None:
    with pytest.raises(UnusableWindowError, match=said):
        quiet_hours([window])


@pytest.mark.parametrize(
    "windows",
    [
        ["00:00-24:00"],
        ["00:00-12:00", "12:00-24:00"],
        ["06:00-05:59", "05:00-07:00"],
        ["Mon-Sat 00:00-24:00", "Sun 00:00-24:00"],
    ],
)
def test_windows_that_leave_no_time_are_refused(windows: list[str]) -> None:
    with pytest.raises(UnusableWindowError, match="whole week"):
        quiet_hours(windows)


def test_a_minute_a_week_is_enough_to_work_in() -> None:
    windows = quiet_hours(["Mon-Sat 00:00-24:00", "Sun 00:00-23:59"])

    assert windows.until(MONDAY, lambda moment: moment) == at("Sun 23:59")


def test_a_window_inside_the_hour_that_is_left_out_in_spring_is_not_there() -> None:
    windows = quiet_hours(["02:00-03:00"])

    assert minutes_of_work(windows, berlin("2026-03-29 00:00"), hours=23) == 23 * 60


def test_a_window_that_ends_in_the_hour_that_is_left_out_ends_when_that_begins() -> None:
    windows = quiet_hours(["01:00-02:30"])

    assert windows.until(berlin("2026-03-29 01:30"), in_berlin) == berlin("2026-03-29 03:00")


def test_a_window_is_quiet_twice_in_the_hour_that_is_shown_twice_in_autumn() -> None:
    windows = quiet_hours(["02:00-03:00"])

    assert minutes_of_work(windows, berlin("2026-10-25 00:00"), hours=25) == 23 * 60


def test_a_window_over_the_hour_that_is_shown_twice_lasts_an_hour_longer() -> None:
    windows = quiet_hours(["22:00-06:00"])

    until = windows.until(berlin("2026-10-24 22:00"), in_berlin)

    assert until == berlin("2026-10-25 06:00")
    assert until - berlin("2026-10-24 22:00") == timedelta(hours=9)


def test_a_window_that_ends_within_the_hour_that_is_shown_twice_begins_again_with_it() -> None:
    windows = quiet_hours(["01:00-02:30"])

    ends = [
        windows.until(berlin("2026-10-25 01:15"), in_berlin),
        windows.until(berlin("2026-10-25 02:45"), in_berlin),
        windows.until(berlin("2026-10-25 02:10", fold=1), in_berlin),
    ]

    assert ends == [berlin("2026-10-25 02:30"), None, berlin("2026-10-25 02:30", fold=1)]


def test_no_name_is_the_machines_own_zone() -> None:
    assert zone_of("") is None


@pytest.mark.parametrize(
    "name", ["Europe/Berlyn", "Europe", "../../etc/passwd", "/etc/passwd", "x\0y", "x" * 5000]
)
def test_a_zone_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="install the package tzdata"):
        zone_of(name)


def test_a_machine_without_any_zones_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoneinfo.TZPATH", ())
    monkeypatch.setattr("zoneinfo._tzpath.TZPATH", ())
    monkeypatch.setattr("zoneinfo._common.load_tzdata", lambda _: tmp_path.joinpath("x").open())
    ZoneInfo.clear_cache()

    with pytest.raises(UnknownZoneError, match="install the package tzdata"):
        zone_of("Asia/Tokyo")
