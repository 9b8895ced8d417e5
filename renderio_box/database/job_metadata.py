"""Queries on ``job_metadata``, by which lists find jobs. One statement, one function."""

from typing import Final

import msgspec

from renderio_box.database.connection import Transaction
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import MetadataValue

Mark = tuple[str, str]
"""A key of a job's metadata with its value as text."""

INSERT: Final = "INSERT INTO job_metadata (job_id, key, value) VALUES (:job_id, :key, :value)"

COUNT_UP_TO: Final = """
SELECT count(*) AS count
  FROM (SELECT 1 FROM job_metadata WHERE key = :key AND value = :value LIMIT :limit)
"""


async def insert(tx: Transaction, job_id: JobId, key: str, value: MetadataValue) -> None:
    """Note one key of a new job's metadata."""
    await tx.execute(INSERT, {"job_id": job_id, "key": key, "value": text_of(value)})


async def count_up_to(tx: Transaction, mark: Mark, *, limit: int) -> int:
    """Return how many jobs of all owners bear the mark; ``limit`` when they are more."""
    row = await tx.fetch_one(COUNT_UP_TO, {"key": mark[0], "value": mark[1], "limit": limit})
    return 0 if row is None else msgspec.convert(row["count"], int)


def text_of(value: MetadataValue) -> str:
    """Return a value as it is compared: text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
