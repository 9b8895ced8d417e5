import pytest
from httpx import AsyncClient

from renderio_box.identifiers import Owner
from tests.builders import make_body, make_submission
from tests.fakes import ManualClock, Script, ScriptedExecutor
from tests.integration.box import Box
from tests.integration.queue_steps import interrupted
from tests.integration.rendi_client import COMMANDS, FILES, listed, submit, upload


async def command_ids(client: AsyncClient, **query: int) -> list[str]:
    return [command["command_id"] for command in await listed(client, COMMANDS, **query)]


async def file_ids(client: AsyncClient, **query: int) -> list[str]:
    return [file["file_id"] for file in await listed(client, FILES, **query)]


@pytest.fixture
async def three(client: AsyncClient, clock: ManualClock) -> list[str]:
    """Submit three commands, a second between them; return their ids, newest first."""
    ids: list[str] = []
    for _ in range(3):
        ids.insert(0, await submit(client, make_body()))
        clock.advance(1)
    return ids


@pytest.fixture
async def three_files(client: AsyncClient, clock: ManualClock) -> list[str]:
    """Upload three files, a second between them; return their ids, newest first."""
    ids: list[str] = []
    for _ in range(3):
        ids.insert(0, (await upload(client))["file_id"])
        clock.advance(1)
    return ids


@pytest.mark.parametrize("path", [COMMANDS, FILES])
async def test_a_list_is_a_bare_array(shared_client: AsyncClient, path: str) -> None:
    assert isinstance((await shared_client.get(path)).json(), list)


async def test_a_waiting_command_is_listed_in_three_fields(client: AsyncClient) -> None:
    command_id = await submit(client, make_body())

    assert await listed(client, COMMANDS) == [
        {"command_id": command_id, "status": "QUEUED", "created_at": "2026-01-01T12:00:00Z"}
    ]


async def test_a_successful_command_is_listed_with_how_many_outputs_it_has(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    assert await listed(client, COMMANDS) == [
        {
            "command_id": command_id,
            "status": "SUCCESS",
            "created_at": "2026-01-01T12:00:00Z",
            "output_file_count": 1,
        }
    ]


async def test_deleted_outputs_still_count(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)
    await client.delete(f"{COMMANDS}/{command_id}/files")

    assert (await listed(client, COMMANDS))[0]["output_file_count"] == 1


async def test_a_failed_command_is_listed_with_its_reason(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(exit_status=1, log="Unknown encoder 'nope'\n")
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    assert await listed(client, COMMANDS) == [
        {
            "command_id": command_id,
            "status": "FAILED",
            "created_at": "2026-01-01T12:00:00Z",
            "error_status": "FFMPEG_FAILED",
            "error_message": "This FFmpeg has no encoder called 'nope'; use one that /llms.txt lists. Unknown encoder 'nope'",
        }
    ]


async def test_a_cancelled_command_is_listed_as_failed(client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await client.post(f"/api/v1/commands/{command_id}/cancel")

    (command,) = await listed(client, COMMANDS)

    assert (command["status"], command["error_status"]) == ("FAILED", "CANCELLED")


async def test_a_command_taken_up_again_after_a_crash_is_listed_as_processing(
    box: Box, client: AsyncClient
) -> None:
    await submit(client, make_body())
    await interrupted(box.queue)

    assert (await listed(client, COMMANDS))[0]["status"] == "PROCESSING"


async def test_commands_are_listed_newest_first(client: AsyncClient, three: list[str]) -> None:
    assert await command_ids(client) == three


async def test_limit_and_offset_cut_the_list_of_commands(
    client: AsyncClient, three: list[str]
) -> None:
    assert await command_ids(client, limit=1) == three[:1]
    assert await command_ids(client, offset=1) == three[1:]
    assert await command_ids(client, limit=1, offset=2) == three[2:]
    assert await command_ids(client, limit=1000, offset=3) == []


async def test_files_are_listed_newest_first(client: AsyncClient, three_files: list[str]) -> None:
    assert await file_ids(client) == three_files


async def test_limit_and_offset_cut_the_list_of_files(
    client: AsyncClient, three_files: list[str]
) -> None:
    assert await file_ids(client, limit=1) == three_files[:1]
    assert await file_ids(client, offset=1) == three_files[1:]


async def test_a_list_without_a_limit_has_a_thousand_commands(
    box: Box, client: AsyncClient
) -> None:
    submissions = [make_submission() for _ in range(1001)]
    await box.queue.submit(submissions, owner=Owner("ann"), sees=Owner("ann"))

    assert len(await listed(client, COMMANDS)) == 1000
    assert len(await listed(client, COMMANDS, offset=1000)) == 1


async def test_a_list_of_files_shows_what_their_records_show(client: AsyncClient) -> None:
    stored = await upload(client)

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert await listed(client, FILES) == [record]


async def test_deleted_files_are_not_listed(client: AsyncClient, three_files: list[str]) -> None:
    await client.delete(f"{FILES}/{three_files[1]}")

    assert await file_ids(client) == [three_files[0], three_files[2]]


async def test_outputs_are_listed_among_the_files(box: Box, client: AsyncClient) -> None:
    await box.work_until_final(await submit(client, make_body()))

    assert [file["rendi_store_type"] for file in await listed(client, FILES)] == ["OUTPUT"]


@pytest.mark.parametrize("path", [COMMANDS, FILES])
async def test_owners_list_only_what_is_theirs(
    client: AsyncClient, stranger: AsyncClient, path: str
) -> None:
    await submit(client, make_body())
    await upload(client)

    assert await listed(stranger, path) == []


@pytest.mark.parametrize("path", [COMMANDS, FILES])
async def test_an_administrator_lists_what_is_everybodys(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient, path: str
) -> None:
    for each in (client, stranger):
        await submit(each, make_body())
        await upload(each)

    assert len(await listed(admin, path)) == 2
