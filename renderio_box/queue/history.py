"""Reading about jobs; nothing here changes any."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.database import (
    events,
    files,
    job_lists,
    job_metadata,
    jobs,
    progress,
    standing,
    summaries,
)
from renderio_box.database.connection import Database, Transaction
from renderio_box.database.events import Event
from renderio_box.database.job_lists import JobFilter, Place
from renderio_box.database.progress import Running
from renderio_box.database.standing import Standing
from renderio_box.database.summaries import JobSummary
from renderio_box.errors import NotFoundError
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.files import StoredFile
from renderio_box.jobs.job import Job, Submission
from renderio_box.jobs.room import Lack
from renderio_box.queue.admission import all_resolved
from renderio_box.queue.line import Line
from renderio_box.storage.addresses import Addresses

EVENTS_AT_ONCE: Final = 100
RUNNING_AT_ONCE: Final = 1000
FEW: Final = 10_000
"""How many jobs bear a mark is counted up to here; beyond, marks are all alike."""


class JobReport(msgspec.Struct, frozen=True):
    """A job with its outputs; while it waits, its place in the queue, 1 for the next one.

    ``waiting_for`` is what keeps the whole queue waiting.
    """

    job: Job
    outputs: tuple[StoredFile, ...]
    queue_position: int | None
    waiting_for: Lack | None = None


class JobPage(msgspec.Struct, frozen=True):
    """Some of the jobs that were wanted.

    ``total`` is how many there are in all; ``last`` is where the next page goes on, None
    when there is none.
    """

    reports: list[JobReport]
    total: int
    last: Place | None


class News(msgspec.Struct, frozen=True):
    """Events, oldest first, and how far the jobs are that run now.

    While there are more events than fit, ``is_behind``, and nothing is said of what runs.
    """

    events: list[Event]
    running: list[Running]
    is_behind: bool


class History:
    """What has become of jobs. ``sees`` is whose jobs are visible, None for everybody's.

    ``line`` is the queue's own, and says nothing where no queue is worked on.
    """

    def __init__(self, database: Database, addresses: Addresses, line: Line | None = None) -> None:
        self._database = database
        self._addresses = addresses
        self._line = line or Line()

    async def find(self, job_id: JobId, *, sees: Owner | None) -> JobReport:
        """Return one job; NotFoundError when there is none."""
        async with self._database.reading() as tx:
            found = await jobs.find(tx, job_id, owner=sees)
            if found is None:
                raise NotFoundError(f"There is no command {job_id}.")
            outputs = await files.list_by_job(tx, job_id)
        return self._report(found, outputs)

    async def standing(self) -> Standing:
        """Return how many jobs run and wait, whosever they are."""
        async with self._database.reading() as tx:
            return await standing.count(tx)

    async def list(
        self, wanted: JobFilter, *, limit: int, offset: int = 0, after: Place | None = None
    ) -> JobPage:
        """Return jobs, newest first: those after a place, without the first ``offset`` of them.

        A page costs the same however many jobs there are, but for a search that finds few
        among many: about 0.1 s a million jobs that are not of the wanted state or type, and
        1 s a million that bear all marks, because these are counted.
        """
        async with self._database.reading() as tx:
            wanted = replace(wanted, marks=await rarest_first(tx, wanted.marks))
            total = await count(tx, wanted)
            # One more than asked for tells whether there is a next page; not looking for
            # more than there are ends the search at the last of them.
            sought = max(0, min(limit + 1, total - offset))
            start = after or job_lists.BEFORE_ALL
            places = await find_places(tx, wanted, start, limit=sought, offset=offset)
            ids = [place.id for place in places[:limit]]
            found = await jobs.find_all(tx, ids)
            outputs = by_job(await files.list_by_jobs(tx, ids))
        reports = [self._report(each, outputs[each.job.id]) for each in found]
        return JobPage(reports, total, places[limit - 1] if len(places) > limit else None)

    async def summaries(
        self, *, sees: Owner | None, limit: int, offset: int
    ) -> Sequence[JobSummary]:
        """Return jobs in a line each, newest first; one query however many they are."""
        async with self._database.reading() as tx:
            return await summaries.list_newest(tx, owner=sees, limit=limit, offset=offset)

    async def log(self, job_id: JobId, *, sees: Owner | None) -> str:
        """Return FFmpeg's log of the latest attempt, empty before one has ended."""
        async with self._database.reading() as tx:
            if await jobs.find(tx, job_id, owner=sees) is None:
                raise NotFoundError(f"There is no command {job_id}.")
            return await jobs.find_log(tx, job_id) or ""

    async def latest_event(self) -> int:
        """Return the sequence number of the newest event, 0 before there is any."""
        async with self._database.reading() as tx:
            return await events.latest(tx)

    async def events_after(
        self, sequence: int, *, sees: Owner | None, job_id: JobId | None = None
    ) -> News:
        """Return what has happened after an event, to one job or to any, in pages of 100."""
        async with self._database.reading() as tx:
            if job_id is None:
                found = await events.list_after(tx, sequence, owner=sees, limit=EVENTS_AT_ONCE)
            else:
                found = await events.list_of_job(
                    tx, job_id, after=sequence, owner=sees, limit=EVENTS_AT_ONCE
                )
            if len(found) == EVENTS_AT_ONCE:
                return News(found, [], is_behind=True)
            running = await progress.list_running(
                tx, owner=sees, job_id=job_id, limit=RUNNING_AT_ONCE
            )
        return News(found, running, is_behind=False)

    async def check(self, submissions: Sequence[Submission], *, sees: Owner | None) -> None:
        """Raise the InvalidRequestError with which the queue would refuse them, if it would."""
        async with self._database.reading() as tx:
            await all_resolved(tx, submissions, owner=sees, addresses=self._addresses)

    def _report(self, found: jobs.InLine, outputs: Iterable[StoredFile]) -> JobReport:
        waiting_for = None if found.position is None else self._line.waiting_for
        return JobReport(found.job, tuple(outputs), found.position, waiting_for)


async def rarest_first(
    tx: Transaction, marks: tuple[job_metadata.Mark, ...]
) -> tuple[job_metadata.Mark, ...]:
    """Return the marks so that the one that leads to the fewest jobs is the first."""
    counts = {mark: await job_metadata.count_up_to(tx, mark, limit=FEW) for mark in marks}
    return tuple(sorted(counts, key=lambda mark: counts[mark]))


async def count(tx: Transaction, wanted: JobFilter) -> int:
    """Return how many jobs are wanted."""
    if wanted.marks:
        return await job_lists.count_marked(tx, wanted)
    return await job_lists.count(tx, wanted)


async def find_places(
    tx: Transaction, wanted: JobFilter, after: Place, *, limit: int, offset: int
) -> list[Place]:
    """Return where the wanted jobs stand, newest first."""
    if wanted.marks:
        return await job_lists.list_marked(tx, wanted, after, limit=limit, offset=offset)
    if wanted.sees is None:
        return await job_lists.list_all(tx, wanted, after, limit=limit, offset=offset)
    return await job_lists.list_owned(tx, wanted, after, limit=limit, offset=offset)


def by_job(outputs: Iterable[StoredFile]) -> defaultdict[str | None, list[StoredFile]]:
    """Return outputs under the ids of their jobs."""
    found: defaultdict[str | None, list[StoredFile]] = defaultdict(list)
    for file in outputs:
        found[file.job_id].append(file)
    return found
