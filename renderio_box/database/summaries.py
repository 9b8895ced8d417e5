"""Jobs in a line each, for long lists. One statement, one function, no decisions."""

from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, Value
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import JobState

LIST_ALL: Final = """
SELECT id, visible_state AS state, created_at, error_status, error_message,
       (SELECT count(*) FROM files WHERE files.job_id = jobs.id) AS output_count
  FROM jobs
 ORDER BY created_at DESC, id DESC
 LIMIT :limit OFFSET :offset
"""

LIST_OWNED: Final = """
SELECT id, visible_state AS state, created_at, error_status, error_message,
       (SELECT count(*) FROM files WHERE files.job_id = jobs.id) AS output_count
  FROM jobs
 WHERE owner = :owner
 ORDER BY created_at DESC, id DESC
 LIMIT :limit OFFSET :offset
"""


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a long list says of a job.

    One that waits to be taken up again after a crash counts as running; outputs count
    even when they are deleted.
    """

    id: JobId
    state: JobState
    created_at: datetime
    output_count: int
    error_status: ErrorStatus | None
    error_message: str | None


async def list_newest(
    tx: Transaction, *, owner: Owner | None, limit: int, offset: int
) -> list[JobSummary]:
    """Return jobs, newest first; ``owner`` None means: whosever they are."""
    values: dict[str, Value] = {"limit": limit, "offset": offset}
    if owner is None:
        rows = await tx.fetch_all(LIST_ALL, values)
    else:
        rows = await tx.fetch_all(LIST_OWNED, values | {"owner": owner})
    return [msgspec.convert(row, JobSummary) for row in rows]
