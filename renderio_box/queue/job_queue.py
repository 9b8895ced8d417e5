"""The durable queue: each method is one transaction, and no one else writes job state."""

from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import msgspec

from renderio_box.clock import Clock, SteadyClock
from renderio_box.database import events, job_metadata, jobs, needed_files
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import BoxError, ErrorCode, NotFoundError
from renderio_box.identifiers import BatchId, JobId, Owner
from renderio_box.jobs import transitions
from renderio_box.jobs.job import (
    Failed,
    Job,
    JobState,
    Outcome,
    Progress,
    Stage,
    Submission,
    Succeeded,
    stored_inputs,
)
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.jobs.room import Room
from renderio_box.queue.admission import (
    Depth,
    IdempotencyKey,
    all_resolved,
    check_depth,
    earlier_jobs,
    remember,
)
from renderio_box.queue.damaged import past_damaged
from renderio_box.queue.herald import Herald
from renderio_box.queue.line import Line
from renderio_box.queue.new_jobs import new_jobs
from renderio_box.queue.outbox import announce_end
from renderio_box.queue.outputs import keep_outputs
from renderio_box.storage.addresses import Addresses

T = TypeVar("T")

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


class QueueRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator wants: how many jobs may wait, how long what they make is kept."""

    depth: Depth = Depth()
    terms: Terms = FOR_EVER


class JobQueue:
    """The only writer of job state.

    ``herald`` tells of every change of a job's state once it is committed. ``line`` says what
    the jobs that wait are waiting for. ``lease_clock`` is what all leases are judged by: the time
    of day may be corrected while somebody holds one.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        herald: Herald,
        *,
        addresses: Addresses,
        rules: QueueRules | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.lease_clock = SteadyClock(clock)
        self._herald = herald
        self._addresses = addresses
        self._rules = rules or QueueRules()
        self._closed = False
        self.line = Line()

    def close(self) -> None:
        """Refuse every submission from now on; what was accepted stays."""
        self._closed = True

    async def submit(
        self,
        submissions: Sequence[Submission],
        *,
        owner: Owner,
        sees: Owner | None,
        idempotency: IdempotencyKey | None = None,
    ) -> list[Job]:
        """Store new jobs, all or none, and return them once they are safe on disk.

        Jobs that are submitted together are a batch, and what several of them fetch is
        fetched once. ``sees`` is whose files they may name by id, None for everybody's. The
        same request with the same idempotency key returns the jobs that it made the first
        time.

        Raises:
            InvalidRequestError: An input names a file that is not there.
            IdempotencyConflictError: The key was used for another request.
            QueueFullError: More jobs would wait than may, or more of this owner's.
            ShuttingDownError: The queue is closed.
        """
        if self._closed:
            raise ShuttingDownError
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if earlier := await earlier_jobs(tx, idempotency, owner=owner, now=now):
                return earlier
            await check_depth(tx, self._rules.depth, owner=owner, new=len(submissions))
            specs = await all_resolved(tx, submissions, owner=sees, addresses=self._addresses)
            made = new_jobs(submissions, specs, owner=owner, now=now)
            for job in made:
                await jobs.insert(tx, job)
                for key, value in job.metadata.items():
                    await job_metadata.insert(tx, job.id, key, value)
                if needed := stored_inputs(job.spec):
                    await needed_files.insert(tx, job.id, needed)
                await events.add(tx, job, at=job.created_at)
            await remember(tx, idempotency, made)
        self._herald.accepted(made)
        return made

    async def claim(self, room: Room, *, lease: timedelta) -> Job | None:
        """Take the job at the head of the queue, or return None.

        Which one that is:

        1. The highest priority goes first.
        2. Within a priority, jobs that were claimed before and interrupted go before those
           that were not.
        3. Within that, owners take turns. Next is the owner whose turn at this priority was
           longest ago; who never had one goes before who had, and of several such the one
           whose first job was accepted first. A claim is a turn, whatever becomes of the job;
           who had nothing to claim for long is next once, and then has had a turn like others.
        4. Within an owner, as they were accepted, whatever the clock said.

        The ``queue_position`` of a job is the number of claims, its own included, until it is
        taken in this order if nothing else changes. While there is no room for the head
        nothing is taken, so that small jobs cannot starve a big one, and ``line`` says what
        there is too little of. Costs the same however many jobs wait or have ended.
        A head that cannot be read ends, and the next one is the head.
        """
        return await self._past_damaged(partial(self._claim, room, lease=lease))

    async def _claim(self, room: Room, *, lease: timedelta) -> Job | None:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            head = await jobs.head(tx)
            self.line.waiting_for = None if head is None else room.lack_for(head.spec)
            if head is None or self.line.waiting_for is not None:
                return None
            until, started_at = self.lease_clock.now() + lease, max(now, head.created_at)
            job = await jobs.claim(tx, head, now=started_at, lease_expires_at=until)
            await events.add(tx, job, at=now)
        self._herald.started(job)
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
                lease_expires_at=self.lease_clock.now() + lease,
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
                await keep_outputs(tx, job, outcome, terms=self._rules.terms, now=now)
        self._herald.settled(settled)
        return settled

    async def cancel(self, job_id: JobId, *, sees: Owner | None, by: str | None = None) -> Job:
        """End a queued job, or ask the running attempt to stop; repeating it is harmless.

        ``by`` names the request that asks.

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
        self._herald.cancelled(cancelled, before=job, by=by)
        return cancelled

    async def is_unfinished(self, batch_id: BatchId) -> bool:
        """Tell whether a job of the batch still waits or runs."""
        async with self._database.reading() as tx:
            return await jobs.is_unfinished(tx, batch_id)

    async def rescue(self, *, leases_before: datetime, but: Container[JobId] = ()) -> list[Job]:
        """Take back running jobs whose lease ended before that moment of ``lease_clock``.

        Those in ``but`` stay. At start ``EVERY_LEASE`` is right: whoever ran them is dead.
        Returns at most 1,000 at once; call again until none comes back. Those that cannot be
        read end.
        """
        return await self._past_damaged(partial(self._rescue, leases_before, but))

    async def _rescue(self, leases_before: datetime, but: Container[JobId]) -> list[Job]:
        now = self._clock.now()
        rescued: list[Job] = []
        async with self._database.transaction() as tx:
            expired = await jobs.list_expired(tx, moment=leases_before, limit=RESCUED_AT_ONCE)
            for job in (each for each in expired if each.id not in but):
                rescued.append(transitions.rescue(job, now=now))
                await self._change(tx, rescued[-1], expected=JobState.RUNNING, now=now)
        self._herald.rescued(rescued)
        return rescued

    async def _past_damaged(self, work: Callable[[], Awaitable[T]]) -> T:
        return await past_damaged(work, self._database, self._clock, self._herald)

    async def _change(
        self, tx: Transaction, job: Job, *, expected: JobState, now: datetime
    ) -> None:
        """Store a transition with its event, and the webhook that an end asks for.

        Raises:
            LeaseLostError: The job has moved on.
        """
        if not await jobs.change(tx, job, expected=expected):
            raise LeaseLostError(job)
        await events.add(tx, job, at=now)
        if job.finished_at is not None:
            await needed_files.delete_of_job(tx, job.id)
            await announce_end(tx, job, now=now)
