"""Queries on ``idempotency_keys``. One statement, one function, no decisions."""

from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, as_text
from renderio_box.identifiers import JobId, Owner


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner's idempotency key was used for."""

    digest: str
    job_ids: tuple[JobId, ...]
    created_at: datetime


FIND: Final = """
SELECT digest, job_ids, created_at FROM idempotency_keys WHERE owner = :owner AND key = :key
"""

REMEMBER: Final = """
INSERT INTO idempotency_keys (owner, key, digest, job_ids, created_at)
VALUES (:owner, :key, :digest, :job_ids, :created_at)
    ON CONFLICT (owner, key) DO UPDATE
   SET digest = excluded.digest, job_ids = excluded.job_ids, created_at = excluded.created_at
"""


async def find(tx: Transaction, owner: Owner, key: str) -> Remembered | None:
    """Return what the key was last used for, however long ago."""
    row = await tx.fetch_one(FIND, {"owner": owner, "key": key})
    if row is None:
        return None
    return msgspec.convert({**row, "job_ids": str(row["job_ids"]).split()}, Remembered)


async def remember(tx: Transaction, owner: Owner, key: str, remembered: Remembered) -> None:
    """Note what the key was used for, in place of an earlier use."""
    values = {
        "owner": owner,
        "key": key,
        "digest": remembered.digest,
        "job_ids": " ".join(remembered.job_ids),
        "created_at": as_text(remembered.created_at),
    }
    await tx.execute(REMEMBER, values)
