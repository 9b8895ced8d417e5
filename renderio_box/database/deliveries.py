"""Queries on ``deliveries``. One statement, one function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_optional_text, as_text
from renderio_box.identifiers import DeliveryId, JobId, Owner
from renderio_box.jobs.delivery import Delivery

INSERT: Final = """
INSERT INTO deliveries (id, owner, kind, job_id, url, host, status, attempts, due_at, created_at)
VALUES (:id, :owner, :kind, :job_id, :url, :host, :status, :attempts, :due_at, :created_at)
"""

# Host after host by index: with 100,000 deliveries waiting for one dead receiver this takes
# 0.4 ms, a window function over all of them 90 ms, and it runs whenever a job changes.
LIST_DUE: Final = """
WITH RECURSIVE hosts (host) AS (
    SELECT min(host) FROM deliveries WHERE status = 'pending'
     UNION ALL
    SELECT (SELECT min(host) FROM deliveries WHERE status = 'pending' AND host > hosts.host)
      FROM hosts WHERE hosts.host IS NOT NULL
)
SELECT deliveries.id
  FROM hosts
  JOIN deliveries ON deliveries.id IN
       (SELECT first.id FROM deliveries AS first
         WHERE first.status = 'pending' AND first.host = hosts.host AND first.due_at <= :now
         ORDER BY first.due_at, first.id
         LIMIT :per_host)
 ORDER BY deliveries.due_at, deliveries.id
 LIMIT :limit
"""

NEXT_DUE: Final = """
SELECT min(due_at) AS due_at FROM deliveries WHERE status = 'pending' AND due_at > :now
"""

FIND: Final = "SELECT * FROM deliveries WHERE id = :id AND (:owner IS NULL OR owner = :owner)"

LIST_ALL: Final = "SELECT * FROM deliveries ORDER BY id DESC LIMIT :limit OFFSET :offset"

LIST_OWNED: Final = """
SELECT * FROM deliveries WHERE owner = :owner ORDER BY id DESC LIMIT :limit OFFSET :offset
"""

LIST_OF_JOB: Final = """
SELECT * FROM deliveries WHERE job_id = :job_id AND (:owner IS NULL OR owner = :owner)
 ORDER BY id DESC LIMIT :limit OFFSET :offset
"""

CHANGE: Final = """
UPDATE deliveries
   SET status = :status, attempts = :attempts, due_at = :due_at,
       last_attempt_at = :last_attempt_at, last_answer = :last_answer, last_error = :last_error,
       finished_at = :finished_at
 WHERE id = :id AND status = :expected_status AND attempts = :expected_attempts
"""

GIVE_UP: Final = """
UPDATE deliveries
   SET status = 'failed', due_at = NULL, last_error = :reason, finished_at = :now
 WHERE id = :id AND status = 'pending'
"""

GIVE_UP_ACCOUNT: Final = """
UPDATE deliveries
   SET status = 'failed', due_at = NULL, last_error = :reason, finished_at = :now
 WHERE owner = :owner AND kind = 'account' AND url IS NULL AND status = 'pending'
"""

BRING_FORWARD: Final = """
UPDATE deliveries SET due_at = :now WHERE status = 'pending' AND due_at > :latest
"""

READDRESS: Final = """
UPDATE deliveries SET host = :host WHERE owner = :owner AND url IS NULL AND status = 'pending'
"""


async def insert(tx: Transaction, delivery: Delivery) -> None:
    """Store a new delivery, of which no attempt has been made."""
    values: dict[str, Value] = {
        "id": delivery.id,
        "owner": delivery.owner,
        "kind": delivery.kind,
        "job_id": delivery.job_id,
        "url": delivery.url,
        "host": delivery.host,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "due_at": as_optional_text(delivery.due_at),
        "created_at": as_text(delivery.created_at),
    }
    await tx.execute(INSERT, values)


async def list_due(
    tx: Transaction, *, now: datetime, per_host: int, limit: int
) -> list[DeliveryId]:
    """Return what is due, the longest waiting first, and of each host only the first few."""
    values: dict[str, Value] = {"now": as_text(now), "per_host": per_host, "limit": limit}
    return [DeliveryId(str(row["id"])) for row in await tx.fetch_all(LIST_DUE, values)]


async def next_due(tx: Transaction, *, now: datetime) -> datetime | None:
    """Return when the next delivery becomes due that is not due yet."""
    row = await tx.fetch_one(NEXT_DUE, {"now": as_text(now)})
    return None if row is None else msgspec.convert(row["due_at"], datetime | None)


async def find(tx: Transaction, delivery_id: DeliveryId, *, owner: Owner | None) -> Delivery | None:
    """Return the delivery, or None when there is none; ``owner`` None means: whosever it is."""
    row = await tx.fetch_one(FIND, {"id": delivery_id, "owner": owner})
    return None if row is None else msgspec.convert(row, Delivery)


async def list_newest(
    tx: Transaction, *, owner: Owner | None, limit: int, offset: int
) -> list[Delivery]:
    """Return deliveries of the owner, or of everybody, newest first."""
    values: dict[str, Value] = {"limit": limit, "offset": offset}
    if owner is None:
        return as_deliveries(await tx.fetch_all(LIST_ALL, values))
    return as_deliveries(await tx.fetch_all(LIST_OWNED, values | {"owner": owner}))


async def list_of_job(
    tx: Transaction, job_id: JobId, *, owner: Owner | None, limit: int, offset: int
) -> list[Delivery]:
    """Return deliveries of one job, newest first; ``owner`` None means: whosever it is."""
    values: dict[str, Value] = {
        "job_id": job_id,
        "owner": owner,
        "limit": limit,
        "offset": offset,
    }
    return as_deliveries(await tx.fetch_all(LIST_OF_JOB, values))


async def change(tx: Transaction, delivery: Delivery, *, expected: Delivery) -> bool:
    """Store what became of ``expected``; False when it no longer stands as it did."""
    values: dict[str, Value] = {
        "id": delivery.id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "due_at": as_optional_text(delivery.due_at),
        "last_attempt_at": as_optional_text(delivery.last_attempt_at),
        "last_answer": delivery.last_answer,
        "last_error": delivery.last_error,
        "finished_at": as_optional_text(delivery.finished_at),
        "expected_status": expected.status,
        "expected_attempts": expected.attempts,
    }
    return await tx.execute(CHANGE, values) == 1


async def give_up(tx: Transaction, delivery_id: DeliveryId, reason: str, *, now: datetime) -> None:
    """End a pending delivery as failed, whatever else its row holds."""
    await tx.execute(GIVE_UP, {"id": delivery_id, "reason": reason, "now": as_text(now)})


async def give_up_account(tx: Transaction, owner: Owner, reason: str, *, now: datetime) -> None:
    """End every pending delivery to the owner's hook as failed."""
    await tx.execute(GIVE_UP_ACCOUNT, {"owner": owner, "reason": reason, "now": as_text(now)})


async def bring_forward(tx: Transaction, *, latest: datetime, now: datetime) -> None:
    """Make due now what would be due only after ``latest``."""
    await tx.execute(BRING_FORWARD, {"latest": as_text(latest), "now": as_text(now)})


async def readdress(tx: Transaction, owner: Owner, host: str) -> None:
    """Note whom pending deliveries to the owner's hook go to from now on."""
    await tx.execute(READDRESS, {"owner": owner, "host": host})


def as_deliveries(rows: Sequence[Row]) -> list[Delivery]:
    """Build deliveries from their rows."""
    return [msgspec.convert(row, Delivery) for row in rows]
