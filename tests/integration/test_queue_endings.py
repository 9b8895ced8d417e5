import pytest

from renderio_box.errors import NotFoundError
from renderio_box.identifiers import Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import (
    Cancelled,
    Failed,
    Interrupted,
    JobState,
    Progress,
    Stage,
    Succeeded,
)
from renderio_box.queue.job_queue import (
    EVERY_LEASE,
    AlreadyFinishedError,
    JobQueue,
    LeaseLostError,
)
from tests.builders import OWNER
from tests.fakes import ManualClock
from tests.integration.queue_steps import BROKEN, DONE, LEASE, ROOM, claimed, interrupted, submitted


async def test_cancelling_a_queued_job_ends_it(queue: JobQueue) -> None:
    job = await submitted(queue)

    cancelled = await queue.cancel(job.id, sees=OWNER)

    assert (cancelled.state, cancelled.error_status) == (
        JobState.CANCELLED,
        ErrorStatus.CANCELLED,
    )


async def test_a_cancelled_job_is_not_claimed(queue: JobQueue) -> None:
    job = await submitted(queue)
    await queue.cancel(job.id, sees=OWNER)

    assert await queue.claim(ROOM, lease=LEASE) is None


async def test_cancelling_a_running_job_only_asks_for_it(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)

    cancelled = await queue.cancel(job.id, sees=OWNER)

    assert cancelled.state is JobState.RUNNING


async def test_the_next_renewal_hears_of_the_cancellation(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.cancel(job.id, sees=OWNER)

    renewal = await queue.renew(job, stage=Stage.ENCODING, progress=Progress(), lease=LEASE)

    assert renewal.cancel_requested


@pytest.mark.parametrize("outcome", [DONE, BROKEN, Cancelled(), Interrupted()])
async def test_a_cancellation_wins_over_whatever_came_of_the_attempt(
    queue: JobQueue, outcome: Succeeded | Failed | Cancelled | Interrupted
) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.cancel(job.id, sees=OWNER)

    assert (await queue.settle(job, outcome)).state is JobState.CANCELLED


async def test_a_cancelled_job_is_not_rescued(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.cancel(job.id, sees=OWNER)

    (rescued,) = await queue.rescue(leases_before=EVERY_LEASE)

    assert rescued.state is JobState.CANCELLED


async def test_a_finished_job_cannot_be_cancelled(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.settle(job, DONE)

    with pytest.raises(AlreadyFinishedError):
        await queue.cancel(job.id, sees=OWNER)


async def test_somebody_elses_job_cannot_be_cancelled(queue: JobQueue) -> None:
    job = await submitted(queue)

    with pytest.raises(NotFoundError):
        await queue.cancel(job.id, sees=Owner("bob"))


async def test_an_interrupted_job_waits_again(queue: JobQueue) -> None:
    await submitted(queue)

    job = await interrupted(queue)

    assert (job.state, job.interruptions) == (JobState.QUEUED, 1)


async def test_the_third_interruption_ends_the_job(queue: JobQueue) -> None:
    await submitted(queue)
    await interrupted(queue)
    await interrupted(queue)

    job = await interrupted(queue)

    assert (job.state, job.error_status) == (JobState.FAILED, ErrorStatus.INTERRUPTED)


async def test_an_orderly_stop_counts_as_no_interruption(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)

    settled = await queue.settle(job, Interrupted())

    assert (settled.state, settled.interruptions) == (JobState.QUEUED, 0)


async def test_a_job_whose_lease_runs_is_not_rescued(queue: JobQueue, clock: ManualClock) -> None:
    await submitted(queue)
    await claimed(queue)
    clock.advance(59)

    assert await queue.rescue(leases_before=queue.lease_clock.now()) == []


async def test_a_job_whose_lease_ran_out_is_rescued(queue: JobQueue, clock: ManualClock) -> None:
    job = await submitted(queue)
    await claimed(queue)
    clock.advance(61)

    rescued = await queue.rescue(leases_before=queue.lease_clock.now())

    assert [each.id for each in rescued] == [job.id]


async def test_a_renewed_lease_lasts_longer(queue: JobQueue, clock: ManualClock) -> None:
    await submitted(queue)
    job = await claimed(queue)
    clock.advance(59)
    await queue.renew(job, stage=Stage.ENCODING, progress=Progress(), lease=LEASE)
    clock.advance(59)

    assert await queue.rescue(leases_before=queue.lease_clock.now()) == []


async def test_a_lost_lease_cannot_be_renewed(queue: JobQueue) -> None:
    await submitted(queue)
    late = await claimed(queue)
    await queue.rescue(leases_before=EVERY_LEASE)
    await claimed(queue)

    with pytest.raises(LeaseLostError):
        await queue.renew(late, stage=Stage.ENCODING, progress=Progress(), lease=LEASE)
