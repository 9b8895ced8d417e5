"""Queries on ``uploads`` and ``upload_parts``. One statement, one function, no decisions."""

from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, Value, as_text
from renderio_box.identifiers import FileId
from renderio_box.jobs.uploads import Part, Upload

INSERT: Final = """
INSERT INTO uploads (file_id, token, size_bytes, part_size, expires_at)
VALUES (:file_id, :token, :size_bytes, :part_size, :expires_at)
"""

FIND: Final = "SELECT * FROM uploads WHERE file_id = :file_id"

FIND_OPEN: Final = """
SELECT uploads.*
  FROM uploads JOIN files ON files.id = uploads.file_id
 WHERE uploads.token = :token AND uploads.expires_at > :now
   AND files.status = 'waiting' AND files.deleted_at IS NULL
"""

LIST_ENDED: Final = """
SELECT uploads.*
  FROM uploads JOIN files ON files.id = uploads.file_id
 WHERE uploads.expires_at <= :now OR files.deleted_at IS NOT NULL
 ORDER BY uploads.expires_at, uploads.file_id LIMIT :limit
"""

FIND_PART: Final = "SELECT * FROM upload_parts WHERE file_id = :file_id AND number = :number"

LIST_PARTS: Final = "SELECT * FROM upload_parts WHERE file_id = :file_id ORDER BY number"

PUT_PART: Final = """
INSERT INTO upload_parts (file_id, number, key, size_bytes, sha256)
VALUES (:file_id, :number, :key, :size_bytes, :sha256)
    ON CONFLICT (file_id, number) DO UPDATE
   SET key = excluded.key, size_bytes = excluded.size_bytes, sha256 = excluded.sha256
"""

DELETE_PARTS: Final = "DELETE FROM upload_parts WHERE file_id = :file_id"

DELETE: Final = "DELETE FROM uploads WHERE file_id = :file_id"


async def insert(tx: Transaction, upload: Upload) -> None:
    """Store a new upload; the row of its file comes first."""
    values: dict[str, Value] = {
        "file_id": upload.file_id,
        "token": upload.token,
        "size_bytes": upload.size_bytes,
        "part_size": upload.part_size,
        "expires_at": as_text(upload.expires_at),
    }
    await tx.execute(INSERT, values)


async def find(tx: Transaction, file_id: FileId) -> Upload | None:
    """Return the upload of a file, ended or not."""
    row = await tx.fetch_one(FIND, {"file_id": file_id})
    return None if row is None else msgspec.convert(row, Upload)


async def find_open(tx: Transaction, token: str, *, now: datetime) -> Upload | None:
    """Return the upload that the token opens while it may still receive parts."""
    row = await tx.fetch_one(FIND_OPEN, {"token": token, "now": as_text(now)})
    return None if row is None else msgspec.convert(row, Upload)


async def list_ended(tx: Transaction, *, now: datetime, limit: int) -> list[Upload]:
    """Return uploads whose time is over or whose file is deleted, oldest first."""
    rows = await tx.fetch_all(LIST_ENDED, {"now": as_text(now), "limit": limit})
    return [msgspec.convert(row, Upload) for row in rows]


async def find_part(tx: Transaction, file_id: FileId, number: int) -> Part | None:
    """Return a part that has arrived."""
    row = await tx.fetch_one(FIND_PART, {"file_id": file_id, "number": number})
    return None if row is None else msgspec.convert(row, Part)


async def list_parts(tx: Transaction, file_id: FileId) -> list[Part]:
    """Return every part that has arrived, in order."""
    rows = await tx.fetch_all(LIST_PARTS, {"file_id": file_id})
    return [msgspec.convert(row, Part) for row in rows]


async def put_part(tx: Transaction, file_id: FileId, part: Part) -> None:
    """Store a part, in place of an earlier arrival of it."""
    values: dict[str, Value] = {
        "file_id": file_id,
        "number": part.number,
        "key": part.key,
        "size_bytes": part.size_bytes,
        "sha256": part.sha256,
    }
    await tx.execute(PUT_PART, values)


async def delete_parts(tx: Transaction, file_id: FileId) -> None:
    """Forget every part of an upload."""
    await tx.execute(DELETE_PARTS, {"file_id": file_id})


async def delete(tx: Transaction, file_id: FileId) -> None:
    """Forget an upload; its parts go first."""
    await tx.execute(DELETE, {"file_id": file_id})
