"""When the box takes up no work: windows of the week, as ``pause.windows`` writes them."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
MINUTE: Final = timedelta(minutes=1)
STEP: Final = 15 * MINUTE
"""Clocks are put forward and back at full quarters of an hour only."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW: Final = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})",
    re.ASCII,
)

Span = tuple[int, int]
"""Minutes of the week, Monday 00:00 being 0: the first that is inside, and the first after."""
Wall = Callable[[datetime], datetime]


class UnusableWindowError(ValueError):
    """Something that cannot be a window, or windows that would leave no time to work."""


class UnknownZoneError(ValueError):
    """A time zone that this machine does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"this machine knows no time zone {name!r}; write one such as"
            ' "Europe/Berlin", install the package tzdata, or write "" for the machine\'s own'
        )


class QuietHours(msgspec.Struct, frozen=True):
    """Spans of the week, in order and apart from each other, by the clock on the wall.

    It is quiet while that clock shows a time inside a span, and nothing else matters: an
    hour that the clock shows twice is quiet twice, one that it leaves out is not there, and
    a clock that is put right counts from then on.
    """

    spans: tuple[Span, ...] = ()

    def left(self, wall: datetime) -> timedelta:
        """Return for how long the clock on the wall will show quiet times, zero when it is not."""
        now = since_monday(wall)
        ends = [end for start, end in self.spans if start * MINUTE <= now < end * MINUTE]
        if not ends:
            return timedelta()
        # What lasts through Sunday's midnight goes on with what begins the week.
        early = self.spans[0][1] if ends[0] == WEEK and self.spans[0][0] == 0 else 0
        return (ends[0] + early) * MINUTE - now

    def until(self, moment: datetime, wall: Wall) -> datetime | None:
        """Return the moment at which a quiet time that is now ends, None when none is.

        ``wall`` returns what the clock on the wall shows at a moment.
        """
        end = moment
        while left := self.left(wall(end)):
            end += min(left, STEP - since_monday(end) % STEP)
        return None if end == moment else end


def quiet_hours(windows: Iterable[str]) -> QuietHours:
    """Read windows such as ``22:00-06:00`` and ``Mon-Fri 08:00-18:00``.

    Raises:
        UnusableWindowError: One is no window, or together they cover the whole week.
    """
    spans = merged(span for window in windows for span in spans_of(window))
    if spans == ((0, WEEK),):
        raise UnusableWindowError(
            "these windows cover the whole week, so that no command would ever run;"
            " leave some time out"
        )
    return QuietHours(spans)


def spans_of(window: str) -> list[Span]:
    """Return the spans of one window: a window that ends before it begins ends a day later."""
    match = WINDOW.fullmatch(window.strip().lower())
    if match is None:
        raise UnusableWindowError(
            f'{window!r} is no window; write one such as "22:00-06:00" or "Mon-Fri 08:00-18:00"'
        )
    start, end = minute_of_day(match["start"], window), minute_of_day(match["end"], window)
    if start in {end, DAY}:
        raise UnusableWindowError(f'{window!r} has no length; for whole days write "00:00-24:00"')
    minutes = end - start if end > start else end - start + DAY
    spans: list[Span] = []
    for day in days_of(match["first"], match["last"], window):
        begin = day * DAY + start
        spans.append((begin, min(begin + minutes, WEEK)))
        if begin + minutes > WEEK:
            spans.append((0, begin + minutes - WEEK))
    return spans


def minute_of_day(text: str, window: str) -> int:
    """Return a time of day in minutes; 24:00 is the end of the day."""
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours * 60 + minutes > DAY:  # noqa: PLR2004 - the last minute of an hour
        raise UnusableWindowError(f"{window!r} names {text}, which is no time of day")
    return hours * 60 + minutes


def days_of(first: str | None, last: str | None, window: str) -> list[int]:
    """Return the days on which a window begins, 0 being Monday; every day when none is named."""
    if first is None:
        return list(range(7))
    for name in (first, last or first):
        if name not in DAYS:
            named = ", ".join(day.title() for day in DAYS)
            raise UnusableWindowError(f"{window!r} names {name!r}, which is no day; days: {named}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + number) % 7 for number in range((end - begin) % 7 + 1)]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order; those that touch are one."""
    apart: list[Span] = []
    for start, end in sorted(spans):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return tuple(apart)


def since_monday(wall: datetime) -> timedelta:
    """Return how far a clock is into its week."""
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    # Without their zone: between two times of one zone Python counts what a clock shows,
    # and so do we, but for readers that is easy to miss.
    return wall.replace(tzinfo=None) - midnight.replace(tzinfo=None) + timedelta(wall.weekday())


def zone_of(name: str) -> tzinfo | None:
    """Return a time zone by its name, None for the machine's own.

    Raises:
        UnknownZoneError: The machine has no such zone, or no list of zones at all.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise UnknownZoneError(name) from error
