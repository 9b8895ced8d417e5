"""Claim while there is room, run, settle, look again."""

from datetime import datetime, timedelta
from typing import Final

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus
from structlog.contextvars import bound_contextvars

from renderio_box.companions import accompanied_by
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.identifiers import BatchId, JobId
from renderio_box.jobs.job import (
    Cancelled,
    Interrupted,
    Job,
    JobState,
    Outcome,
    Succeeded,
)
from renderio_box.jobs.room import Lack
from renderio_box.queue.gate import Gate
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue, LeaseLostError
from renderio_box.scheduler.attempt import AttemptRunner
from renderio_box.scheduler.capacity import Capacity, Slot
from renderio_box.scheduler.failures import crashed
from renderio_box.scheduler.shared_inputs import SharedInputs
from renderio_box.scheduler.tracker import Tracker

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=60)
RENEWED_EVERY_S: Final = 1.0
LOOKED_EVERY_S: Final = 20.0
LOOKED_FOR_STORAGE_EVERY_S: Final = 2.0
"""Nobody tells when a file is deleted by somebody else."""
SETTLED_WITHIN_S: Final = 30.0
SETTLE_TRIED_FOR_S: Final = 20.0
TRIED_AGAIN_S: Final = 1.0
"""How long to leave a database alone that is in trouble, because the disk is full for example."""


class Scheduler:
    """Runs jobs for as long as the box does, and takes up new ones while the gate is open.

    ``has_taken_over`` is set once the jobs of the process before are in the queue again.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        runner: AttemptRunner,
        capacity: Capacity,
        gate: Gate,
        shared: SharedInputs,
    ) -> None:
        self._queue = queue
        self._gate = gate
        self._runner = runner
        self._shared = shared
        self._capacity = capacity
        self._wakeup = gate.wakeup
        self._draining = False
        self._in_hand: set[JobId] = set()
        self.has_taken_over = anyio.Event()

    async def take_over(self) -> None:
        """Take back what the process before was running when it died, and only then return.

        A disk that is full delays it, and with it every claim, but not the rest of the box,
        which may have to make room first.
        """
        while not (self._draining or self.has_taken_over.is_set()):
            try:
                while await self._take_back(leases_before=EVERY_LEASE):
                    pass
                self.has_taken_over.set()
            except DatabaseFailedError as error:
                log.warning("taking_over_put_off", reason=str(error))
                await anyio.sleep(TRIED_AGAIN_S)

    async def run(self) -> None:
        """Work until drained or cancelled; attempts that are cancelled go back to the queue."""
        async with anyio.create_task_group() as attempts, accompanied_by(self._look_regularly):
            while not self._draining:
                wait_s = self._gate.shut_for_s if self._gate.is_shut else LOOKED_EVERY_S
                try:
                    if await self._start_what_fits(attempts) is Lack.STORAGE:
                        wait_s = LOOKED_FOR_STORAGE_EVERY_S
                except DatabaseFailedError as error:
                    log.warning("claiming_put_off", reason=str(error))
                    wait_s = TRIED_AGAIN_S
                await self._wakeup.wait(timeout_s=wait_s)

    def drain(self) -> None:
        """Claim nothing more; ``run`` returns when the running attempts have ended."""
        self._draining = True
        self._wakeup.notify()

    async def look(self) -> None:
        """Take back jobs whose runner has stopped renewing, and forget what no job needs.

        What runs here is not taken from itself, however late this comes: the process may
        have been stopped for a while, and would be the first to know.
        """
        await self._take_back(leases_before=self._queue.lease_clock.now())
        for batch_id in self._shared.batches:
            await self._forget_when_over(batch_id)

    async def _take_back(self, *, leases_before: datetime) -> bool:
        """Queue again, or end, jobs whose lease ended before that moment; False for none."""
        rescued = await self._queue.rescue(leases_before=leases_before, but=self._in_hand)
        return bool(rescued)

    async def _look_regularly(self) -> None:
        while True:
            await anyio.sleep(LOOKED_EVERY_S)
            try:
                await self.look()
            except DatabaseFailedError as error:
                log.warning("looking_put_off", reason=str(error))

    async def _forget_when_over(self, batch_id: BatchId | None) -> None:
        """Remove what the jobs of a batch share when none of them waits or runs any more."""
        if batch_id is None or batch_id not in self._shared.batches:
            return
        try:
            if not await self._queue.is_unfinished(batch_id):
                await self._shared.forget(batch_id)
        except DatabaseFailedError as error:
            log.warning("shared_inputs_kept", batch=batch_id, reason=str(error))

    async def _start_what_fits(self, attempts: TaskGroup) -> Lack | None:
        """Start jobs until the next one lacks something; return what, None when all have begun."""
        line = self._queue.line
        while not self._draining:
            # Measured before the gate is asked: from there to the line for the database no
            # time passes in which somebody could shut it.
            room = await self._capacity.room()
            if self._gate.is_shut:
                line.waiting_for = Lack.RESUME
                break
            if self._capacity.vcpus <= 0:
                line.waiting_for = Lack.CPUS
                break
            job = await self._queue.claim(room, lease=LEASE)
            if job is None:
                break
            # The task takes what it needs before it first waits, so the next look sees it taken.
            await attempts.start(self._attempt, job)
        return line.waiting_for

    async def _attempt(
        self, job: Job, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Carry one claimed job to its end, whatever that is."""
        spec, tracker = job.spec, Tracker()
        with (
            self._capacity.taken(spec, tracker) as slot,
            bound_contextvars(job=job.id, request_id=job.request_id),
        ):
            task_status.started()
            self._in_hand.add(job.id)
            outcome: Outcome | None = Interrupted()
            try:
                outcome = await self._watched(job, tracker, slot)
            finally:
                with anyio.move_on_after(SETTLED_WITHIN_S, shield=True):
                    await self._settle(job, outcome)
                    await self._forget_when_over(job.batch_id)
                self._in_hand.discard(job.id)
                await self._runner.clear_up(job)

    async def _watched(self, job: Job, tracker: Tracker, slot: Slot) -> Outcome | None:
        """Run the attempt while its lease is kept; None when the job was lost to another."""
        lease = LeaseKeeper(self._queue, job, tracker)
        outcome: Outcome = Interrupted()
        async with anyio.create_task_group() as group:
            group.start_soon(lease.keep, group.cancel_scope)
            try:
                outcome = await self._runner.run(job, tracker, slot)
            except Exception as error:
                log.exception("attempt_crashed", job=job.id, attempt=job.attempt)
                outcome = crashed(error)
            group.cancel_scope.cancel()
        if lease.lost:
            await self._runner.discard(outcome)
            return None
        cut_short = isinstance(outcome, Interrupted)
        return Cancelled() if cut_short and lease.cancel_requested else outcome

    async def _settle(self, job: Job, outcome: Outcome | None) -> None:
        if outcome is None:
            log.warning("attempt_lost", job=job.id, attempt=job.attempt)
            return
        try:
            settled = await self._settled(job, outcome)
        except LeaseLostError:
            log.warning("attempt_lost", job=job.id, attempt=job.attempt)
            await self._runner.discard(outcome)
            return
        except DatabaseFailedError as error:
            # The row still says running; the lease runs out and the job is taken up again.
            log.error("settle_failed", job=job.id, attempt=job.attempt, reason=str(error))  # noqa: TRY400
            await self._runner.discard(outcome)
            return
        if isinstance(outcome, Succeeded) and settled.state is not JobState.SUCCEEDED:
            await self._runner.discard(outcome)

    async def _settled(self, job: Job, outcome: Outcome) -> Job:
        """Record how the attempt ended; a database in trouble is asked again for a while.

        Raises:
            LeaseLostError: Another attempt owns the job; nothing was recorded.
            DatabaseFailedError: It is still in trouble.
        """
        give_up_at = anyio.current_time() + SETTLE_TRIED_FOR_S
        while True:
            try:
                return await self._queue.settle(job, outcome)
            except DatabaseFailedError as error:
                if anyio.current_time() >= give_up_at:
                    raise
                log.warning("settle_put_off", job=job.id, reason=str(error))
            # On a full disk the workspace may be what takes the room.
            await self._runner.clear_up(job)
            await anyio.sleep(TRIED_AGAIN_S)


class LeaseKeeper:
    """Keeps a job's lease while it runs, and hears of requests to cancel it."""

    def __init__(self, queue: JobQueue, job: Job, tracker: Tracker) -> None:
        self._queue = queue
        self._job = job
        self._tracker = tracker
        self.cancel_requested = False
        self.lost = False

    async def keep(self, attempt: anyio.CancelScope) -> None:
        """Renew once a second; cancel the attempt when it may not go on.

        A lease that cannot be renewed for its whole length is given up, because
        somebody else may hold the job by then.
        """
        deadline = anyio.current_time() + LEASE.total_seconds()
        while anyio.current_time() < deadline:
            await anyio.sleep(RENEWED_EVERY_S)
            try:
                renewal = await self._queue.renew(
                    self._job,
                    stage=self._tracker.stage,
                    progress=self._tracker.progress(),
                    lease=LEASE,
                )
            except LeaseLostError:
                break
            except DatabaseFailedError as error:
                log.warning("renewal_failed", job=self._job.id, reason=str(error))
                continue
            if renewal.cancel_requested:
                self.cancel_requested = True
                attempt.cancel()
                return
            deadline = anyio.current_time() + LEASE.total_seconds()
        self.lost = True
        attempt.cancel()
