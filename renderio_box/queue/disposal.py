"""Removing what finished jobs leave in the database; one batch, one transaction.

Freed pages are used again for new rows: the file stays as large as it was at most.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from renderio_box.clock import Clock
from renderio_box.database import disposal
from renderio_box.database.connection import Database
from renderio_box.database.disposal import Ended
from renderio_box.jobs.retention import Terms
from renderio_box.queue.admission import REMEMBERED_FOR

ROWS_AT_ONCE: Final = 200
JOBS_AT_ONCE: Final = 20
"""Each has about ten rows that refer to it."""
KEYS_KEPT_FOR: Final = REMEMBERED_FOR * 3
"""Longer than they count, so that a clock that is set forward by a day forgets none."""


class Walked(msgspec.Struct, frozen=True):
    """How many of a page of jobs were removed, and the last of the page, None at the end."""

    removed: int
    last: Ended | None


class Disposal:
    """Removes rows whose time is over; each method says how many, 0 when none is left."""

    def __init__(self, database: Database, clock: Clock, terms: Terms) -> None:
        self._database = database
        self._clock = clock
        self._terms = terms

    async def remove_commands(self, after: Ended | None) -> Walked:
        """Remove finished jobs, of those that ended after one of them, with all their rows.

        Some are held: while an output is kept, a webhook is pending, or the newest of all
        events is theirs. They are passed over.
        """
        before = self._before(self._terms.commands)
        if before is None:
            return Walked(0, None)
        async with self._database.transaction() as tx:
            page = await disposal.list_ended(tx, before=before, after=after, limit=JOBS_AT_ONCE)
            free = [each.id for each in page if not each.is_held]
            removed = await disposal.delete_jobs(tx, free) if free else 0
        return Walked(removed, page[-1] if page else None)

    async def remove_logs(self) -> int:
        """Remove logs of finished jobs."""
        before = self._before(self._terms.logs)
        if before is None:
            return 0
        async with self._database.transaction() as tx:
            return await disposal.delete_logs(tx, before=before, limit=ROWS_AT_ONCE)

    async def remove_events(self) -> int:
        """Remove events of finished jobs, but not the last one of a job."""
        before = self._before(self._terms.events)
        if before is None:
            return 0
        async with self._database.transaction() as tx:
            return await disposal.delete_events(tx, before=before, limit=ROWS_AT_ONCE)

    async def remove_deliveries(self) -> int:
        """Remove webhook deliveries that have ended."""
        before = self._before(self._terms.deliveries)
        if before is None:
            return 0
        async with self._database.transaction() as tx:
            return await disposal.delete_deliveries(tx, before=before, limit=ROWS_AT_ONCE)

    async def remove_file_records(self) -> int:
        """Remove the records of deleted files; those of outputs go with their jobs."""
        before = self._before(self._terms.commands)
        if before is None:
            return 0
        async with self._database.transaction() as tx:
            return await disposal.delete_records(tx, before=before, limit=ROWS_AT_ONCE)

    async def remove_idempotency_keys(self) -> int:
        """Remove idempotency keys that have not counted for long."""
        before = self._clock.now() - KEYS_KEPT_FOR
        async with self._database.transaction() as tx:
            return await disposal.delete_keys(tx, before=before, limit=ROWS_AT_ONCE)

    def _before(self, term: timedelta | None) -> datetime | None:
        return None if term is None else self._clock.now() - term
