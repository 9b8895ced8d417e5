"""Which jobs a list shows: places in the order of age, and how many there are.

The id of a job begins with the moment of its creation, so ids sort like ages. No
statement here reads a job's own row unless metadata is asked for: the indexes hold
what is compared.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_text
from renderio_box.database.job_metadata import Mark
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.job import CommandType, JobState


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are wanted; what is None or empty selects nothing out.

    A job that waits to be taken up again after a crash counts as running. Jobs must
    bear every one of the ``marks``.
    """

    sees: Owner | None
    states: tuple[JobState, JobState] | None = None
    command_type: CommandType | None = None
    marks: tuple[Mark, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Where a job stands among all jobs."""

    created_at: datetime
    id: JobId


BEFORE_ALL: Final = Place(datetime.max.replace(tzinfo=UTC), JobId("~"))
"""Newer than every job, in time and as an id."""

COUNT: Final = """
SELECT COALESCE(sum(count), 0) AS count FROM job_counts
 WHERE (:owner IS NULL OR owner = :owner)
   AND (:any_state OR visible_state IN (:state, :other_state))
   AND (:command_type IS NULL OR command_type = :command_type)
"""

COUNT_MARKED: Final = """
SELECT count(*) AS count
  FROM job_metadata AS marked CROSS JOIN jobs ON jobs.id = marked.job_id
 WHERE marked.key = :key AND marked.value = :value
   AND NOT EXISTS (
       SELECT 1 FROM json_each(:other_marks) AS mark
        WHERE NOT EXISTS (
              SELECT 1 FROM job_metadata AS also
               WHERE also.key = json_extract(mark.value, '$[0]')
                 AND also.value = json_extract(mark.value, '$[1]')
                 AND also.job_id = marked.job_id))
   AND (:owner IS NULL OR jobs.owner = :owner)
   AND (:any_state OR jobs.visible_state IN (:state, :other_state))
   AND (:command_type IS NULL OR jobs.command_type = :command_type)
"""

LIST_ALL: Final = """
SELECT created_at, id FROM jobs
 WHERE (created_at, id) < (:created_at, :id)
   AND (:any_state OR visible_state IN (:state, :other_state))
   AND (:command_type IS NULL OR command_type = :command_type)
 ORDER BY created_at DESC, id DESC
 LIMIT :limit OFFSET :offset
"""

LIST_OWNED: Final = """
SELECT created_at, id FROM jobs
 WHERE owner = :owner AND (created_at, id) < (:created_at, :id)
   AND (:any_state OR visible_state IN (:state, :other_state))
   AND (:command_type IS NULL OR command_type = :command_type)
 ORDER BY created_at DESC, id DESC
 LIMIT :limit OFFSET :offset
"""

LIST_MARKED: Final = """
SELECT jobs.created_at, jobs.id
  FROM job_metadata AS marked CROSS JOIN jobs ON jobs.id = marked.job_id
 WHERE marked.key = :key AND marked.value = :value
   AND marked.job_id < :id
   AND NOT EXISTS (
       SELECT 1 FROM json_each(:other_marks) AS mark
        WHERE NOT EXISTS (
              SELECT 1 FROM job_metadata AS also
               WHERE also.key = json_extract(mark.value, '$[0]')
                 AND also.value = json_extract(mark.value, '$[1]')
                 AND also.job_id = marked.job_id))
   AND (:owner IS NULL OR jobs.owner = :owner)
   AND (:any_state OR jobs.visible_state IN (:state, :other_state))
   AND (:command_type IS NULL OR jobs.command_type = :command_type)
 ORDER BY marked.job_id DESC
 LIMIT :limit OFFSET :offset
"""


async def count(tx: Transaction, wanted: JobFilter) -> int:
    """Return how many jobs there are, without counting them; ``marks`` are not looked at."""
    return as_count(await tx.fetch_one(COUNT, compared(wanted)))


async def count_marked(tx: Transaction, wanted: JobFilter) -> int:
    """Return how many jobs bear every mark, by counting those that bear the first."""
    return as_count(await tx.fetch_one(COUNT_MARKED, compared(wanted) | marks_of(wanted)))


async def list_all(
    tx: Transaction, wanted: JobFilter, after: Place, *, limit: int, offset: int
) -> list[Place]:
    """Return everybody's places, newest first; ``marks`` are not looked at."""
    values = compared(wanted) | stretch(after, limit=limit, offset=offset)
    return as_places(await tx.fetch_all(LIST_ALL, values))


async def list_owned(
    tx: Transaction, wanted: JobFilter, after: Place, *, limit: int, offset: int
) -> list[Place]:
    """Return one owner's places, newest first; ``marks`` are not looked at."""
    values = compared(wanted) | stretch(after, limit=limit, offset=offset)
    return as_places(await tx.fetch_all(LIST_OWNED, values))


async def list_marked(
    tx: Transaction, wanted: JobFilter, after: Place, *, limit: int, offset: int
) -> list[Place]:
    """Return the places that bear every mark, newest first, among those that bear the first."""
    values = compared(wanted) | marks_of(wanted) | stretch(after, limit=limit, offset=offset)
    return as_places(await tx.fetch_all(LIST_MARKED, values))


def compared(wanted: JobFilter) -> dict[str, Value]:
    """Return what every statement compares jobs with."""
    return {
        "owner": wanted.sees,
        "any_state": wanted.states is None,
        "state": None if wanted.states is None else wanted.states[0],
        "other_state": None if wanted.states is None else wanted.states[1],
        "command_type": wanted.command_type,
    }


def marks_of(wanted: JobFilter) -> dict[str, Value]:
    """Return the mark that leads to the jobs, and those that they must bear too."""
    (key, value), *others = wanted.marks
    return {"key": key, "value": value, "other_marks": msgspec.json.encode(others).decode()}


def stretch(after: Place, *, limit: int, offset: int) -> dict[str, Value]:
    """Return which part of a list is wanted."""
    return {
        "created_at": as_text(after.created_at),
        "id": after.id,
        "limit": limit,
        "offset": offset,
    }


def as_count(row: Row | None) -> int:
    """Return the number in a row that has just one."""
    return 0 if row is None else msgspec.convert(row["count"], int)


def as_places(rows: Sequence[Row]) -> list[Place]:
    """Build places from their rows."""
    return [msgspec.convert(row, Place) for row in rows]
