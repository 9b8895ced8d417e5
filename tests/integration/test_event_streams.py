"""Event streams of all commands, and what all streams have in common."""

import logging
from collections.abc import AsyncGenerator
from datetime import timedelta

import anyio
import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import Scope
from tests.builders import OWNER, make_body
from tests.integration.box import MAX_STREAMS, Box, speaking_to, submit
from tests.integration.queue_steps import DONE, claimed, submitted
from tests.listening import Block, listening

EVENTS = "/api/v1/events"
QUIET = Block(comment="keep-alive")


@pytest.fixture
async def key(box: Box) -> str:
    """Return ann's key."""
    return await box.key("ann")


@pytest.fixture
async def client(app: Litestar, key: str) -> AsyncGenerator[AsyncClient]:
    """Return a client with ann's key."""
    async with speaking_to(app, key) as opened:
        yield opened


def seen(blocks: list[Block]) -> list[tuple[str, str]]:
    """Return command and status of every status."""
    return [
        (block.data["command_id"], block.data["status"])
        for block in blocks
        if block.event == "status" and block.data is not None
    ]


async def test_the_stream_of_all_commands_begins_now(
    app: Litestar, client: AsyncClient, key: str
) -> None:
    await submit(client, make_body())
    async with listening(app, EVENTS, key) as listener:
        first = await listener.block()
        command_id = await submit(client, make_body())

        assert (first.id, seen(await listener.until("QUEUED"))) == (1, [(command_id, "QUEUED")])


async def test_the_stream_of_all_commands_outlives_each_of_them(
    box: Box, app: Litestar, client: AsyncClient, key: str
) -> None:
    async with listening(app, EVENTS, key) as listener:
        for _ in range(2):
            command_id = await submit(client, make_body())
            await box.queue.settle(await claimed(box.queue), DONE)

            assert seen(await listener.until("SUCCESS"))[-1] == (command_id, "SUCCESS")


async def test_only_ones_own_commands_are_told(
    app: Litestar, client: AsyncClient, stranger: AsyncClient, key: str
) -> None:
    async with listening(app, EVENTS, key) as listener:
        await submit(stranger, make_body())
        mine = await submit(client, make_body())

        assert seen(await listener.until("QUEUED")) == [(mine, "QUEUED")]


async def test_progress_of_others_is_not_told(
    box: Box, app: Litestar, stranger: AsyncClient, client: AsyncClient, key: str
) -> None:
    await submit(stranger, make_body())
    await claimed(box.queue)
    async with listening(app, EVENTS, key) as listener:
        await submit(client, make_body())
        blocks = await listener.until("QUEUED")

        assert [block.event for block in blocks] == [None, "status"]


async def test_an_administrator_is_told_of_everybodys(
    box: Box, app: Litestar, client: AsyncClient, stranger: AsyncClient
) -> None:
    async with listening(app, EVENTS, await box.key("root", Scope.ADMIN)) as listener:
        mine, theirs = [await submit(each, make_body()) for each in (client, stranger)]

        assert seen(await listener.until("QUEUED")) == [(mine, "QUEUED")]
        assert seen(await listener.until("QUEUED")) == [(theirs, "QUEUED")]


async def test_who_comes_back_gets_every_event_however_many(
    box: Box, app: Litestar, client: AsyncClient, key: str
) -> None:
    first = await submit(client, make_body())
    jobs = [await submitted(box.queue) for _ in range(250)]
    async with listening(app, EVENTS, key, last_event_id=0) as listener:
        blocks = [await listener.block() for _ in range(252)]

    assert [block.id for block in blocks] == list(range(252))
    assert [command_id for command_id, _ in seen(blocks)] == [first, *(job.id for job in jobs)]


async def test_who_knows_more_than_there_is_is_told_what_comes(
    app: Litestar, client: AsyncClient, key: str
) -> None:
    await submit(client, make_body())
    async with listening(app, EVENTS, key, last_event_id=999_999) as listener:
        command_id = await submit(client, make_body())

        blocks = await listener.until("QUEUED")

    assert (blocks[0].id, seen(blocks)) == (1, [(command_id, "QUEUED")])


async def test_what_happened_while_nobody_read_is_told(
    box: Box, app: Litestar, client: AsyncClient, key: str
) -> None:
    async with listening(app, EVENTS, key) as listener:
        command_id = await submit(client, make_body())
        last = (await listener.until("QUEUED"))[-1].id
    await box.queue.settle(await claimed(box.queue), DONE)

    async with listening(app, EVENTS, key, last_event_id=last) as listener:
        blocks = await listener.until("SUCCESS")

    assert seen(blocks) == [(command_id, "PROCESSING"), (command_id, "SUCCESS")]


async def test_one_stream_more_than_there_are_places_is_refused(
    app: Litestar, client: AsyncClient, key: str
) -> None:
    async with anyio.create_task_group() as readers:
        for _ in range(MAX_STREAMS):
            await readers.start(keep_reading, app, key)

        refused = await client.get(EVENTS)
        readers.cancel_scope.cancel()

    assert (refused.status_code, refused.json()["error"]) == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"] == "10"


async def keep_reading(app: Litestar, key: str, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    async with listening(app, EVENTS, key) as listener:
        task_status.started()
        while True:
            await listener.block()


async def test_a_reader_that_hangs_up_leaves_its_place_to_others(app: Litestar, key: str) -> None:
    for _ in range(MAX_STREAMS + 1):
        async with listening(app, EVENTS, key) as listener:
            assert listener.status == 200


async def test_a_reader_that_hangs_up_without_reading_leaves_its_place_to_others(
    app: Litestar, client: AsyncClient, key: str
) -> None:
    for _ in range(MAX_STREAMS + 1):
        async with listening(app, EVENTS, key, last_event_id=0) as listener:
            await listener.block()
            await submit(client, make_body())
            await anyio.wait_all_tasks_blocked()
            assert listener.status == 200


async def test_refused_requests_take_no_place(client: AsyncClient) -> None:
    refusals = [await client.get(f"{EVENTS}?after=x") for _ in range(MAX_STREAMS + 1)]

    assert {refused.status_code for refused in refusals} == {400}


async def test_a_reader_that_stops_reading_holds_nobody_up_and_misses_nothing(
    box: Box, app: Litestar, client: AsyncClient, key: str
) -> None:
    async with (
        listening(app, EVENTS, key) as stuck,
        listening(app, EVENTS, key) as attentive,
    ):
        ids: list[str] = []
        for _ in range(5):
            ids.append(await submit(client, make_body()))
            await box.queue.settle(await claimed(box.queue), DONE)
            assert seen(await attentive.until("SUCCESS"))[-1] == (ids[-1], "SUCCESS")

        told: list[Block] = []
        for _ in ids:
            told += await stuck.until("SUCCESS")

    assert [status for _, status in seen(told)] == ["QUEUED", "PROCESSING", "SUCCESS"] * 5


async def test_streams_end_when_the_box_stops(box: Box, app: Litestar, key: str) -> None:
    async with listening(app, EVENTS, key) as listener:
        await listener.block()
        box.parts.streams.close()

        assert [block for block in await listener.rest() if block != QUIET] == []


async def test_a_box_that_stops_opens_no_stream(box: Box, client: AsyncClient) -> None:
    box.parts.streams.close()

    refused = await client.get(EVENTS)

    assert (refused.status_code, refused.json()["error"]) == (503, "SHUTTING_DOWN")


async def test_a_revoked_key_hears_nothing_more(box: Box, app: Litestar, key: str) -> None:
    async with listening(app, EVENTS, key) as listener:
        await listener.block()
        await box.keys.revoke("ann-3")
        await submitted(box.queue)

        assert seen(await listener.rest()) == []


async def test_an_expired_key_hears_nothing_more(box: Box, app: Litestar) -> None:
    ends = box.clock.now() + timedelta(hours=1)
    key = await box.keys.add("guest", owner=OWNER, scopes=frozenset({Scope.READ}), expires_at=ends)
    async with listening(app, EVENTS, key) as listener:
        await listener.block()
        box.clock.advance(3600)
        await submitted(box.queue)

        assert seen(await listener.rest()) == []


async def test_a_stream_ends_when_the_database_fails(
    box: Box, app: Litestar, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with listening(app, EVENTS, key) as listener:
        await listener.block()
        async with box.database.transaction() as tx:
            await tx.execute("DROP VIEW visible_events", {})
        box.parts.streams._announcer.notify()

        assert [block for block in await listener.rest() if block != QUIET] == []
