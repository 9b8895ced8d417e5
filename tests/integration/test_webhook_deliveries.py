import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.jobs.delivery import DeliveryKind
from renderio_box.jobs.job import Failed, Succeeded
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from tests.fakes import Receiver, answer
from tests.integration.box import NOWHERE, Box, problem
from tests.integration.queue_steps import BROKEN, DONE, claimed, interrupted, submitted
from tests.integration.webhook_steps import (
    CONFIG,
    DELIVERIES,
    configure,
    ended,
    exhaust,
    listed,
    until_ended,
)

HOOK = "https://hook.example/in"
OWN = "https://own.example/in?token=1"
ERROR_OF_REMOVAL = "The webhook was removed before this could be delivered."


async def kinds(box: Box) -> list[DeliveryKind]:
    found = await box.outbox.list(sees=None, job_id=None, limit=100, offset=0)
    return [each.delivery.kind for each in found]


async def test_a_new_delivery_waits_to_be_sent_at_once(client: AsyncClient) -> None:
    await configure(client, HOOK)
    command_id = await ended(client)

    (delivery,) = await listed(client)

    assert delivery == {
        "delivery_id": delivery["delivery_id"],
        "command_id": command_id,
        "kind": "account",
        "url": HOOK,
        "status": "pending",
        "attempts": 0,
        "created_at": "2026-01-01T12:00:00Z",
        "next_attempt_at": "2026-01-01T12:00:00Z",
        "last_attempt_at": None,
        "last_status_code": None,
        "last_error": None,
        "finished_at": None,
    }


async def test_a_commands_own_url_takes_the_place_of_the_hook(client: AsyncClient) -> None:
    await configure(client, HOOK)
    await ended(client, webhook_url=OWN)

    assert [(each["kind"], each["url"]) for each in await listed(client)] == [("command", OWN)]


async def test_a_commands_own_url_needs_no_hook(client: AsyncClient) -> None:
    await ended(client, webhook_url=OWN)

    assert [each["url"] for each in await listed(client)] == [OWN]


async def test_without_a_hook_nothing_is_to_be_delivered(client: AsyncClient) -> None:
    await ended(client)

    assert await listed(client) == []


async def test_the_hook_of_somebody_else_hears_nothing(
    box: Box, client: AsyncClient, stranger: AsyncClient
) -> None:
    await configure(stranger, HOOK)

    await ended(client)

    assert await kinds(box) == []


async def test_a_command_that_has_not_ended_is_not_told_of(box: Box) -> None:
    await submitted(box.queue, webhook_url=OWN)
    await claimed(box.queue)

    assert await kinds(box) == []


@pytest.mark.parametrize("outcome", [DONE, BROKEN])
async def test_the_end_of_an_attempt_is_told(box: Box, outcome: Succeeded | Failed) -> None:
    await submitted(box.queue, webhook_url=OWN)

    await box.queue.settle(await claimed(box.queue), outcome)

    assert await kinds(box) == [DeliveryKind.COMMAND]


async def test_a_running_command_is_told_of_when_its_cancellation_has_come_true(
    box: Box, queue: JobQueue
) -> None:
    await submitted(queue, webhook_url=OWN)
    job = await claimed(queue)
    await queue.cancel(job.id, sees=None)
    before = await kinds(box)

    await queue.settle(job, DONE)

    assert (before, await kinds(box)) == ([], [DeliveryKind.COMMAND])


async def test_an_interruption_is_told_only_when_it_is_the_last(box: Box, queue: JobQueue) -> None:
    await submitted(queue, webhook_url=OWN)
    await interrupted(queue)
    await interrupted(queue)
    before = await kinds(box)

    await interrupted(queue)

    assert (before, await kinds(box)) == ([], [DeliveryKind.COMMAND])


async def test_a_cancelled_command_is_told_of_when_its_runner_is_dead(
    box: Box, queue: JobQueue
) -> None:
    await submitted(queue, webhook_url=OWN)
    job = await claimed(queue)
    await queue.cancel(job.id, sees=None)

    await queue.rescue(leases_before=EVERY_LEASE)

    assert await kinds(box) == [DeliveryKind.COMMAND]


async def test_deliveries_are_listed_newest_first(box: Box, client: AsyncClient) -> None:
    first = await ended(client, webhook_url=OWN)
    box.clock.advance(1)
    second = await ended(client, webhook_url=OWN)

    assert [each["command_id"] for each in await listed(client)] == [second, first]


async def test_a_page_has_no_more_than_its_limit(box: Box, client: AsyncClient) -> None:
    first = await ended(client, webhook_url=OWN)
    box.clock.advance(1)
    await ended(client, webhook_url=OWN)

    answered = await client.get(DELIVERIES, params={"limit": 1, "offset": 1})

    page = answered.json()
    assert [each["command_id"] for each in page["deliveries"]] == [first]
    assert (page["limit"], page["offset"]) == (1, 1)


async def test_a_page_has_fifty_unless_told_otherwise(client: AsyncClient) -> None:
    page = (await client.get(DELIVERIES)).json()

    assert page == {"deliveries": [], "limit": 50, "offset": 0}


async def test_deliveries_of_one_command_are_found(client: AsyncClient) -> None:
    first = await ended(client, webhook_url=OWN)
    await ended(client, webhook_url=OWN)

    found = await listed(client, command_id=first)

    assert [each["command_id"] for each in found] == [first]


async def test_a_command_without_deliveries_has_none(client: AsyncClient) -> None:
    assert await listed(client, command_id=NOWHERE) == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "limit=x"])
async def test_a_page_that_cannot_be_is_refused(shared_client: AsyncClient, query: str) -> None:
    assert problem(await shared_client.get(f"{DELIVERIES}?{query}")) == (400, "INVALID_REQUEST")


async def test_deliveries_are_their_owners_alone(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    command_id = await ended(client, webhook_url=OWN)

    assert await listed(stranger) == []
    assert await listed(stranger, command_id=command_id) == []


async def test_an_administrator_sees_every_delivery(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient
) -> None:
    await ended(client, webhook_url=OWN)
    await ended(stranger, webhook_url=OWN)

    assert len(await listed(admin)) == 2


async def test_nobody_replays_the_delivery_of_another(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    await ended(client, webhook_url=OWN)
    (delivery,) = await listed(client)

    refused = await stranger.post(f"{DELIVERIES}/{delivery['delivery_id']}/replay")

    assert problem(refused) == (404, "NOT_FOUND")


@pytest.mark.parametrize("delivery_id", [NOWHERE, "nothing"])
async def test_a_delivery_that_does_not_exist_is_not_replayed(
    shared_client: AsyncClient, delivery_id: str
) -> None:
    refused = await shared_client.post(f"{DELIVERIES}/{delivery_id}/replay")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_removing_the_hook_ends_what_waits_for_it(client: AsyncClient) -> None:
    await configure(client, HOOK)
    await ended(client)

    await client.delete(CONFIG)

    (delivery,) = await listed(client)
    assert (delivery["status"], delivery["url"], delivery["next_attempt_at"]) == (
        "failed",
        None,
        None,
    )
    assert delivery["last_error"] == ERROR_OF_REMOVAL


async def test_removing_the_hook_leaves_what_goes_elsewhere(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    await configure(client, HOOK)
    await configure(stranger, HOOK)
    await ended(client, webhook_url=OWN)
    await ended(stranger)

    await client.delete(CONFIG)

    assert [each["status"] for each in await listed(client)] == ["pending"]
    assert [each["status"] for each in await listed(stranger)] == ["pending"]


async def test_what_waits_goes_where_the_hook_is_by_then(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = answer(b"")
    await configure(client, HOOK)
    await ended(client)
    await configure(client, f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    assert (delivery.status, len(receiver.requests)) == ("delivered", 1)


async def test_a_replay_without_a_hook_ends_at_once(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await ended(client)
    await client.delete(CONFIG)
    (delivery,) = await listed(client)
    await client.post(f"{DELIVERIES}/{delivery['delivery_id']}/replay")

    async with accompanied_by(box.dispatcher.run):
        again = await until_ended(box)

    assert (again.status, again.last_error) == ("failed", ERROR_OF_REMOVAL)
    assert receiver.requests == []


async def test_a_replay_of_a_failed_delivery_has_all_its_attempts_again(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")
    async with accompanied_by(box.dispatcher.run):
        await exhaust(box)
    (failed,) = await listed(client)

    answered = await client.post(f"{DELIVERIES}/{failed['delivery_id']}/replay")

    again = answered.json()
    assert (answered.status_code, again["delivery_id"]) == (202, failed["delivery_id"])
    assert (again["status"], again["attempts"], again["finished_at"]) == ("pending", 0, None)


async def test_a_replay_is_sent_at_once_with_the_same_id(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = answer(b"")
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        first = await until_ended(box)
        await client.post(f"{DELIVERIES}/{first.id}/replay")
        await receiver.until_asked(2)

    assert {receiver.posted(number).headers["webhook-id"] for number in (0, 1)} == {first.id}


async def test_a_replay_of_what_waits_makes_it_due_now(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)
        (delivery,) = await listed(client)
        answered = await client.post(f"{DELIVERIES}/{delivery['delivery_id']}/replay")
        await receiver.until_asked(2)

    assert answered.status_code == 202
