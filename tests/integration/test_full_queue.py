from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.queue.admission import Depth
from tests.builders import make_body
from tests.integration.box import RUN, Box, Outside, open_box, problem, speaking_to, submit
from tests.integration.queue_steps import interrupted

MULTIPLE = "/api/v1/run-multiple-ffmpeg-commands"


@pytest.fixture
async def box(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    """Return a box in which at most two commands may wait."""
    async with open_box(tmp_path, outside, depth=Depth(jobs=2)) as opened:
        yield opened


async def test_one_command_more_than_may_wait_is_refused(client: AsyncClient) -> None:
    for _ in range(2):
        await submit(client, make_body())

    refused = await client.post(RUN, json=make_body())

    assert (*problem(refused), refused.headers["Retry-After"]) == (503, "QUEUE_FULL", "30")


async def test_everybodys_commands_count(client: AsyncClient, stranger: AsyncClient) -> None:
    for _ in range(2):
        await submit(client, make_body())

    assert problem(await stranger.post(RUN, json=make_body())) == (503, "QUEUE_FULL")


async def test_several_commands_count_whole(client: AsyncClient) -> None:
    refused = await client.post(MULTIPLE, json={"commands": [make_body()] * 3})

    assert problem(refused) == (503, "QUEUE_FULL")
    assert (await client.get("/api/v1/commands")).json()["commands"] == []


async def test_as_many_as_may_wait_are_taken_together(client: AsyncClient) -> None:
    taken = await client.post(MULTIPLE, json={"commands": [make_body()] * 2})

    assert taken.status_code == 202


async def test_a_command_that_has_begun_makes_room(box: Box, client: AsyncClient) -> None:
    first = await submit(client, make_body())
    await submit(client, make_body())
    await box.work_until_final(first)

    assert (await client.post(RUN, json=make_body())).status_code == 202


async def test_a_cancelled_command_makes_room(client: AsyncClient) -> None:
    ids = [await submit(client, make_body()) for _ in range(2)]
    await client.post(f"/api/v1/commands/{ids[0]}/cancel")

    assert (await client.post(RUN, json=make_body())).status_code == 202


async def test_a_request_that_was_accepted_before_is_answered_again(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = await client.post(RUN, json=make_body(), headers=headers)
    await submit(client, make_body())

    again = await client.post(RUN, json=make_body(), headers=headers)

    assert (again.status_code, again.json()) == (202, first.json())


@pytest.fixture
async def shared_box(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    """Return a box in which three commands may wait, at most two of them of one owner."""
    (tmp_path / "shared").mkdir()
    async with open_box(tmp_path / "shared", outside, depth=Depth(jobs=3, jobs_per_owner=2)) as box:
        yield box


@pytest.fixture
async def two_waiting(shared_box: Box) -> AsyncGenerator[AsyncClient]:
    """Return a client who has as many commands waiting as one owner may."""
    app, key = create_app(shared_box.parts), await shared_box.key("ann")
    async with speaking_to(app, key) as ann:
        await ann.post(RUN, json=make_body(), headers={"Idempotency-Key": "order-1"})
        await submit(ann, make_body())
        yield ann


async def test_an_owner_with_too_many_waiting_is_told_that_limit(two_waiting: AsyncClient) -> None:
    refused = await two_waiting.post(RUN, json=make_body())

    assert (*problem(refused), refused.headers["Retry-After"]) == (503, "QUEUE_FULL", "30")
    assert refused.json()["message"].startswith("At most 2 commands of one owner may wait")


async def test_in_rendi_an_owner_with_too_many_waiting_is_told_the_same(
    two_waiting: AsyncClient,
) -> None:
    refused = await two_waiting.post("/v1/run-ffmpeg-command", json=make_body())

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert refused.json()["detail"].startswith("At most 2 commands of one owner may wait")


@pytest.mark.usefixtures("two_waiting")
async def test_another_owner_has_room_until_the_whole_queue_is_full(shared_box: Box) -> None:
    key = await shared_box.key("bob")
    async with speaking_to(create_app(shared_box.parts), key) as bob:
        await submit(bob, make_body())
        refused = await bob.post(RUN, json=make_body())

    assert refused.json()["message"].startswith("At most 3 commands may wait")


async def test_an_owner_at_the_limit_is_answered_again_what_was_accepted(
    two_waiting: AsyncClient,
) -> None:
    again = await two_waiting.post(RUN, json=make_body(), headers={"Idempotency-Key": "order-1"})

    assert again.status_code == 202


async def test_several_commands_count_whole_for_their_owner(shared_box: Box) -> None:
    key = await shared_box.key("bob")
    async with speaking_to(create_app(shared_box.parts), key) as bob:
        refused = await bob.post(MULTIPLE, json={"commands": [make_body()] * 3})

    assert refused.json()["message"].startswith("At most 2 commands of one owner may wait")


async def test_an_interrupted_command_takes_nobodys_room(
    shared_box: Box, two_waiting: AsyncClient
) -> None:
    await interrupted(shared_box.queue)

    assert (await two_waiting.post(RUN, json=make_body())).status_code == 202
