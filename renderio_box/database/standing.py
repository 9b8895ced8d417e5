"""How much there is to do, and to keep. One statement, one function, no decisions.

None of these looks at every job or at every file: triggers count them.
"""

from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction
from renderio_box.jobs.job import JobState

COUNT: Final = """
SELECT (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
       (SELECT count(*) FROM jobs WHERE state = 'queued') AS queued
"""

COUNT_BY_STATE: Final = """
SELECT visible_state, sum(count) AS count FROM job_counts GROUP BY visible_state
"""

# Of each line only its first job is looked at. Odd standings are those of jobs that were
# claimed before.
COUNT_WAITING: Final = """
SELECT COALESCE(sum(waiting) FILTER (WHERE standing % 2 = 1), 0) AS again,
       min((SELECT created_at FROM jobs
             WHERE state = 'queued' AND standing = lines.standing AND owner = lines.owner
             ORDER BY place LIMIT 1)) AS oldest_at
  FROM lines WHERE waiting > 0
"""

COUNT_DELIVERIES: Final = """
SELECT count(*) AS pending
  FROM (SELECT 1 FROM deliveries WHERE status = 'pending' LIMIT :limit)
"""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs run and how many wait, whosever they are."""

    running: int
    queued: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs wait to be taken up again, and when the oldest that waits was accepted."""

    again: int
    oldest_at: datetime | None


async def count(tx: Transaction) -> Standing:
    """Return how many jobs run and wait."""
    return msgspec.convert(await tx.fetch_one(COUNT, {}), Standing)


async def count_by_state(tx: Transaction) -> dict[JobState, int]:
    """Return how many jobs are in each state as callers see it: who waits again, runs."""
    rows = await tx.fetch_all(COUNT_BY_STATE, {})
    return {JobState(str(row["visible_state"])): int(row["count"] or 0) for row in rows}


async def count_waiting(tx: Transaction) -> Waiting:
    """Return what waits."""
    return msgspec.convert(await tx.fetch_one(COUNT_WAITING, {}), Waiting)


async def count_deliveries(tx: Transaction, *, limit: int) -> int:
    """Return how many webhooks are still to be delivered, as far as ``limit``."""
    (row,) = await tx.fetch_all(COUNT_DELIVERIES, {"limit": limit})
    return int(row["pending"] or 0)
