from pathlib import Path

import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.companions import accompanied_by
from renderio_box.jobs.delivery import DISABLED, FAILURES_ALLOWED, REMOVED, RETRIED_AFTER
from tests.fakes import Answer, Receiver, answer
from tests.integration.box import Box, Outside, open_box, speaking_to
from tests.integration.webhook_steps import (
    CONFIG,
    DELIVERIES,
    configure,
    ended,
    exhaust,
    has_ended,
    listed,
    pass_time,
    until_all,
    until_attempted,
    until_ended,
)

WELL = answer(b"")
HANGS = Answer(raw=b"", stays_silent=True)


async def fail_deliveries(box: Box, client: AsyncClient, times: int) -> None:
    """Let that many deliveries to the client's hook fail for good, one beside the other."""
    for _ in range(times):
        await ended(client)
    async with accompanied_by(box.dispatcher.run):
        await exhaust(box)
        await until_all(box, has_ended)


@pytest.mark.parametrize("failed", range(1, 8))
async def test_a_failed_attempt_is_followed_by_another_when_the_schedule_says(
    box: Box, client: AsyncClient, receiver: Receiver, failed: int
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        for times in range(1, failed + 1):
            delivery = await until_attempted(box, times)
            at = box.clock.now()
            pass_time(box, 0 if times == failed else 40_000)

    assert delivery.due_at is not None
    wait = RETRIED_AFTER[failed - 1]
    assert 0.9 * wait <= delivery.due_at - at <= 1.1 * wait


async def test_an_attempt_is_made_when_it_is_due_and_not_before(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_attempted(box, 1)
        pass_time(box, 4.4)
        await ended(client, webhook_url=f"{receiver.url}/other")
        await until_all(box, lambda each: each.attempts == 1)
        before = len(receiver.requests)
        pass_time(box, 1.2)
        await receiver.until_asked(3)

    assert before == 2


async def test_a_delivery_fails_for_good_after_eight_attempts(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await exhaust(box)

    (delivery,) = await listed(client)
    assert (delivery["status"], delivery["attempts"]) == ("failed", 8)
    assert (delivery["last_status_code"], len(receiver.requests)) == (404, 8)


async def test_every_attempt_has_the_same_id_and_a_time_of_its_own(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_attempted(box, 1)
        pass_time(box, 6)
        await until_attempted(box, 2)

    first, second = receiver.posted(0).headers, receiver.posted(1).headers
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 6


async def test_a_delivery_that_failed_may_arrive_later(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_attempted(box, 1)
        receiver.answers["/in"] = WELL
        pass_time(box, 6)
        delivery = await until_ended(box)

    assert (delivery.status, delivery.attempts, delivery.last_error) == ("delivered", 2, None)


async def test_each_delivery_that_fails_for_good_is_counted(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")

    await fail_deliveries(box, client, FAILURES_ALLOWED - 1)

    shown = (await client.get(CONFIG)).json()
    assert (shown["consecutive_failures"], shown["is_active"]) == (7, True)


async def test_the_eighth_in_a_row_disables_the_hook(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")

    await fail_deliveries(box, client, FAILURES_ALLOWED)

    shown = (await client.get(CONFIG)).json()
    assert (shown["consecutive_failures"], shown["is_active"]) == (8, False)
    assert shown["disabled_at"] is not None


async def test_a_disabled_hook_gets_no_more_deliveries(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, FAILURES_ALLOWED)

    command_id = await ended(client)

    assert await listed(client, command_id=command_id) == []


async def test_what_waits_for_a_hook_ends_when_it_is_disabled(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")

    await fail_deliveries(box, client, FAILURES_ALLOWED + 2)

    errors = [each["last_error"] for each in await listed(client)]
    assert set(errors) == {DISABLED, "The receiver answered 404."}


async def test_a_command_with_a_url_of_its_own_does_not_mind_a_disabled_hook(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/own"] = WELL
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, FAILURES_ALLOWED)
    command_id = await ended(client, webhook_url=f"{receiver.url}/own")

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert (await listed(client, command_id=command_id))[0]["status"] == "delivered"


async def test_commands_with_urls_of_their_own_do_not_count_for_the_hook(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, "https://hook.example/in")
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await exhaust(box)

    assert (await client.get(CONFIG)).json()["consecutive_failures"] == 0


async def test_a_delivery_that_arrives_starts_the_count_again(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, 2)
    receiver.answers["/in"] = WELL
    await ended(client)

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert (await client.get(CONFIG)).json()["consecutive_failures"] == 0


async def test_a_hook_that_is_set_anew_is_active_again(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/better"] = WELL
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, FAILURES_ALLOWED)

    await configure(client, f"{receiver.url}/better")

    command_id = await ended(client)
    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)
    assert (await client.get(CONFIG)).json()["is_active"]
    assert (await listed(client, command_id=command_id))[0]["status"] == "delivered"


async def test_a_disabled_hook_can_be_tested(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, FAILURES_ALLOWED)
    receiver.answers["/in"] = WELL
    await client.post(f"{CONFIG}/test")

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert (await listed(client, limit=1))[0]["status"] == "delivered"
    assert not (await client.get(CONFIG)).json()["is_active"]


async def test_a_replay_to_a_disabled_hook_says_what_to_do(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await fail_deliveries(box, client, FAILURES_ALLOWED)
    asked = len(receiver.requests)
    delivery_id = (await listed(client))[0]["delivery_id"]
    await client.post(f"{DELIVERIES}/{delivery_id}/replay")

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert (await listed(client))[0]["last_error"] == DISABLED
    assert len(receiver.requests) == asked


async def test_a_failure_of_the_old_address_does_not_count_for_the_new_one(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/old"] = HANGS
    await configure(client, f"{receiver.url}/old")
    await fail_deliveries_but_for_the_last_attempt(box, client)

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)
        box.clock.advance(1)
        await configure(client, "https://new.example/in")
        await until_all(box, has_ended)

    assert (await client.get(CONFIG)).json()["consecutive_failures"] == 0


async def fail_deliveries_but_for_the_last_attempt(box: Box, client: AsyncClient) -> None:
    """Make a delivery of which seven attempts have failed, and the eighth is due."""
    await ended(client)
    async with box.database.transaction() as tx:
        await tx.execute("UPDATE deliveries SET attempts = 7", {})


async def test_a_box_that_was_closed_delivers_when_it_is_opened_again(
    tmp_path: Path, outside: Outside, receiver: Receiver
) -> None:
    async with open_box(tmp_path, outside) as box:
        key = await box.key("ann")
        async with speaking_to(create_app(box.parts), key) as client:
            await ended(client, webhook_url=f"{receiver.url}/in")
            async with accompanied_by(box.dispatcher.run):
                first = await until_attempted(box, 1)
    receiver.answers["/in"] = WELL
    outside.clock.advance(6)

    async with open_box(tmp_path, outside) as box, accompanied_by(box.dispatcher.run):
        second = await until_ended(box)

    assert (second.id, second.status, second.attempts) == (first.id, "delivered", 2)


async def test_an_attempt_that_is_cut_short_is_made_again_at_the_next_start(
    tmp_path: Path, outside: Outside, receiver: Receiver
) -> None:
    receiver.answers["/in"] = HANGS
    async with open_box(tmp_path, outside) as box:
        key = await box.key("ann")
        async with speaking_to(create_app(box.parts), key) as client:
            await ended(client, webhook_url=f"{receiver.url}/in")
            async with accompanied_by(box.dispatcher.run):
                await receiver.until_asked(1)
    receiver.answers["/in"] = WELL

    async with open_box(tmp_path, outside) as box, accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    assert (delivery.status, delivery.attempts, len(receiver.requests)) == ("delivered", 1, 2)
    assert receiver.posted(0).headers["webhook-id"] == receiver.posted(1).headers["webhook-id"]


async def test_a_hook_outlives_its_box(tmp_path: Path, outside: Outside) -> None:
    async with open_box(tmp_path, outside) as box:
        key = await box.key("ann")
        async with speaking_to(create_app(box.parts), key) as client:
            await configure(client, "https://hook.example/in")

    async with (
        open_box(tmp_path, outside) as box,
        speaking_to(create_app(box.parts), key) as client,
    ):
        shown = (await client.get(CONFIG)).json()

    assert (shown["url"], shown["is_active"]) == ("https://hook.example/in", True)


async def test_an_attempt_that_outlasts_its_hook_changes_nothing(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = HANGS
    await configure(client, f"{receiver.url}/in")
    await ended(client)

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)
        await client.delete(CONFIG)
        await box.outbox.next_record.wait()

    (delivery,) = await listed(client)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == (
        "failed",
        0,
        REMOVED,
    )


async def test_a_replay_is_not_undone_by_an_attempt_that_outlasts_it(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await configure(client, f"{receiver.url}/in")
    await ended(client)

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 1)
        receiver.answers = {"/in": HANGS, "/better": WELL}
        pass_time(box, 6)
        await receiver.until_asked(2)
        await client.delete(CONFIG)
        await configure(client, f"{receiver.url}/better")
        await client.post(f"{DELIVERIES}/{delivery.id}/replay")
        again = await until_ended(box)

    assert (again.status, again.attempts, len(receiver.requests)) == ("delivered", 1, 3)


async def test_a_delivery_that_is_not_due_is_not_opened(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    # A look at what is due may be older than the attempt that has just failed.
    await ended(client, webhook_url=f"{receiver.url}/in")
    async with accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 1)

    assert await box.outbox.open(delivery.id) is None
