"""Queries that tell which stored objects somebody still needs. One statement, one function."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction
from renderio_box.identifiers import FileId, JobId

LIST_KNOWN: Final = """
SELECT key FROM files
 WHERE key IN (SELECT value FROM json_each(:keys)) AND deleted_at IS NULL
 UNION ALL
SELECT key FROM segments WHERE key IN (SELECT value FROM json_each(:keys))
 UNION ALL
SELECT upload_parts.key
  FROM upload_parts JOIN files ON files.id = upload_parts.file_id
 WHERE upload_parts.key IN (SELECT value FROM json_each(:keys)) AND files.status = 'waiting'
"""

LIST_RUNNING: Final = """
SELECT id, attempt FROM jobs
 WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'running'
"""

LIST_FILES: Final = """
SELECT id, key, status = 'stored' AND deleted_at IS NULL AS is_stored
  FROM files WHERE id > :after ORDER BY id LIMIT :limit
"""

LIST_SEGMENTS: Final = "SELECT key FROM segments WHERE key > :after ORDER BY key LIMIT :limit"


class Maker(msgspec.Struct, frozen=True):
    """An attempt at a job."""

    id: JobId
    attempt: int


class Named(msgspec.Struct, frozen=True):
    """A file and its object, which should be there while the file ``is_stored``."""

    id: FileId
    key: str
    is_stored: bool


async def list_known(tx: Transaction, keys: Collection[str]) -> set[str]:
    """Return those of the keys that belong to a file, a segment or a part that is kept.

    Parts are kept until the file of them is stored.
    """
    return {str(row["key"]) for row in await tx.fetch_all(LIST_KNOWN, {"keys": as_json(keys)})}


async def list_running(tx: Transaction, ids: Collection[JobId]) -> set[Maker]:
    """Return the attempts that run now at those of the jobs that do."""
    rows = await tx.fetch_all(LIST_RUNNING, {"ids": as_json(ids)})
    return set(msgspec.convert(list(rows), list[Maker]))


async def list_files(tx: Transaction, *, after: FileId, limit: int) -> list[Named]:
    """Return files after that one, in the order of their ids, the deleted ones too.

    So a page costs the same however many have been deleted.
    """
    rows = await tx.fetch_all(LIST_FILES, {"after": after, "limit": limit})
    return msgspec.convert(list(rows), list[Named], strict=False)


async def list_segments(tx: Transaction, *, after: str, limit: int) -> Sequence[str]:
    """Return the keys of segments after that one, in order."""
    rows = await tx.fetch_all(LIST_SEGMENTS, {"after": after, "limit": limit})
    return [str(row["key"]) for row in rows]


def as_json(values: Collection[str]) -> str:
    """Return the values as a JSON list."""
    return msgspec.json.encode(sorted(values)).decode()
