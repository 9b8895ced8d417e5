"""The only door to the time of day and to elapsed time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time. Calls never fail and may be repeated."""

    def now(self) -> datetime:
        """Return the current time of day, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time of day, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        return time.monotonic()


class SteadyClock:
    """A time of day that no correction reaches: the clock's when this was made, and what passed since.

    It says how long something of this process has lasted, never what time it is; while the
    machine sleeps it stands still.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = clock.now()
        self._began_s = clock.monotonic()

    def now(self) -> datetime:
        """Return a moment, aware and in UTC; never an earlier one than before."""
        return self._began_at + timedelta(seconds=self._clock.monotonic() - self._began_s)
