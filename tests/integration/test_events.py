"""The event stream of one command."""

from collections.abc import AsyncGenerator

import anyio
import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import Scope
from renderio_box.jobs.job import Job, Progress, Stage
from renderio_box.queue.job_queue import EVERY_LEASE
from tests.builders import make_body
from tests.integration.box import COMMANDS, NOWHERE, Box, problem, speaking_to, submit
from tests.integration.queue_steps import BROKEN, DONE, LEASE, claimed
from tests.listening import Block, Listener, blocks_of, listening


@pytest.fixture
async def key(box: Box) -> str:
    """Return ann's key."""
    return await box.key("ann")


@pytest.fixture
async def client(app: Litestar, key: str) -> AsyncGenerator[AsyncClient]:
    """Return a client with ann's key."""
    async with speaking_to(app, key) as opened:
        yield opened


@pytest.fixture
async def job(box: Box, client: AsyncClient) -> Job:
    """Return a job of ann's that has been claimed."""
    await submit(client, make_body())
    return await claimed(box.queue)


@pytest.fixture
async def ended(box: Box, job: Job) -> Job:
    """Return a job of ann's that has succeeded: its events are 1, 2 and 3."""
    return await box.queue.settle(job, DONE)


def events_of(job: Job) -> str:
    return f"{COMMANDS}/{job.id}/events"


async def told(client: AsyncClient, job: Job, last_event_id: str | None = None) -> list[Block]:
    """Read the stream of a command that has ended, without what it begins with."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    answered = await client.get(events_of(job), headers=headers)
    assert answered.status_code == 200, answered.text
    return blocks_of(answered.content)[1:]


def statuses(blocks: list[Block]) -> list[str]:
    return [block.status for block in blocks if block.status is not None]


async def renewed(box: Box, job: Job, percent: float) -> None:
    progress = Progress(percent=percent)
    await box.queue.renew(job, stage=Stage.ENCODING, progress=progress, lease=LEASE)


async def test_a_command_that_has_ended_is_told_from_its_beginning(
    client: AsyncClient, ended: Job
) -> None:
    blocks = await told(client, ended)

    at = "2026-01-01T12:00:00Z"
    common = {"command_id": ended.id, "at": at}
    assert [(block.id, block.event, block.data) for block in blocks] == [
        (1, "status", common | {"status": "QUEUED", "attempt": 0}),
        (2, "status", common | {"status": "PROCESSING", "attempt": 1}),
        (
            3,
            "status",
            common
            | {"status": "SUCCESS", "attempt": 1, "error_status": None, "error_message": None},
        ),
    ]


async def test_a_stream_says_what_it_is_and_that_nobody_may_keep_it(
    client: AsyncClient, ended: Job
) -> None:
    headers = (await client.get(events_of(ended))).headers

    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert "X-Request-Id" in headers


async def test_a_stream_begins_with_when_and_where_to_come_back(
    client: AsyncClient, ended: Job
) -> None:
    answered = await client.get(f"{events_of(ended)}?after=1")

    assert blocks_of(answered.content)[0] == Block(id=1, retry=2000)


async def test_a_command_that_failed_says_why(box: Box, client: AsyncClient, job: Job) -> None:
    await box.queue.settle(job, BROKEN)

    last = (await told(client, job))[-1].data or {}

    assert (last["status"], last["error_status"], last["error_message"]) == (
        "FAILED",
        "FFMPEG_FAILED",
        "It broke.",
    )


async def test_a_cancelled_command_failed(box: Box, client: AsyncClient) -> None:
    await submit(client, make_body())
    job = await claimed(box.queue)
    await box.queue.cancel(job.id, sees=None)
    await box.queue.settle(job, DONE)

    blocks = await told(client, job)

    assert statuses(blocks) == ["QUEUED", "PROCESSING", "FAILED"]
    assert (blocks[-1].data or {})["error_status"] == "CANCELLED"


async def test_a_command_that_was_taken_up_again_kept_processing(
    box: Box, client: AsyncClient, job: Job
) -> None:
    await box.queue.rescue(leases_before=EVERY_LEASE)
    await box.queue.settle(await claimed(box.queue), DONE)

    blocks = await told(client, job)

    assert statuses(blocks) == ["QUEUED", "PROCESSING", "SUCCESS"]
    assert [(block.data or {})["attempt"] for block in blocks] == [0, 1, 2]


@pytest.mark.parametrize(("last_event_id", "ids"), [("0", [1, 2, 3]), ("1", [2, 3]), ("2", [3])])
async def test_who_comes_back_gets_what_is_new(
    client: AsyncClient, ended: Job, last_event_id: str, ids: list[int]
) -> None:
    by_header = await told(client, ended, last_event_id)
    by_query = await client.get(f"{events_of(ended)}?after={last_event_id}")

    assert [block.id for block in by_header] == ids
    assert [block.id for block in blocks_of(by_query.content)[1:]] == ids


async def test_the_header_wins_over_the_address_that_a_reader_began_with(
    client: AsyncClient, ended: Job
) -> None:
    answered = await client.get(f"{events_of(ended)}?after=0", headers={"Last-Event-ID": "2"})

    assert [block.id for block in blocks_of(answered.content)[1:]] == [3]


@pytest.mark.parametrize("last_event_id", ["3", "4", "999999"])
async def test_who_comes_back_after_the_end_is_told_to_stop(
    client: AsyncClient, ended: Job, last_event_id: str
) -> None:
    answered = await client.get(events_of(ended), headers={"Last-Event-ID": last_event_id})

    assert (answered.status_code, answered.content) == (204, b"")


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "+1", "1 2", "9" * 17, "0" * 5000, "1e9"])
async def test_an_id_that_is_none_is_refused(client: AsyncClient, ended: Job, text: str) -> None:
    refused = await client.get(events_of(ended), headers={"Last-Event-ID": text})

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == ["Last-Event-ID"]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "9" * 17, "9" * 5000])
async def test_a_sequence_number_that_is_none_is_refused(
    client: AsyncClient, ended: Job, text: str
) -> None:
    refused = await client.get(f"{events_of(ended)}?after={text}")

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == ["after"]


async def test_an_unknown_command_has_no_stream(shared_client: AsyncClient) -> None:
    assert problem(await shared_client.get(f"{COMMANDS}/{NOWHERE}/events")) == (404, "NOT_FOUND")


async def test_somebody_elses_command_is_unknown(stranger: AsyncClient, ended: Job) -> None:
    refused = await stranger.get(events_of(ended))
    unknown = await stranger.get(f"{COMMANDS}/{NOWHERE}/events")

    assert problem(refused) == (404, "NOT_FOUND")
    assert refused.text.replace(ended.id, NOWHERE) == unknown.text


async def test_an_administrator_may_watch_everybodys(admin: AsyncClient, ended: Job) -> None:
    assert statuses(await told(admin, ended)) == ["QUEUED", "PROCESSING", "SUCCESS"]


async def test_watching_needs_a_key(anonymous: AsyncClient, ended: Job) -> None:
    assert problem(await anonymous.get(events_of(ended))) == (401, "UNAUTHORIZED")


async def test_watching_needs_a_key_that_may_read(box: Box, app: Litestar, ended: Job) -> None:
    async with speaking_to(app, await box.key("ann", Scope.SUBMIT)) as client:
        assert problem(await client.get(events_of(ended))) == (403, "FORBIDDEN")


async def test_statuses_are_told_as_they_come(
    box: Box, app: Litestar, client: AsyncClient, key: str
) -> None:
    command_id = await submit(client, make_body())
    async with listening(app, f"{COMMANDS}/{command_id}/events", key) as listener:
        await listener.until("QUEUED")
        job = await claimed(box.queue)
        await listener.until("PROCESSING")
        await box.queue.settle(job, DONE)

        assert statuses(await listener.rest()) == ["SUCCESS"]


async def test_a_stream_ends_when_its_command_is_cancelled_in_the_queue(
    app: Litestar, client: AsyncClient, key: str
) -> None:
    command_id = await submit(client, make_body())
    async with listening(app, f"{COMMANDS}/{command_id}/events", key) as listener:
        await listener.until("QUEUED")
        await client.post(f"{COMMANDS}/{command_id}/cancel")

        assert statuses(await listener.rest()) == ["FAILED"]


async def test_events_of_other_commands_are_not_told(
    app: Litestar, client: AsyncClient, key: str, box: Box, job: Job
) -> None:
    async with listening(app, events_of(job), key) as listener:
        await listener.until("PROCESSING")
        await submit(client, make_body())
        await box.queue.settle(job, DONE)

        assert {(block.data or {}).get("command_id") for block in await listener.rest()} == {job.id}


async def test_progress_is_told_without_an_id(box: Box, app: Litestar, key: str, job: Job) -> None:
    await renewed(box, job, 12.5)
    async with listening(app, events_of(job), key) as listener:
        await listener.until("PROCESSING")
        block = await listener.block()

    nothing = dict.fromkeys(("out_time_seconds", "fps", "speed", "eta_seconds"))
    assert (block.id, block.event, block.data) == (
        None,
        "progress",
        {
            "command_id": job.id,
            "processing_stage": "FFMPEG_PROCESSING",
            "progress": {"percent": 12.5} | nothing,
        },
    )


async def test_progress_is_told_although_the_state_stays_the_same(
    box: Box, app: Litestar, key: str, job: Job
) -> None:
    async with listening(app, events_of(job), key) as listener:
        await listener.until("PROCESSING")
        fetching = await listener.block()
        await renewed(box, job, 50.0)
        with anyio.fail_after(30):
            told = [block async for block in until_progress(listener)]

    assert (fetching.data or {})["processing_stage"] == "DOWNLOADING"
    assert (told[-1].data or {})["progress"]["percent"] == 50.0


async def until_progress(listener: Listener) -> AsyncGenerator[Block]:
    """Yield blocks up to the next one about progress."""
    while True:
        block = await listener.block()
        yield block
        if block.event == "progress":
            return


async def test_a_silent_stream_is_kept_alive(app: Litestar, client: AsyncClient, key: str) -> None:
    command_id = await submit(client, make_body())
    async with listening(app, f"{COMMANDS}/{command_id}/events", key) as listener:
        await listener.until("QUEUED")

        assert [await listener.block() for _ in range(2)] == [Block(comment="keep-alive")] * 2
