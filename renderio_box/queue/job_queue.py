"""The durable queue: each method is one transaction, and no one else writes job state."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from renderio_box.clock import Clock
from renderio_box.database import files, jobs
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import BoxError, ErrorCode, NotFoundError
from renderio_box.identifiers import FileId, JobId, Owner, new_file_token, new_id
from renderio_box.jobs import transitions
from renderio_box.jobs.files import FileKind, NewFile, StoredFile
from renderio_box.jobs.job import (
    Failed,
    Job,
    JobState,
    Outcome,
    Progress,
    Source,
    Stage,
    Submission,
    Succeeded,
)
from renderio_box.queue.admission import IdempotencyKey, earlier_job, remember, resolve_inputs
from renderio_box.wakeup import Wakeup

EVERY_LEASE: Final = datetime(9999, 1, 1, tzinfo=UTC)
RESCUED_AT_ONCE: Final = 1000


class AlreadyFinishedError(BoxError):
    """The job has ended; nothing can be changed about it any more."""

    code = ErrorCode.ALREADY_FINISHED

    def __init__(self, job_id: JobId) -> None:
        super().__init__(f"Command {job_id} has already finished.")


class LeaseLostError(Exception):
    """The job was taken back while it ran; whatever it produced must be discarded.

    Trying again cannot help: another attempt owns the job now.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(f"Attempt {job.attempt} of job {job.id} no longer owns it.")


class ShuttingDownError(BoxError):
    """The box is stopping and takes no new commands."""

    code = ErrorCode.SHUTTING_DOWN

    def __init__(self) -> None:
        super().__init__("The box is restarting; send the command again in a few seconds.")


class JobQueue:
    """The only writer of job state.

    ``wakeup`` is notified after every commit that may let a job start.
    """

    def __init__(self, database: Database, clock: Clock, wakeup: Wakeup) -> None:
        self._database = database
        self._clock = clock
        self._wakeup = wakeup
        self._closed = False

    def close(self) -> None:
        """Refuse every submission from now on; what was accepted stays."""
        self._closed = True

    async def submit(
        self,
        submission: Submission,
        *,
        owner: Owner,
        sees: Owner | None,
        idempotency: IdempotencyKey | None = None,
    ) -> Job:
        """Store a new job and return it once it is safe on disk.

        ``sees`` is whose files it may name by id, None for everybody's. The same request
        with the same idempotency key returns the job that it made the first time.

        Raises:
            InvalidRequestError: An input names a file that is not there.
            IdempotencyConflictError: The key was used for another request.
            ShuttingDownError: The queue is closed.
        """
        if self._closed:
            raise ShuttingDownError
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if idempotency is not None:
                earlier = await earlier_job(tx, idempotency, owner=owner, now=now)
                if earlier is not None:
                    return earlier
            inputs = await resolve_inputs(tx, submission.spec.inputs, owner=sees)
            job = new_job(submission, inputs, owner=owner, now=now)
            await jobs.insert(tx, job)
            await jobs.add_event(tx, job, at=now)
            if idempotency is not None:
                await remember(tx, idempotency, job)
        self._wakeup.notify()
        return job

    async def claim(self, *, free_vcpus: int, lease: timedelta) -> Job | None:
        """Take the job at the head of the queue, or return None.

        The head is the oldest of the highest priority; while it needs more than
        ``free_vcpus`` nothing is taken, so that small jobs cannot starve a big one.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            job = await jobs.claim_next(
                tx, free_vcpus=free_vcpus, now=now, lease_expires_at=now + lease
            )
            if job is not None:
                await jobs.add_event(tx, job, at=now)
        return job

    async def renew(
        self, job: Job, *, stage: Stage, progress: Progress, lease: timedelta
    ) -> jobs.Renewal:
        """Keep the job for another ``lease`` and store how far it is.

        Raises:
            LeaseLostError: Another attempt owns the job.
        """
        async with self._database.transaction() as tx:
            renewal = await jobs.renew(
                tx,
                job,
                stage=stage,
                progress=progress,
                lease_expires_at=self._clock.now() + lease,
            )
        if renewal is None:
            raise LeaseLostError(job)
        return renewal

    async def settle(self, job: Job, outcome: Outcome) -> Job:
        """Record how the attempt ended, with its files and its log.

        The outputs are the job's only when the returned job is SUCCEEDED.

        Raises:
            LeaseLostError: Another attempt owns the job; nothing was recorded.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            found = await jobs.find(tx, job.id, owner=None)
            if found is None or found.job.attempt != job.attempt:
                raise LeaseLostError(job)
            settled = transitions.settle(found.job, outcome, now=now)
            await self._change(tx, settled, expected=JobState.RUNNING, now=now)
            if isinstance(outcome, Succeeded | Failed):
                await jobs.keep_log(tx, job, outcome.log)
            if isinstance(outcome, Succeeded) and settled.state is JobState.SUCCEEDED:
                for output in outcome.outputs:
                    await files.insert(tx, output_row(job, output, now=now))
        self._wakeup.notify()
        return settled

    async def cancel(self, job_id: JobId, *, sees: Owner | None) -> Job:
        """End a queued job, or ask the running attempt to stop; repeating it is harmless.

        Raises:
            NotFoundError: There is no such job.
            AlreadyFinishedError: It has ended.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            found = await jobs.find(tx, job_id, owner=sees)
            if found is None:
                raise NotFoundError(f"There is no command {job_id}.")
            job = found.job
            if job.finished_at is not None:
                raise AlreadyFinishedError(job_id)
            cancelled = transitions.cancel(job, now=now)
            await self._change(tx, cancelled, expected=job.state, now=now)
        self._wakeup.notify()
        return cancelled

    async def rescue(self, *, leases_before: datetime) -> list[Job]:
        """Take back running jobs whose lease ended before that moment; return them.

        At start ``EVERY_LEASE`` is right: whoever ran them is dead. At most 1,000 at
        once; call again until none comes back.
        """
        now = self._clock.now()
        rescued: list[Job] = []
        async with self._database.transaction() as tx:
            for job in await jobs.list_expired(tx, moment=leases_before, limit=RESCUED_AT_ONCE):
                rescued.append(transitions.rescue(job, now=now))
                await self._change(tx, rescued[-1], expected=JobState.RUNNING, now=now)
        if rescued:
            self._wakeup.notify()
        return rescued

    async def _change(
        self, tx: Transaction, job: Job, *, expected: JobState, now: datetime
    ) -> None:
        """Store a transition with its event; LeaseLostError when the job has moved on."""
        if not await jobs.change(tx, job, expected=expected):
            raise LeaseLostError(job)
        await jobs.add_event(tx, job, at=now)


def new_job(
    submission: Submission, inputs: dict[str, Source], *, owner: Owner, now: datetime
) -> Job:
    """Return what was submitted as a queued job with its looked-up inputs."""
    return Job(
        id=JobId(new_id(now)),
        owner=owner,
        state=JobState.QUEUED,
        spec=replace(submission.spec, inputs=inputs),
        original_request=submission.original_request,
        metadata=submission.metadata,
        warnings=submission.warnings,
        attempt=0,
        interruptions=0,
        created_at=now,
    )


def output_row(job: Job, output: NewFile, *, now: datetime) -> StoredFile:
    """Return the row of a published output."""
    return StoredFile(
        id=FileId(new_id(now)),
        owner=job.owner,
        kind=FileKind.OUTPUT,
        key=output.key,
        token=new_file_token(),
        filename=output.filename,
        size_bytes=output.size_bytes,
        sha256=output.sha256,
        media=output.media,
        job_id=job.id,
        alias=output.alias,
        created_at=now,
        expires_at=None,
        deleted_at=None,
    )
