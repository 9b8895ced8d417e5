"""Queries on the ``segments`` table. One statement, one function, no decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction, as_text
from renderio_box.identifiers import JobId
from renderio_box.jobs.files import Segment

INSERT: Final = """
INSERT INTO segments (job_id, path, key, size_bytes, sha256, created_at)
SELECT :job_id,
       json_extract(value, '$.path'),
       json_extract(value, '$.key'),
       json_extract(value, '$.size_bytes'),
       json_extract(value, '$.sha256'),
       :now
  FROM json_each(:segments)
"""

FIND: Final = """
SELECT path, key, size_bytes, sha256 FROM segments WHERE job_id = :job_id AND path = :path
"""

LIST_OF_JOB: Final = "SELECT path, key FROM segments WHERE job_id = :job_id ORDER BY path"

DELETE_OF_JOB: Final = "DELETE FROM segments WHERE job_id = :job_id RETURNING key"


async def insert(
    tx: Transaction, job_id: JobId, segments: Sequence[Segment], *, now: datetime
) -> None:
    """Store the rows of all files that a job's playlists name."""
    text = msgspec.json.encode(segments).decode()
    await tx.execute(INSERT, {"job_id": job_id, "segments": text, "now": as_text(now)})


async def find(tx: Transaction, job_id: JobId, path: str) -> Segment | None:
    """Return the file that the job's playlists know by that path."""
    row = await tx.fetch_one(FIND, {"job_id": job_id, "path": path})
    return None if row is None else msgspec.convert(row, Segment)


async def list_of_job(tx: Transaction, job_id: JobId) -> dict[str, str]:
    """Return the keys of all files that the job's playlists name, by path."""
    rows = await tx.fetch_all(LIST_OF_JOB, {"job_id": job_id})
    return {str(row["path"]): str(row["key"]) for row in rows}


async def delete_of_job(tx: Transaction, job_id: JobId) -> list[str]:
    """Forget the files that the job's playlists name, and return their keys."""
    rows = await tx.fetch_all(DELETE_OF_JOB, {"job_id": job_id})
    return [str(row["key"]) for row in rows]
