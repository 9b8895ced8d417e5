"""Queries on ``events``. One statement, one function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_text
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Job, JobState


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A state that a job came to, seen from outside: no state comes twice, none goes back.

    ``sequence`` grows with every event of any job. The error is the job's own, and its
    last word once ``state`` is a final one.
    """

    sequence: int
    job_id: JobId
    state: JobState
    attempt: int
    at: datetime
    error_status: ErrorStatus | None
    error_message: str | None


ADD: Final = """
INSERT INTO events (sequence, job_id, owner, state, attempt, at)
SELECT COALESCE(max(sequence), 0) + 1, :job_id, :owner, :state, :attempt, :at FROM events
"""

LATEST: Final = "SELECT COALESCE(max(sequence), 0) AS sequence FROM events"

LIST_ALL: Final = """
SELECT * FROM visible_events WHERE sequence > :after ORDER BY sequence LIMIT :limit
"""

LIST_OWNED: Final = """
SELECT * FROM visible_events
 WHERE owner = :owner AND sequence > :after ORDER BY sequence LIMIT :limit
"""

LIST_OF_JOB: Final = """
SELECT * FROM visible_events
 WHERE job_id = :job_id AND (:owner IS NULL OR owner = :owner) AND sequence > :after
 ORDER BY sequence LIMIT :limit
"""


async def add(tx: Transaction, job: Job, *, at: datetime) -> None:
    """Note that ``job`` came to its present state."""
    values: dict[str, Value] = {
        "job_id": job.id,
        "owner": job.owner,
        "state": job.state,
        "attempt": job.attempt,
        "at": as_text(at),
    }
    await tx.execute(ADD, values)


async def latest(tx: Transaction) -> int:
    """Return the sequence number of the newest event, 0 before there is any."""
    (row,) = await tx.fetch_all(LATEST, {})
    return int(row["sequence"] or 0)


async def list_after(
    tx: Transaction, sequence: int, *, owner: Owner | None, limit: int
) -> list[Event]:
    """Return events after that one, oldest first; ``owner`` None means everybody's."""
    values: dict[str, Value] = {"after": sequence, "limit": limit}
    if owner is None:
        return as_events(await tx.fetch_all(LIST_ALL, values))
    return as_events(await tx.fetch_all(LIST_OWNED, values | {"owner": owner}))


async def list_of_job(
    tx: Transaction, job_id: JobId, *, after: int, owner: Owner | None, limit: int
) -> list[Event]:
    """Return the job's events after that sequence number, oldest first, if it is the owner's."""
    values: dict[str, Value] = {"job_id": job_id, "after": after, "owner": owner, "limit": limit}
    return as_events(await tx.fetch_all(LIST_OF_JOB, values))


def as_events(rows: Sequence[Row]) -> list[Event]:
    """Build events from their rows."""
    return msgspec.convert(list(rows), list[Event])
