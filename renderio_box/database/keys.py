"""Queries on the ``keys`` table. One statement, one function, no decisions."""

from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_optional_text, as_text
from renderio_box.identifiers import KeyId, Owner


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it is kept: everything but the key itself."""

    id: KeyId
    name: str
    owner: Owner
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


INSERT: Final = """
INSERT INTO keys (id, name, owner, digest, scopes, created_at, expires_at)
VALUES (:id, :name, :owner, :digest, :scopes, :created_at, :expires_at)
"""

LIST_ALL: Final = "SELECT * FROM keys ORDER BY created_at, id"

NAME_IN_USE: Final = "SELECT id FROM keys WHERE name = :name AND revoked_at IS NULL"

REVOKE: Final = "UPDATE keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"

NOTE_USE: Final = "UPDATE keys SET last_used_at = :now WHERE id = :id"


async def insert(tx: Transaction, key: StoredKey) -> None:
    """Store a new key."""
    values: dict[str, Value] = {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "digest": key.digest,
        "scopes": msgspec.json.encode(key.scopes).decode(),
        "created_at": as_text(key.created_at),
        "expires_at": as_optional_text(key.expires_at),
    }
    await tx.execute(INSERT, values)


async def list_all(tx: Transaction) -> list[StoredKey]:
    """Return every key, revoked ones too, oldest first."""
    return [as_key(row) for row in await tx.fetch_all(LIST_ALL, {})]


async def name_in_use(tx: Transaction, name: str) -> bool:
    """Tell whether a key that is not revoked has that name."""
    return await tx.fetch_one(NAME_IN_USE, {"name": name}) is not None


async def revoke(tx: Transaction, key_id: KeyId, *, now: datetime) -> bool:
    """End a key; False when it does not exist or had ended before."""
    return await tx.execute(REVOKE, {"id": key_id, "now": as_text(now)}) == 1


async def note_use(tx: Transaction, key_id: KeyId, *, now: datetime) -> None:
    """Note when the key was last used."""
    await tx.execute(NOTE_USE, {"id": key_id, "now": as_text(now)})


def as_key(row: Row) -> StoredKey:
    """Build a key from its row."""
    return msgspec.convert({**row, "scopes": msgspec.json.decode(str(row["scopes"]))}, StoredKey)
