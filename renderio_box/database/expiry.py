"""Queries on files whose time has come. One statement, one function, no decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, as_text
from renderio_box.identifiers import FileId, JobId
from renderio_box.jobs.files import FileKind, FileStatus
from renderio_box.jobs.retention import Candidate

# The outputs of a job go together, so one that is needed holds the others.
LIST_DUE: Final = """
SELECT files.id, files.job_id,
       files.size_bytes + (SELECT COALESCE(sum(segments.size_bytes), 0) FROM segments
                            WHERE segments.job_id = files.job_id) AS size_bytes,
       1 + (SELECT count(*) FROM segments WHERE segments.job_id = files.job_id) AS objects
  FROM files
 WHERE files.expires_at <= :now AND files.deleted_at IS NULL AND files.size_bytes IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM needed_files WHERE needed_files.file_id = files.id)
   AND NOT EXISTS (SELECT 1 FROM files AS beside
                     JOIN needed_files ON needed_files.file_id = beside.id
                    WHERE beside.job_id = files.job_id)
 ORDER BY files.expires_at, files.id LIMIT :limit
"""

LIST_OLDEST: Final = """
SELECT files.id, files.job_id,
       files.size_bytes + (SELECT COALESCE(sum(segments.size_bytes), 0) FROM segments
                            WHERE segments.job_id = files.job_id) AS size_bytes,
       1 + (SELECT count(*) FROM segments WHERE segments.job_id = files.job_id) AS objects
  FROM files
 WHERE files.deleted_at IS NULL AND files.size_bytes IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM needed_files WHERE needed_files.file_id = files.id)
   AND NOT EXISTS (SELECT 1 FROM files AS beside
                     JOIN needed_files ON needed_files.file_id = beside.id
                    WHERE beside.job_id = files.job_id)
 ORDER BY files.created_at, files.id LIMIT :limit
"""

EXPIRE_FILES: Final = """
   UPDATE files SET deleted_at = :now
    WHERE id IN (SELECT value FROM json_each(:ids)) AND deleted_at IS NULL
RETURNING key
"""

EXPIRE_OUTPUTS: Final = """
   UPDATE files SET deleted_at = :now
    WHERE job_id IN (SELECT value FROM json_each(:ids)) AND deleted_at IS NULL
RETURNING key
"""

EXPIRE_SEGMENTS: Final = """
   DELETE FROM segments WHERE job_id IN (SELECT value FROM json_each(:ids))
RETURNING key
"""

STORED_BYTES: Final = "SELECT bytes FROM stored_bytes WHERE id = 1"

FIND_TERMS: Final = "SELECT kind, hours FROM file_terms"

PUT_TERMS: Final = """
INSERT INTO file_terms (kind, hours) SELECT key, value FROM json_each(:terms) WHERE true
    ON CONFLICT (kind) DO UPDATE SET hours = excluded.hours
"""

LIST_AFTER: Final = """
SELECT id, kind, status, created_at FROM files WHERE id > :after ORDER BY id LIMIT :limit
"""

DATE: Final = """
UPDATE files SET expires_at = dated.value
  FROM json_each(:dates) AS dated
 WHERE files.id = dated.key AND files.status = 'stored' AND files.deleted_at IS NULL
"""


class Dateable(msgspec.Struct, frozen=True):
    """A file as far as the moment of its end depends on it."""

    id: FileId
    kind: FileKind
    status: FileStatus
    created_at: datetime


async def list_due(tx: Transaction, *, now: datetime, limit: int) -> list[Candidate]:
    """Return files whose time is over and that no unfinished job needs, the earliest first."""
    rows = await tx.fetch_all(LIST_DUE, {"now": as_text(now), "limit": limit})
    return msgspec.convert(list(rows), list[Candidate])


async def list_oldest(tx: Transaction, *, limit: int) -> list[Candidate]:
    """Return stored files that no unfinished job needs, the oldest first."""
    rows = await tx.fetch_all(LIST_OLDEST, {"limit": limit})
    return msgspec.convert(list(rows), list[Candidate])


async def expire_files(tx: Transaction, ids: Sequence[FileId], *, now: datetime) -> list[str]:
    """Note that files are gone; return the keys of those that were not gone before."""
    rows = await tx.fetch_all(EXPIRE_FILES, {"ids": as_json(ids), "now": as_text(now)})
    return keys_of(rows)


async def expire_outputs(tx: Transaction, ids: Sequence[JobId], *, now: datetime) -> list[str]:
    """Note that all outputs of these jobs are gone; return the keys of those that were not."""
    rows = await tx.fetch_all(EXPIRE_OUTPUTS, {"ids": as_json(ids), "now": as_text(now)})
    return keys_of(rows)


async def expire_segments(tx: Transaction, ids: Sequence[JobId]) -> list[str]:
    """Forget the files that these jobs' playlists name, and return their keys."""
    return keys_of(await tx.fetch_all(EXPIRE_SEGMENTS, {"ids": as_json(ids)}))


async def stored_bytes(tx: Transaction) -> int:
    """Return the size of all stored files with their segments; triggers keep count."""
    row = await tx.fetch_one(STORED_BYTES, {})
    return 0 if row is None else msgspec.convert(row["bytes"], int)


async def find_terms(tx: Transaction) -> dict[str, int]:
    """Return for how many hours files were kept when they were last dated, by kind."""
    return {str(row["kind"]): int(row["hours"] or 0) for row in await tx.fetch_all(FIND_TERMS, {})}


async def put_terms(tx: Transaction, terms: Mapping[str, int]) -> None:
    """Note that every file is dated by these terms, in hours by kind, 0 for ever."""
    await tx.execute(PUT_TERMS, {"terms": as_json(terms)})


async def list_after(tx: Transaction, file_id: FileId, *, limit: int) -> list[Dateable]:
    """Return files of any kind after that one, in the order of their ids."""
    rows = await tx.fetch_all(LIST_AFTER, {"after": file_id, "limit": limit})
    return msgspec.convert(list(rows), list[Dateable])


async def date(tx: Transaction, dates: Mapping[FileId, datetime | None]) -> None:
    """Set when stored files end."""
    texts = {key: None if moment is None else as_text(moment) for key, moment in dates.items()}
    await tx.execute(DATE, {"dates": as_json(texts)})


def keys_of(rows: Sequence[Row]) -> list[str]:
    """Return the keys of objects."""
    return [str(row["key"]) for row in rows]


def as_json(value: object) -> str:
    """Return ``value`` as JSON text."""
    return msgspec.json.encode(value).decode()
