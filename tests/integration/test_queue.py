from pathlib import Path

import pytest

from renderio_box.database.connection import open_sqlite
from renderio_box.errors import NotFoundError
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import (
    Job,
    JobState,
)
from renderio_box.jobs.room import Lack, Room
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import (
    EVERY_LEASE,
    JobQueue,
    LeaseLostError,
    ShuttingDownError,
)
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, OWNER
from tests.fakes import ManualClock
from tests.integration.box import Box
from tests.integration.queue_steps import BROKEN, DONE, LEASE, ROOM, claimed, interrupted, submitted


async def events_of(box: Box, job: Job) -> list[tuple[object, object]]:
    async with box.database.reading() as tx:
        rows = await tx.fetch_all(
            "SELECT state, attempt FROM events WHERE job_id = :id ORDER BY sequence", {"id": job.id}
        )
    return [(row["state"], row["attempt"]) for row in rows]


async def test_a_submitted_job_waits_for_its_first_attempt(queue: JobQueue) -> None:
    job = await submitted(queue)

    assert (job.state, job.attempt) == (JobState.QUEUED, 0)


async def test_a_claim_runs_the_next_attempt(queue: JobQueue) -> None:
    await submitted(queue)

    job = await claimed(queue)

    assert (job.state, job.attempt) == (JobState.RUNNING, 1)


async def test_a_claimed_job_is_not_claimed_again(queue: JobQueue) -> None:
    await submitted(queue)
    await claimed(queue)

    assert await queue.claim(ROOM, lease=LEASE) is None


async def test_a_late_attempt_cannot_settle_the_next_one(queue: JobQueue) -> None:
    await submitted(queue)
    late = await claimed(queue)
    await queue.rescue(leases_before=EVERY_LEASE)
    await claimed(queue)

    with pytest.raises(LeaseLostError):
        await queue.settle(late, DONE)


async def test_a_late_attempt_leaves_the_next_one_running(box: Box, queue: JobQueue) -> None:
    await submitted(queue)
    late = await claimed(queue)
    await queue.rescue(leases_before=EVERY_LEASE)
    await claimed(queue)

    with pytest.raises(LeaseLostError):
        await queue.settle(late, DONE)

    job = (await box.report(late.id)).job
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)


async def test_a_rescued_attempt_cannot_settle_its_waiting_job(queue: JobQueue) -> None:
    await submitted(queue)
    late = await claimed(queue)
    await queue.rescue(leases_before=EVERY_LEASE)

    with pytest.raises(LeaseLostError):
        await queue.settle(late, DONE)


async def test_an_attempt_cannot_be_settled_twice(queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.settle(job, DONE)

    with pytest.raises(LeaseLostError):
        await queue.settle(job, BROKEN)


async def test_higher_priority_is_claimed_first(queue: JobQueue, clock: ManualClock) -> None:
    await submitted(queue, priority=10)
    clock.advance(1)
    urgent = await submitted(queue, priority=90)

    assert (await claimed(queue)).id == urgent.id


async def test_equal_priority_is_claimed_first_come_first_served(
    queue: JobQueue, clock: ManualClock
) -> None:
    first = await submitted(queue)
    clock.advance(1)
    await submitted(queue)

    assert (await claimed(queue)).id == first.id


async def test_a_big_job_at_the_head_is_not_starved_by_small_ones(
    queue: JobQueue, clock: ManualClock
) -> None:
    await submitted(queue, vcpu_count=4)
    clock.advance(1)
    await submitted(queue, vcpu_count=1)

    assert await queue.claim(Room(vcpus=3), lease=LEASE) is None


async def test_what_waits_says_what_the_head_lacks(box: Box, clock: ManualClock) -> None:
    await submitted(box.queue, vcpu_count=4)
    clock.advance(1)
    behind = await submitted(box.queue, vcpu_count=1)

    await box.queue.claim(Room(vcpus=3), lease=LEASE)

    assert (await box.report(behind.id)).waiting_for is Lack.CPUS


async def test_nothing_is_said_to_be_lacking_once_the_head_was_taken(box: Box) -> None:
    await submitted(box.queue, vcpu_count=4)
    behind = await submitted(box.queue, vcpu_count=1)
    await box.queue.claim(Room(vcpus=3), lease=LEASE)

    running = await claimed(box.queue)

    reports = [await box.report(each.id) for each in (running, behind)]
    assert [each.waiting_for for each in reports] == [None, None]


async def test_a_rescued_job_returns_to_its_old_place(queue: JobQueue, clock: ManualClock) -> None:
    first = await submitted(queue)
    clock.advance(1)
    await submitted(queue)
    await interrupted(queue)

    assert (await claimed(queue)).id == first.id


async def test_a_queued_job_knows_its_place(box: Box, clock: ManualClock) -> None:
    await submitted(box.queue)
    clock.advance(1)
    second = await submitted(box.queue)

    assert (await box.report(second.id)).queue_position == 2


async def test_an_urgent_job_pushes_the_others_back(box: Box, clock: ManualClock) -> None:
    first = await submitted(box.queue, priority=10)
    clock.advance(1)
    await submitted(box.queue, priority=90)

    assert (await box.report(first.id)).queue_position == 2


async def test_a_closed_queue_takes_nothing(queue: JobQueue) -> None:
    queue.close()

    with pytest.raises(ShuttingDownError):
        await submitted(queue)


async def test_every_transition_leaves_an_event(box: Box, queue: JobQueue) -> None:
    await submitted(queue)
    await interrupted(queue)
    job = await claimed(queue)
    await queue.settle(job, DONE)

    assert await events_of(box, job) == [
        ("queued", 0),
        ("running", 1),
        ("queued", 1),
        ("running", 2),
        ("succeeded", 2),
    ]


async def test_a_transition_that_is_refused_leaves_no_event(box: Box, queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.settle(job, DONE)
    before = await events_of(box, job)

    with pytest.raises(LeaseLostError):
        await queue.settle(job, BROKEN)

    assert await events_of(box, job) == before


async def test_a_transition_and_its_event_commit_together(box: Box, queue: JobQueue) -> None:
    job = await submitted(queue)
    async with box.database.transaction() as tx:
        await tx.execute("DROP TABLE events", {})

    with pytest.raises(Exception, match="no such table: events"):
        await claimed(queue)

    assert (await box.report(job.id)).job == job


async def test_the_log_of_the_latest_attempt_is_kept(box: Box, queue: JobQueue) -> None:
    await submitted(queue)
    job = await claimed(queue)
    await queue.settle(job, DONE)

    assert await box.history.log(job.id, sees=OWNER) == "fine"


async def test_only_the_end_of_a_job_has_the_outbox_looked_into(box: Box) -> None:
    woken = box.delivery_wakeup.next_signal
    await submitted(box.queue)
    job = await claimed(box.queue)
    assert not woken.is_set()

    await box.queue.settle(job, DONE)

    assert woken.is_set()


async def test_a_reopened_database_has_every_job(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "box.sqlite3"
    async with open_sqlite(path) as database:
        queue = JobQueue(database, clock, Herald(Announcer(), Wakeup()), addresses=ADDRESSES)
        await submitted(queue)
        running = await claimed(queue)

    async with open_sqlite(path) as database:
        found = await History(database, ADDRESSES).find(running.id, sees=OWNER)

    assert found.job == running


async def test_an_unknown_job_is_not_found(box: Box) -> None:
    with pytest.raises(NotFoundError):
        await box.history.find(JobId("no such id"), sees=None)
