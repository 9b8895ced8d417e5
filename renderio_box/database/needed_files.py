"""Queries on ``needed_files``: what unfinished jobs read. One statement, one function."""

from collections.abc import Iterable
from typing import Final

import msgspec

from renderio_box.database.connection import Transaction
from renderio_box.identifiers import FileId, JobId

INSERT: Final = """
INSERT INTO needed_files (file_id, job_id) SELECT DISTINCT value, :job_id FROM json_each(:file_ids)
"""

DELETE_OF_JOB: Final = "DELETE FROM needed_files WHERE job_id = :job_id"


async def insert(tx: Transaction, job_id: JobId, file_ids: Iterable[FileId]) -> None:
    """Note which stored files a new job reads, so that none expires before the job has ended."""
    text = msgspec.json.encode(list(file_ids)).decode()
    await tx.execute(INSERT, {"job_id": job_id, "file_ids": text})


async def delete_of_job(tx: Transaction, job_id: JobId) -> None:
    """Forget what a job needed that has ended."""
    await tx.execute(DELETE_OF_JOB, {"job_id": job_id})
