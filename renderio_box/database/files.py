"""Queries on the ``files`` table. One statement, one function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_optional_text, as_text
from renderio_box.identifiers import FileId, JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FileStatus, NewFile, StoredFile

JSON_COLUMNS: Final = ("media", "bundle")

INSERT: Final = """
INSERT INTO files (id, owner, kind, status, key, token, filename, source_url, size_bytes, sha256,
                   media, bundle, job_id, alias, created_at, expires_at)
VALUES (:id, :owner, :kind, :status, :key, :token, :filename, :source_url, :size_bytes, :sha256,
        :media, :bundle, :job_id, :alias, :created_at, :expires_at)
"""

FIND: Final = "SELECT * FROM files WHERE id = :id AND (:owner IS NULL OR owner = :owner)"

OPENED_BY: Final = "SELECT * FROM files WHERE token = :token"

LIST_BY_JOB: Final = "SELECT * FROM files WHERE job_id = :job_id ORDER BY id"

LIST_BY_JOBS: Final = """
SELECT * FROM files WHERE job_id IN (SELECT value FROM json_each(:job_ids)) ORDER BY id
"""

LIST_ALL: Final = """
SELECT * FROM files WHERE deleted_at IS NULL
 ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
"""

LIST_OWNED: Final = """
SELECT * FROM files WHERE owner = :owner AND deleted_at IS NULL
 ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
"""

MARK_DELETED: Final = """
   UPDATE files SET deleted_at = :now
    WHERE id = :id AND (:owner IS NULL OR owner = :owner) AND deleted_at IS NULL
RETURNING *
"""

MARK_OUTPUTS_DELETED: Final = """
   UPDATE files SET deleted_at = :now
    WHERE job_id = :job_id AND deleted_at IS NULL
RETURNING *
"""

# The condition with IN repeats that of the index files_to_fetch, which SQLite uses only then.
CLAIM_WANTED: Final = """
   UPDATE files SET status = 'fetching'
    WHERE status = 'waiting'
      AND id = (SELECT id FROM files
                 WHERE kind = 'STORED_FILE' AND status IN ('waiting', 'fetching')
                   AND status = 'waiting' AND deleted_at IS NULL
                 ORDER BY created_at, id LIMIT 1)
RETURNING *
"""

TAKE_BACK: Final = """
UPDATE files SET status = 'waiting'
 WHERE kind = 'STORED_FILE' AND status IN ('waiting', 'fetching')
   AND status = 'fetching' AND deleted_at IS NULL
"""

MARK_STORED: Final = """
   UPDATE files
      SET status = 'stored', filename = :filename, size_bytes = :size_bytes, sha256 = :sha256,
          media = :media, expires_at = :expires_at
    WHERE id = :id AND status = :expected AND deleted_at IS NULL
RETURNING *
"""

MARK_FAILED: Final = """
UPDATE files
   SET status = 'failed', error_status = :error_status, error_message = :error_message
 WHERE id = :id AND status = 'fetching' AND deleted_at IS NULL
"""

ABANDON: Final = """
   UPDATE files SET deleted_at = :now
    WHERE id = :id AND status = 'waiting' AND deleted_at IS NULL
RETURNING *
"""


async def insert(tx: Transaction, file: StoredFile) -> None:
    """Store the row of a new file."""
    values: dict[str, Value] = {
        "id": file.id,
        "owner": file.owner,
        "kind": file.kind,
        "status": file.status,
        "key": file.key,
        "token": file.token,
        "filename": file.filename,
        "source_url": file.source_url,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "media": as_json(file.media),
        "bundle": None if file.bundle is None else as_json(file.bundle),
        "job_id": file.job_id,
        "alias": file.alias,
        "created_at": as_text(file.created_at),
        "expires_at": as_optional_text(file.expires_at),
    }
    await tx.execute(INSERT, values)


async def find(tx: Transaction, file_id: FileId, *, owner: Owner | None) -> StoredFile | None:
    """Return the file, deleted or not; ``owner`` None means: whosever it is."""
    row = await tx.fetch_one(FIND, {"id": file_id, "owner": owner})
    return None if row is None else as_file(row)


async def find_by_token(tx: Transaction, token: str) -> StoredFile | None:
    """Return the file that the token opens, deleted or not."""
    row = await tx.fetch_one(OPENED_BY, {"token": token})
    return None if row is None else as_file(row)


async def list_by_job(tx: Transaction, job_id: JobId) -> list[StoredFile]:
    """Return the outputs of a job."""
    return [as_file(row) for row in await tx.fetch_all(LIST_BY_JOB, {"job_id": job_id})]


async def list_by_jobs(tx: Transaction, job_ids: Sequence[JobId]) -> list[StoredFile]:
    """Return the outputs of all these jobs, in one go."""
    rows = await tx.fetch_all(LIST_BY_JOBS, {"job_ids": as_json(job_ids)})
    return [as_file(row) for row in rows]


async def list_newest(
    tx: Transaction, *, owner: Owner | None, limit: int, offset: int
) -> list[StoredFile]:
    """Return the files that are not deleted, newest first."""
    values: dict[str, Value] = {"limit": limit, "offset": offset}
    if owner is None:
        return [as_file(row) for row in await tx.fetch_all(LIST_ALL, values)]
    return [as_file(row) for row in await tx.fetch_all(LIST_OWNED, values | {"owner": owner})]


async def mark_deleted(
    tx: Transaction, file_id: FileId, *, owner: Owner | None, now: datetime
) -> StoredFile | None:
    """Note that the file is gone; None when there is none, or it was gone before."""
    row = await tx.fetch_one(MARK_DELETED, {"id": file_id, "owner": owner, "now": as_text(now)})
    return None if row is None else as_file(row)


async def mark_outputs_deleted(
    tx: Transaction, job_id: JobId, *, now: datetime
) -> list[StoredFile]:
    """Note that a job's outputs are gone; return those that were not gone before."""
    rows = await tx.fetch_all(MARK_OUTPUTS_DELETED, {"job_id": job_id, "now": as_text(now)})
    return [as_file(row) for row in rows]


async def claim_wanted(tx: Transaction) -> StoredFile | None:
    """Take the oldest file that waits to be fetched; None when none does."""
    row = await tx.fetch_one(CLAIM_WANTED, {})
    return None if row is None else as_file(row)


async def take_back(tx: Transaction) -> int:
    """Let every file that is being fetched wait again; return how many."""
    return await tx.execute(TAKE_BACK, {})


async def mark_stored(
    tx: Transaction,
    file_id: FileId,
    new: NewFile,
    *,
    expected: FileStatus,
    expires_at: datetime | None,
) -> StoredFile | None:
    """Note that a published object is the file; None when that was no longer ``expected``."""
    values: dict[str, Value] = {
        "id": file_id,
        "expected": expected,
        "filename": new.filename,
        "size_bytes": new.size_bytes,
        "sha256": new.sha256,
        "media": as_json(new.media),
        "expires_at": as_optional_text(expires_at),
    }
    row = await tx.fetch_one(MARK_STORED, values)
    return None if row is None else as_file(row)


async def mark_failed(
    tx: Transaction, file_id: FileId, *, status: ErrorStatus, message: str
) -> bool:
    """Note that fetching the file has failed; False when it was no longer expected."""
    values: dict[str, Value] = {"id": file_id, "error_status": status, "error_message": message}
    return await tx.execute(MARK_FAILED, values) == 1


async def abandon(tx: Transaction, file_id: FileId, *, now: datetime) -> StoredFile | None:
    """Note that the file will never be complete; None when it is, or is deleted."""
    row = await tx.fetch_one(ABANDON, {"id": file_id, "now": as_text(now)})
    return None if row is None else as_file(row)


def as_json(value: object) -> str:
    """Return ``value`` as JSON text."""
    return msgspec.json.encode(value).decode()


def as_file(row: Row) -> StoredFile:
    """Build a file from its row; raises ``msgspec.ValidationError`` on a corrupt one."""
    decoded = {name: msgspec.json.decode(str(row[name])) for name in JSON_COLUMNS if row[name]}
    return msgspec.convert({**row, **decoded}, StoredFile)
