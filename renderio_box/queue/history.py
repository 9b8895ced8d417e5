"""Reading about jobs; nothing here changes any."""

import msgspec

from renderio_box.database import files, jobs
from renderio_box.database.connection import Database
from renderio_box.errors import NotFoundError
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.files import StoredFile
from renderio_box.jobs.job import Job, JobState


class JobReport(msgspec.Struct, frozen=True):
    """A job with its outputs and its place in the queue, 1 for the next one."""

    job: Job
    outputs: tuple[StoredFile, ...]
    queue_position: int | None


class History:
    """What has become of jobs. ``sees`` is whose jobs are visible, None for everybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, job_id: JobId, *, sees: Owner | None) -> JobReport:
        """Return one job; NotFoundError when there is none."""
        async with self._database.reading() as tx:
            found = await jobs.find(tx, job_id, owner=sees)
            if found is None:
                raise NotFoundError(f"There is no command {job_id}.")
            outputs = await files.list_by_job(tx, job_id)
        return JobReport(found.job, tuple(outputs), found.position)

    async def list(
        self,
        *,
        sees: Owner | None,
        states: tuple[JobState, JobState] | None,
        limit: int,
        offset: int,
    ) -> list[JobReport]:
        """Return jobs in one of the states, or in any, newest first."""
        async with self._database.reading() as tx:
            found = await jobs.list_newest(
                tx, owner=sees, states=states, limit=limit, offset=offset
            )
            return [
                JobReport(each.job, tuple(await files.list_by_job(tx, each.job.id)), each.position)
                for each in found
            ]

    async def log(self, job_id: JobId, *, sees: Owner | None) -> str:
        """Return FFmpeg's log of the latest attempt, empty before one has ended."""
        async with self._database.reading() as tx:
            if await jobs.find(tx, job_id, owner=sees) is None:
                raise NotFoundError(f"There is no command {job_id}.")
            return await jobs.find_log(tx, job_id) or ""
