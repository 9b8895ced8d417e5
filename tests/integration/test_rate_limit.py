from collections.abc import AsyncGenerator

import pytest
from httpx import AsyncClient
from litestar import Litestar
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.api.rate_limit import RateLimit
from renderio_box.catalog.keys import Scope
from tests.builders import make_body
from tests.fakes import ManualClock
from tests.integration.box import COMMANDS, RUN, Box, problem, show, speaking_to, submit, upload


@pytest.fixture
def app(box: Box, clock: ManualClock) -> Litestar:
    """Return an application that lets each key make three requests a minute."""
    return create_app(replace(box.parts, rate_limit=RateLimit(3, clock)))


@pytest.fixture
async def other(box: Box, app: Litestar) -> AsyncGenerator[AsyncClient]:
    """Return a client with another key of the same owner."""
    async with speaking_to(app, await box.key("ann", Scope.READ)) as opened:
        yield opened


async def statuses(client: AsyncClient, *paths: str) -> list[int]:
    return [(await client.get(path)).status_code for path in paths]


async def test_requests_over_the_limit_are_refused_with_when_to_come_again(
    client: AsyncClient,
) -> None:
    await statuses(client, *[COMMANDS] * 3)

    refused = await client.get(COMMANDS)

    assert (*problem(refused), refused.headers["Retry-After"]) == (429, "RATE_LIMITED", "20")
    assert refused.json()["message"].endswith("wait for 20 seconds.")


async def test_a_refused_request_does_nothing(client: AsyncClient, admin: AsyncClient) -> None:
    await statuses(client, *[COMMANDS] * 3)

    assert (await client.post(RUN, json=make_body())).status_code == 429
    assert (await admin.get(COMMANDS)).json()["commands"] == []


async def test_who_waits_may_come_again(client: AsyncClient, clock: ManualClock) -> None:
    await statuses(client, *[COMMANDS] * 3)
    clock.advance(20)

    assert await statuses(client, COMMANDS, COMMANDS) == [200, 429]


async def test_every_address_counts_together(client: AsyncClient) -> None:
    assert await statuses(client, COMMANDS, "/api/v1/files", "/api/v1/nowhere", COMMANDS) == [
        200,
        200,
        404,
        200,
    ]
    assert await statuses(client, "/api/v1/files") == [429]


async def test_another_key_of_the_same_owner_has_its_own_limit(
    client: AsyncClient, other: AsyncClient
) -> None:
    await statuses(client, *[COMMANDS] * 4)

    assert await statuses(other, COMMANDS) == [200]


async def test_unknown_keys_take_nothing_from_anybody(client: AsyncClient) -> None:
    for _ in range(9):
        await client.get(COMMANDS, headers={"X-API-KEY": "ffsk_unknown"})

    assert await statuses(client, COMMANDS) == [200]


async def test_health_and_stored_files_are_not_limited(client: AsyncClient) -> None:
    stored = await upload(client)
    await statuses(client, *[COMMANDS] * 3)

    paths = ["/healthz", "/readyz", "/metrics", str(stored["storage_url"])] * 9
    assert await statuses(client, *paths) == [200] * 36


async def test_the_command_line_of_this_machine_is_not_limited(box: Box, app: Litestar) -> None:
    async with speaking_to(app, box.keys.admit_operator()) as operator:
        assert await statuses(operator, *[COMMANDS] * 9) == [200] * 9


async def test_without_a_limit_nothing_is_refused(box: Box) -> None:
    async with speaking_to(create_app(box.parts), await box.key("ann")) as client:
        command_id = await submit(client, make_body())
        for _ in range(50):
            await show(client, command_id)
