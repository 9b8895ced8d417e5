"""Queries on how far running jobs are. One statement, one function, no decisions."""

from collections.abc import Sequence
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.job import Progress, Stage


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What a running attempt does, and how far it is as far as it has said."""

    job_id: JobId
    stage: Stage
    progress: Progress


# Asked for in the order of their ids, SQLite would look for them among all jobs.
LIST_RUNNING: Final = """
SELECT id, stage, progress FROM jobs
 WHERE state = 'running' AND (:owner IS NULL OR owner = :owner)
   AND (:job_id IS NULL OR id = :job_id)
 ORDER BY lease_expires_at LIMIT :limit
"""


async def list_running(
    tx: Transaction, *, owner: Owner | None, job_id: JobId | None, limit: int
) -> list[Running]:
    """Return running jobs, oldest first; None for ``owner`` or ``job_id`` means: any."""
    values: dict[str, Value] = {"owner": owner, "job_id": job_id, "limit": limit}
    running = as_running(await tx.fetch_all(LIST_RUNNING, values))
    return sorted(running, key=lambda each: each.job_id)


def as_running(rows: Sequence[Row]) -> list[Running]:
    """Build what runs from rows."""
    return [
        Running(
            job_id=JobId(str(row["id"])),
            stage=Stage(str(row["stage"])),
            progress=msgspec.json.decode(str(row["progress"] or "{}"), type=Progress),
        )
        for row in rows
    ]
