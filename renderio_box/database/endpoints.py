"""Queries on ``endpoints``, the owners' webhooks. One statement, one function, no decisions."""

from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, Value, as_optional_text, as_text
from renderio_box.identifiers import Owner
from renderio_box.jobs.delivery import Endpoint

PUT: Final = """
INSERT INTO endpoints (owner, url, secret, origin, consecutive_failures, disabled_at, updated_at)
VALUES (:owner, :url, :secret, :origin, :consecutive_failures, :disabled_at, :updated_at)
    ON CONFLICT (owner) DO UPDATE
   SET url = excluded.url, secret = excluded.secret, origin = excluded.origin,
       consecutive_failures = excluded.consecutive_failures,
       disabled_at = excluded.disabled_at, updated_at = excluded.updated_at
"""

FIND: Final = "SELECT * FROM endpoints WHERE owner = :owner"

DELETE: Final = "DELETE FROM endpoints WHERE owner = :owner"


async def put(tx: Transaction, endpoint: Endpoint) -> None:
    """Store the owner's hook in place of an earlier one."""
    values: dict[str, Value] = {
        "owner": endpoint.owner,
        "url": endpoint.url,
        "secret": endpoint.secret,
        "origin": endpoint.origin,
        "consecutive_failures": endpoint.consecutive_failures,
        "disabled_at": as_optional_text(endpoint.disabled_at),
        "updated_at": as_text(endpoint.updated_at),
    }
    await tx.execute(PUT, values)


async def find(tx: Transaction, owner: Owner) -> Endpoint | None:
    """Return the owner's hook, disabled or not; None when there is none."""
    row = await tx.fetch_one(FIND, {"owner": owner})
    return None if row is None else msgspec.convert(row, Endpoint)


async def delete(tx: Transaction, owner: Owner) -> None:
    """Remove the owner's hook, if there is one."""
    await tx.execute(DELETE, {"owner": owner})
