from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from httpx import AsyncClient

from renderio_box.queue.admission import Depth
from tests.builders import make_body
from tests.integration.box import RUN, Box, Outside, open_box, problem, submit

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
