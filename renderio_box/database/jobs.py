"""Queries on ``jobs`` and their logs. One statement, one function, no decisions."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_optional_text, as_text
from renderio_box.identifiers import BatchId, JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Job, JobState, Progress, Stage

JSON_COLUMNS: Final = (
    "spec",
    "original_request",
    "metadata",
    "warnings",
    "progress",
    "verification",
)


class DamagedJobError(Exception):
    """A job is there, and its row cannot be read."""

    def __init__(self, job_id: JobId, reason: str) -> None:
        super().__init__(f"The record of the command {job_id} is damaged: {reason}")
        self.job_id = job_id


INSERT: Final = """
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at, command_type, dialect, origin,
                  batch_id, request_id)
VALUES (:id, :owner, 'queued', :spec, :original_request, :metadata, :warnings, :priority,
        :vcpu_count, 0, 0, :created_at, :command_type, :dialect, :origin,
        :batch_id, :request_id)
"""

HEAD: Final = """
SELECT * FROM jobs
 WHERE state = 'queued'
   AND (standing, owner) = (SELECT standing, owner FROM lines
                             WHERE waiting > 0 ORDER BY standing DESC, turn, since LIMIT 1)
 ORDER BY place LIMIT 1
"""

CLAIM: Final = """
   UPDATE jobs
      SET state = 'running', attempt = attempt + 1, lease_expires_at = :lease_expires_at,
          started_at = COALESCE(started_at, :now), stage = 'DOWNLOADING'
    WHERE id = :id AND state = 'queued' AND attempt = :attempt
RETURNING *
"""

RENEW: Final = """
   UPDATE jobs
      SET lease_expires_at = :lease_expires_at, stage = :stage, progress = :progress
    WHERE id = :id AND state = 'running' AND attempt = :attempt
RETURNING cancel_requested_at
"""

CHANGE: Final = """
UPDATE jobs
   SET state = :state, interruptions = :interruptions, finished_at = :finished_at,
       cancel_requested_at = :cancel_requested_at, stage = :stage, progress = :progress,
       run_seconds = :run_seconds, error_status = :error_status, error_message = :error_message,
       suggestion = :suggestion,
       verification = :verification,
       lease_expires_at = CASE WHEN :state = 'running' THEN lease_expires_at END
 WHERE id = :id AND state = :expected_state AND attempt = :attempt
"""

FIND: Final = "SELECT * FROM jobs_in_line WHERE id = :id AND (:owner IS NULL OR owner = :owner)"

FIND_ALL: Final = """
SELECT * FROM jobs_in_line WHERE id IN (SELECT value FROM json_each(:ids))
 ORDER BY created_at DESC, id DESC
"""

EXPIRED: Final = """
SELECT * FROM jobs WHERE state = 'running' AND lease_expires_at < :moment
 ORDER BY lease_expires_at LIMIT :limit
"""

END_DAMAGED: Final = """
UPDATE jobs
   SET state = 'failed', finished_at = :now, lease_expires_at = NULL, stage = NULL,
       error_status = :error_status, error_message = :error_message
 WHERE id = :id AND state IN ('queued', 'running')
"""

KEEP_LOG: Final = """
INSERT INTO job_logs (job_id, attempt, log) VALUES (:job_id, :attempt, :log)
    ON CONFLICT (job_id) DO UPDATE SET attempt = excluded.attempt, log = excluded.log
"""

FIND_LOG: Final = "SELECT log FROM job_logs WHERE job_id = :job_id"

COUNT_QUEUED: Final = """
SELECT COALESCE(sum(count), 0) AS waiting FROM job_counts WHERE visible_state = 'queued'
"""

COUNT_QUEUED_OF: Final = """
SELECT COALESCE(sum(count), 0) AS waiting FROM job_counts
 WHERE owner = :owner AND visible_state = 'queued'
"""

UNFINISHED: Final = """
SELECT 1 AS found FROM jobs WHERE batch_id = :batch_id AND finished_at IS NULL LIMIT 1
"""


async def insert(tx: Transaction, job: Job) -> None:
    """Store a new, queued job."""
    values: dict[str, Value] = {
        "id": job.id,
        "owner": job.owner,
        "spec": as_json(job.spec),
        "original_request": as_json(job.original_request),
        "metadata": as_json(job.metadata),
        "warnings": as_json(job.warnings),
        "priority": job.spec.priority,
        "vcpu_count": job.spec.vcpu_count,
        "created_at": as_text(job.created_at),
        "command_type": job.spec.command_type,
        "dialect": job.dialect,
        "origin": job.origin,
        "batch_id": job.batch_id,
        "request_id": job.request_id,
    }
    await tx.execute(INSERT, values)


async def head(tx: Transaction) -> Job | None:
    """Return the job that is to be claimed next, None when none waits.

    Triggers keep ``lines``, in which owners with queued jobs take turns: one line for each
    owner and ``standing``, which is twice the priority, and one more for a job that has been
    claimed before. A claim is the line's turn. ``place`` numbers jobs as they were accepted.
    """
    row = await tx.fetch_one(HEAD, {})
    return None if row is None else as_job(row)


async def claim(tx: Transaction, job: Job, *, now: datetime, lease_expires_at: datetime) -> Job:
    """Take a job that this transaction found queued, and return it with its next attempt."""
    values: dict[str, Value] = {
        "id": job.id,
        "attempt": job.attempt,
        "now": as_text(now),
        "lease_expires_at": as_text(lease_expires_at),
    }
    (row,) = await tx.fetch_all(CLAIM, values)
    return as_job(row)


class Renewal(msgspec.Struct, frozen=True):
    """The answer to a renewed lease."""

    cancel_requested: bool


async def renew(
    tx: Transaction, job: Job, *, stage: Stage, progress: Progress, lease_expires_at: datetime
) -> Renewal | None:
    """Extend the lease and store progress; None when another attempt owns the job."""
    values: dict[str, Value] = {
        "id": job.id,
        "attempt": job.attempt,
        "stage": stage,
        "progress": as_json(progress),
        "lease_expires_at": as_text(lease_expires_at),
    }
    row = await tx.fetch_one(RENEW, values)
    return None if row is None else Renewal(row["cancel_requested_at"] is not None)


async def change(tx: Transaction, job: Job, *, expected: JobState) -> bool:
    """Store a transition; False when the job is no longer in that state and attempt."""
    values: dict[str, Value] = {
        "id": job.id,
        "state": job.state,
        "expected_state": expected,
        "attempt": job.attempt,
        "interruptions": job.interruptions,
        "finished_at": as_optional_text(job.finished_at),
        "cancel_requested_at": as_optional_text(job.cancel_requested_at),
        "stage": job.stage,
        "progress": None if job.progress is None else as_json(job.progress),
        "run_seconds": job.run_seconds,
        "error_status": job.error_status,
        "error_message": job.error_message,
        "suggestion": job.suggestion,
        "verification": None if job.verification is None else as_json(job.verification),
    }
    return await tx.execute(CHANGE, values) == 1


class InLine(msgspec.Struct, frozen=True):
    """A job with its place in the queue, 1 for the next one; None once it has left it."""

    job: Job
    position: int | None


async def find(tx: Transaction, job_id: JobId, *, owner: Owner | None) -> InLine | None:
    """Return the job, or None when there is none; ``owner`` None means: whosever it is."""
    row = await tx.fetch_one(FIND, {"id": job_id, "owner": owner})
    return None if row is None else in_line(row)


async def find_all(tx: Transaction, ids: Sequence[JobId]) -> list[InLine]:
    """Return the jobs of these ids that can be read, whosever they are, newest first."""
    rows = await tx.fetch_all(FIND_ALL, {"ids": as_json(ids)})
    return list(readable(rows))


async def list_expired(tx: Transaction, *, moment: datetime, limit: int) -> list[Job]:
    """Return running jobs whose lease ended before ``moment``, the longest dead first."""
    rows = await tx.fetch_all(EXPIRED, {"moment": as_text(moment), "limit": limit})
    return [as_job(row) for row in rows]


async def end_damaged(
    tx: Transaction, job_id: JobId, *, error_status: ErrorStatus, error_message: str, now: datetime
) -> bool:
    """End a job that cannot be read; False when it had ended."""
    values: dict[str, Value] = {
        "id": job_id,
        "now": as_text(now),
        "error_status": error_status,
        "error_message": error_message,
    }
    return await tx.execute(END_DAMAGED, values) == 1


async def keep_log(tx: Transaction, job: Job, log: str) -> None:
    """Store the log of the job's latest attempt in place of an earlier one."""
    packed = zlib.compress(log.encode())
    await tx.execute(KEEP_LOG, {"job_id": job.id, "attempt": job.attempt, "log": packed})


async def find_log(tx: Transaction, job_id: JobId) -> str | None:
    """Return the stored log, None when no attempt has ended yet."""
    row = await tx.fetch_one(FIND_LOG, {"job_id": job_id})
    if row is None or not isinstance(packed := row["log"], bytes):
        return None
    return zlib.decompress(packed).decode()


async def count_queued(tx: Transaction) -> int:
    """Return how many jobs wait to be claimed for the first time, whosever they are."""
    (row,) = await tx.fetch_all(COUNT_QUEUED, {})
    return int(row["waiting"] or 0)


async def count_queued_of(tx: Transaction, owner: Owner) -> int:
    """Return how many jobs of one owner wait to be claimed for the first time."""
    (row,) = await tx.fetch_all(COUNT_QUEUED_OF, {"owner": owner})
    return int(row["waiting"] or 0)


async def is_unfinished(tx: Transaction, batch_id: BatchId) -> bool:
    """Tell whether a job of the batch waits or runs."""
    return bool(await tx.fetch_all(UNFINISHED, {"batch_id": batch_id}))


def as_json(value: object) -> str:
    """Return ``value`` as JSON text."""
    return msgspec.json.encode(value).decode()


def readable(rows: Iterable[Row]) -> Iterator[InLine]:
    """Yield the jobs of the rows that are not damaged."""
    for row in rows:
        with suppress(DamagedJobError):
            yield in_line(row)


def in_line(row: Row) -> InLine:
    """Build a job with its place in the queue."""
    position = row["queue_position"]
    return InLine(as_job(row), position if isinstance(position, int) else None)


def as_job(row: Row) -> Job:
    """Build a job from its row.

    Raises:
        DamagedJobError: Something other than the box has written to the row.
    """
    try:
        decoded = {name: msgspec.json.decode(str(row[name])) for name in JSON_COLUMNS if row[name]}
        return msgspec.convert({**row, **decoded}, Job)
    except msgspec.MsgspecError as error:
        raise DamagedJobError(JobId(str(row["id"])), str(error)) from error
