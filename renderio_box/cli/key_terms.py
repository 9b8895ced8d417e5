"""Until when a key is good, as an operator writes it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from renderio_box.cli.outcome import CliError

TERM: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])")
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def end_of(text: str, *, now: datetime) -> datetime:
    """Return the moment that ``12h``, ``30d``, ``2027-01-31`` or an RFC 3339 time means.

    A day means its beginning, UTC.

    Raises:
        CliError: The text is none of these, is beyond the calendar, or leaves the zone open.
    """
    try:
        if term := TERM.fullmatch(text):
            return now + int(term[1]) * UNITS[term[2]]
        if DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        if DAY.match(text) and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise CliError(
        f"{text!r} is no time for a key to end: write 12h, 30d or 4w from now, a day such as"
        " 2027-01-31 (its beginning, UTC), or 2027-01-31T18:00:00Z."
    )
