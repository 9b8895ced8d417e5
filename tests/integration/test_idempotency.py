import pytest
from httpx import AsyncClient, Response

from tests.builders import make_body
from tests.fakes import ManualClock
from tests.integration.box import COMMANDS, RUN, Box, problem

OTHER = make_body(metadata={"take": 2})
CHAIN = "/api/v1/run-chained-ffmpeg-commands"


async def sent(
    client: AsyncClient, body: dict[str, object], key: str = "order-1", path: str = RUN
) -> Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


async def test_the_same_request_with_the_same_key_runs_once(client: AsyncClient) -> None:
    first = await sent(client, make_body())
    again = await sent(client, make_body())

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len((await client.get(COMMANDS)).json()["commands"]) == 1


async def test_the_same_request_finds_its_command_when_that_has_ended(
    box: Box, client: AsyncClient
) -> None:
    first = await sent(client, make_body())
    await box.work_until_final(first.json()["command_id"])

    assert (await sent(client, make_body())).json() == first.json()


async def test_requests_with_keys_of_their_own_run_each(client: AsyncClient) -> None:
    first = await sent(client, make_body(), "a")
    second = await sent(client, make_body(), "b")

    assert first.json() != second.json()


async def test_another_body_with_a_used_key_is_a_conflict(client: AsyncClient) -> None:
    await sent(client, make_body())

    assert problem(await sent(client, OTHER)) == (409, "IDEMPOTENCY_CONFLICT")


async def test_another_address_with_a_used_key_is_a_conflict(client: AsyncClient) -> None:
    body = make_body(ffmpeg_commands=["-f lavfi -i testsrc {{out_clip}}"])
    await sent(client, body)

    assert problem(await sent(client, body, path=CHAIN)) == (409, "IDEMPOTENCY_CONFLICT")


async def test_a_key_is_forgotten_after_a_day(client: AsyncClient, clock: ManualClock) -> None:
    first = await sent(client, make_body())
    clock.advance(24 * 3600 + 1)

    other = await sent(client, OTHER)

    assert (other.status_code, other.json() != first.json()) == (202, True)


async def test_keys_of_two_owners_have_nothing_to_do_with_each_other(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    mine = await sent(client, make_body())
    theirs = await sent(stranger, OTHER)

    assert theirs.status_code == 202
    assert mine.json() != theirs.json()


async def test_a_refused_request_does_not_use_its_key_up(client: AsyncClient) -> None:
    await sent(client, make_body(ffmpeg_command="nothing"))

    assert (await sent(client, make_body())).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_of_the_wrong_length_is_refused(client: AsyncClient, key: str) -> None:
    assert problem(await sent(client, make_body(), key)) == (400, "INVALID_REQUEST")
