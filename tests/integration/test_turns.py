"""Owners take turns in the queue."""

from renderio_box.identifiers import Owner
from renderio_box.jobs.job import Job
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from tests.builders import make_submission
from tests.fakes import ManualClock
from tests.integration.box import Box
from tests.integration.queue_steps import claimed, interrupted

ANN, BOB, CYD = Owner("ann"), Owner("bob"), Owner("cyd")


async def sent(queue: JobQueue, owner: Owner, count: int = 1, **changes: object) -> list[Job]:
    several = [make_submission(**changes)] * count
    return await queue.submit(several, owner=owner, sees=owner)


async def owners_of(queue: JobQueue, count: int) -> list[Owner]:
    return [(await claimed(queue)).owner for _ in range(count)]


async def test_owners_take_turns(queue: JobQueue) -> None:
    await sent(queue, ANN, 4)
    await sent(queue, BOB, 2)
    await sent(queue, CYD, 1)

    assert await owners_of(queue, 7) == [ANN, BOB, CYD, ANN, BOB, ANN, ANN]


async def test_who_comes_later_is_next_but_not_twice(queue: JobQueue) -> None:
    await sent(queue, ANN, 5)
    await owners_of(queue, 2)
    await sent(queue, BOB, 3)

    assert await owners_of(queue, 4) == [BOB, ANN, BOB, ANN]


async def test_who_returns_has_no_credit_for_having_been_away(queue: JobQueue) -> None:
    await sent(queue, BOB)
    await sent(queue, ANN, 6)
    await owners_of(queue, 5)
    await sent(queue, BOB, 3)

    assert await owners_of(queue, 4) == [BOB, ANN, BOB, ANN]


async def test_who_sends_one_at_a_time_does_not_keep_others_from_their_turn(
    queue: JobQueue,
) -> None:
    await sent(queue, ANN, 2)
    taken: list[Owner] = []
    for _ in range(4):
        await sent(queue, BOB)
        taken += await owners_of(queue, 1)

    assert taken == [ANN, BOB, ANN, BOB]


async def test_a_turn_at_one_priority_is_none_at_another(queue: JobQueue) -> None:
    await sent(queue, ANN, priority=90)
    await sent(queue, ANN, 2)
    await sent(queue, BOB, 1)

    assert await owners_of(queue, 4) == [ANN, ANN, BOB, ANN]


async def test_an_interrupted_job_goes_before_first_attempts_of_its_priority(
    queue: JobQueue,
) -> None:
    await sent(queue, ANN, 2)
    again = await interrupted(queue)
    await sent(queue, BOB)
    (urgent,) = await sent(queue, BOB, priority=51)

    assert [(await claimed(queue)).id for _ in range(2)] == [urgent.id, again.id]


async def test_interrupted_jobs_of_an_owner_keep_their_order(queue: JobQueue) -> None:
    jobs = await sent(queue, ANN, 3)
    await owners_of(queue, 3)
    await queue.rescue(leases_before=EVERY_LEASE)

    assert [(await claimed(queue)).id for _ in range(3)] == [each.id for each in jobs]


async def test_a_clock_that_is_set_back_lets_nobody_overtake(
    queue: JobQueue, clock: ManualClock
) -> None:
    (first,) = await sent(queue, ANN)
    clock.advance(-86_400)
    await sent(queue, ANN)

    assert (await claimed(queue)).id == first.id


async def test_a_position_counts_the_turns_of_others(box: Box) -> None:
    jobs = await sent(box.queue, ANN, 3)
    other = await sent(box.queue, BOB, 2)

    reports = [await box.report(each.id) for each in (*jobs, *other)]

    assert [each.queue_position for each in reports] == [1, 3, 5, 2, 4]


async def test_a_cancelled_command_lets_those_behind_it_move_up(box: Box) -> None:
    jobs = await sent(box.queue, ANN, 70)
    for each in jobs[:69:2]:
        await box.queue.cancel(each.id, sees=None)

    assert (await box.report(jobs[-1].id)).queue_position == 35
