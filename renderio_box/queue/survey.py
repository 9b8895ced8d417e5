"""How everything in the database stands, for whoever watches the box."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database import expiry, standing
from renderio_box.database.connection import Database
from renderio_box.jobs.job import JobState

COUNTED_TO: Final = 100_000
"""How many deliveries are counted: by index they take 20 ns each."""
WAITING_AGAIN: Final = "waiting_again"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What there was at a moment; jobs by state, and by ``WAITING_AGAIN``."""

    jobs: Mapping[str, int]
    oldest_at: datetime | None
    stored_bytes: int
    pending_deliveries: int


class Surveyor:
    """Reads what stands where; it costs the same however many jobs and files there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def survey(self) -> Survey:
        """Return how everything stands.

        Raises:
            DatabaseFailedError: The database does not tell.
        """
        async with self._database.reading() as tx:
            seen = await standing.count_by_state(tx)
            waiting = await standing.count_waiting(tx)
            stored_bytes = await expiry.stored_bytes(tx)
            pending = await standing.count_deliveries(tx, limit=COUNTED_TO)
        jobs = {state.value: seen.get(state, 0) for state in JobState}
        jobs[JobState.RUNNING.value] -= waiting.again
        return Survey(
            jobs=jobs | {WAITING_AGAIN: waiting.again},
            oldest_at=waiting.oldest_at,
            stored_bytes=stored_bytes,
            pending_deliveries=pending,
        )
