import pytest
from httpx import AsyncClient

from renderio_box.jobs.job import Succeeded
from tests.builders import make_body
from tests.fakes import ManualClock
from tests.integration.box import COMMANDS, FILES, NOWHERE, Box, problem, show, submit, upload
from tests.integration.queue_steps import ROOM

DONE = Succeeded(outputs=(), run_seconds=1.0, log="")


@pytest.fixture
async def three(client: AsyncClient, clock: ManualClock) -> list[str]:
    """Submit three commands, a second between them; return their ids, oldest first."""
    ids: list[str] = []
    for _ in range(3):
        ids.append(await submit(client, make_body()))
        clock.advance(1)
    return ids


async def ids_of(client: AsyncClient, **query: object) -> list[str]:
    listed = await client.get(COMMANDS, params={name: str(each) for name, each in query.items()})
    return [each["command_id"] for each in listed.json()["commands"]]


async def test_commands_are_listed_newest_first(client: AsyncClient, three: list[str]) -> None:
    assert await ids_of(client) == three[::-1]


async def test_a_limit_bounds_the_list(client: AsyncClient, three: list[str]) -> None:
    assert await ids_of(client, limit=2) == [three[2], three[1]]


async def test_an_offset_leaves_out_the_newest(client: AsyncClient, three: list[str]) -> None:
    assert await ids_of(client, offset=2) == [three[0]]


async def test_a_list_says_what_was_asked(client: AsyncClient) -> None:
    listed = (await client.get(COMMANDS, params={"limit": 7, "offset": 3})).json()

    assert listed == {
        "commands": [],
        "limit": 7,
        "offset": 3,
        "total": 0,
        "next_cursor": None,
    }


async def test_a_list_has_50_commands_by_default(client: AsyncClient) -> None:
    listed = (await client.get(COMMANDS)).json()

    assert (listed["limit"], listed["offset"]) == (50, 0)


async def test_a_list_shows_what_a_poll_shows(client: AsyncClient) -> None:
    command_id = await submit(client, make_body())

    listed = (await client.get(COMMANDS)).json()

    assert listed["commands"] == [await show(client, command_id)]


@pytest.mark.parametrize(
    ("status", "shown"), [("QUEUED", [2, 1]), ("SUCCESS", [0]), ("PROCESSING", []), ("FAILED", [])]
)
async def test_a_status_selects_commands(
    box: Box, client: AsyncClient, three: list[str], status: str, shown: list[int]
) -> None:
    job = await box.queue.claim(ROOM, lease=box.clock.now() - box.clock.now())
    assert job is not None
    await box.queue.settle(job, DONE)

    assert await ids_of(client, status=status) == [three[place] for place in shown]


async def test_a_cancelled_command_is_listed_as_failed(client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await client.post(f"{COMMANDS}/{command_id}/cancel")

    assert await ids_of(client, status="FAILED") == [command_id]


async def test_owners_list_only_their_own_commands(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    await submit(client, make_body())

    assert await ids_of(stranger) == []


async def test_an_administrator_lists_everybodys_commands(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient, clock: ManualClock
) -> None:
    of_ann = await submit(client, make_body())
    clock.advance(1)
    of_bob = await submit(stranger, make_body())

    assert await ids_of(admin) == [of_bob, of_ann]


async def test_an_administrator_sees_anybodys_command(
    client: AsyncClient, admin: AsyncClient
) -> None:
    command_id = await submit(client, make_body())

    assert (await show(admin, command_id))["command_id"] == command_id


@pytest.mark.parametrize("what", ["", "/log"])
async def test_somebody_elses_command_looks_like_none(
    client: AsyncClient, stranger: AsyncClient, what: str
) -> None:
    command_id = await submit(client, make_body())

    hidden = await stranger.get(f"{COMMANDS}/{command_id}{what}")
    unknown = await stranger.get(f"{COMMANDS}/{NOWHERE}{what}")

    assert (hidden.status_code, hidden.text.replace(command_id, NOWHERE)) == (404, unknown.text)


async def test_somebody_elses_command_cannot_be_cancelled(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    command_id = await submit(client, make_body())

    refused = await stranger.post(f"{COMMANDS}/{command_id}/cancel")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_files_are_listed_newest_first(client: AsyncClient, clock: ManualClock) -> None:
    first = await upload(client)
    clock.advance(1)
    second = await upload(client)

    listed = (await client.get(FILES)).json()

    assert [each["file_id"] for each in listed["files"]] == [second["file_id"], first["file_id"]]


async def test_a_file_list_keeps_to_limit_and_offset(
    client: AsyncClient, clock: ManualClock
) -> None:
    first = await upload(client)
    clock.advance(1)
    await upload(client)

    listed = (await client.get(FILES, params={"limit": 1, "offset": 1})).json()

    assert (listed["files"][0]["file_id"], len(listed["files"])) == (first["file_id"], 1)


async def test_owners_list_only_their_own_files(client: AsyncClient, stranger: AsyncClient) -> None:
    await upload(client)

    assert (await stranger.get(FILES)).json()["files"] == []


async def test_an_administrator_lists_everybodys_files(
    client: AsyncClient, admin: AsyncClient
) -> None:
    stored = await upload(client)

    listed = (await admin.get(FILES)).json()

    assert [each["file_id"] for each in listed["files"]] == [stored["file_id"]]


@pytest.mark.parametrize("path", [COMMANDS, FILES])
@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"limit": ""},
        {"limit": "1.5"},
        {"limit": 2**70},
        {"offset": -1},
        {"offset": 2**70},
    ],
    ids=str,
)
async def test_a_query_out_of_range_is_refused(
    shared_client: AsyncClient, path: str, query: dict[str, str | int]
) -> None:
    answered = await shared_client.get(path, params=query)

    assert problem(answered) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("status", ["DONE", "queued", ""])
async def test_an_unknown_status_is_refused(shared_client: AsyncClient, status: str) -> None:
    answered = await shared_client.get(COMMANDS, params={"status": status})

    assert problem(answered) == (400, "INVALID_REQUEST")
