"""Deleting rows that are kept no longer. One statement, one function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, as_text
from renderio_box.identifiers import JobId, new_id


class Ended(msgspec.Struct, frozen=True):
    """A finished job; one that is held cannot go yet.

    Because an output of it is kept, a webhook of it still pending, or the newest of all
    events one of its: the next event must not get its number.
    """

    id: JobId
    finished_at: datetime
    is_held: bool


LIST_ENDED: Final = """
SELECT jobs.id, jobs.finished_at,
       EXISTS (SELECT 1 FROM files WHERE files.job_id = jobs.id AND files.deleted_at IS NULL)
       OR EXISTS (SELECT 1 FROM deliveries
                   WHERE deliveries.job_id = jobs.id AND deliveries.status = 'pending')
       OR jobs.id = (SELECT job_id FROM events ORDER BY sequence DESC LIMIT 1) AS is_held
  FROM jobs
 WHERE jobs.finished_at <= :before AND (jobs.finished_at, jobs.id) > (:after_end, :after_id)
 ORDER BY jobs.finished_at, jobs.id LIMIT :limit
"""

# In the order that foreign keys allow: what refers to a job goes before it.
DELETE_SEGMENTS: Final = """
DELETE FROM segments WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_FILES: Final = """
DELETE FROM files WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_DELIVERIES: Final = """
DELETE FROM deliveries WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_METADATA: Final = """
DELETE FROM job_metadata WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_EVENTS: Final = """
DELETE FROM events WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_LOGS: Final = """
DELETE FROM job_logs WHERE job_id IN (SELECT value FROM json_each(:ids))
"""
DELETE_JOBS: Final = """
DELETE FROM jobs WHERE finished_at IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
"""
REFERRING: Final = (
    DELETE_SEGMENTS,
    DELETE_FILES,
    DELETE_DELIVERIES,
    DELETE_METADATA,
    DELETE_EVENTS,
    DELETE_LOGS,
)

# Ids begin with the moment of creation: a job that was made later cannot have ended before.
DELETE_OLD_LOGS: Final = """
DELETE FROM job_logs
 WHERE job_id IN (SELECT job_logs.job_id FROM job_logs JOIN jobs ON jobs.id = job_logs.job_id
                   WHERE job_logs.job_id < :latest AND jobs.finished_at <= :before
                   ORDER BY job_logs.job_id LIMIT :limit)
"""

# A job's last event stays as long as the job: a reader of its stream waits for it.
DELETE_OLD_EVENTS: Final = """
DELETE FROM events
 WHERE sequence IN (SELECT passed.sequence FROM events AS passed
                      JOIN jobs ON jobs.id = passed.job_id
                     WHERE passed.state IN ('queued', 'running') AND passed.at <= :before
                       AND jobs.finished_at IS NOT NULL
                     ORDER BY passed.at LIMIT :limit)
"""

DELETE_OLD_DELIVERIES: Final = """
DELETE FROM deliveries
 WHERE id IN (SELECT id FROM deliveries
               WHERE finished_at <= :before ORDER BY finished_at LIMIT :limit)
"""

DELETE_OLD_KEYS: Final = """
DELETE FROM idempotency_keys
 WHERE (owner, key) IN (SELECT owner, key FROM idempotency_keys
                         WHERE created_at <= :before ORDER BY created_at LIMIT :limit)
"""

DELETE_OLD_RECORDS: Final = """
DELETE FROM files
 WHERE id IN (SELECT id FROM files
               WHERE deleted_at <= :before AND job_id IS NULL
                 AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.file_id = files.id)
               ORDER BY deleted_at LIMIT :limit)
"""


async def list_ended(
    tx: Transaction, *, before: datetime, after: Ended | None, limit: int
) -> list[Ended]:
    """Return jobs that ended before that moment, the earliest first, those after one of them."""
    values = {
        "before": as_text(before),
        "after_end": "" if after is None else as_text(after.finished_at),
        "after_id": "" if after is None else after.id,
        "limit": limit,
    }
    rows = await tx.fetch_all(LIST_ENDED, values)
    return msgspec.convert(list(rows), list[Ended], strict=False)


async def delete_jobs(tx: Transaction, ids: Sequence[JobId]) -> int:
    """Delete finished jobs with everything that refers to them; return how many."""
    values = {"ids": msgspec.json.encode(ids).decode()}
    for statement in REFERRING:
        await tx.execute(statement, values)
    return await tx.execute(DELETE_JOBS, values)


async def delete_logs(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete logs of jobs that ended before that moment; return how many."""
    values = {"before": as_text(before), "latest": new_id(before), "limit": limit}
    return await tx.execute(DELETE_OLD_LOGS, values)


async def delete_events(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete older events of finished jobs but the last of each; return how many."""
    return await tx.execute(DELETE_OLD_EVENTS, {"before": as_text(before), "limit": limit})


async def delete_deliveries(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete deliveries that ended before that moment; return how many."""
    return await tx.execute(DELETE_OLD_DELIVERIES, {"before": as_text(before), "limit": limit})


async def delete_keys(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete idempotency keys that were used before that moment; return how many."""
    return await tx.execute(DELETE_OLD_KEYS, {"before": as_text(before), "limit": limit})


async def delete_records(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete the records of files, but outputs, deleted before that moment; return how many."""
    return await tx.execute(DELETE_OLD_RECORDS, {"before": as_text(before), "limit": limit})
