import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.integration.box import COMMANDS, NOWHERE, Box, files_kept, problem, show, submit

TWO = make_body(
    ffmpeg_command="-f lavfi -i testsrc {{out_a}} {{out_b}}",
    output_files={"out_a": "a.mp4", "out_b": "b.mp4"},
)


@pytest.fixture
async def finished(box: Box, client: AsyncClient) -> str:
    command_id = await submit(client, TWO)
    await box.work_until_final(command_id)
    return command_id


async def test_deleting_the_outputs_of_a_command_says_how_many(
    box: Box, client: AsyncClient, finished: str
) -> None:
    deleted = await client.delete(f"{COMMANDS}/{finished}/files")

    assert (deleted.status_code, deleted.json()) == (200, {"deleted": True, "files_deleted": 2})
    assert files_kept(box) == []


async def test_the_record_of_a_command_without_its_outputs_stays(
    client: AsyncClient, finished: str
) -> None:
    await client.delete(f"{COMMANDS}/{finished}/files")

    shown = await show(client, finished)
    assert shown["status"] == "SUCCESS"
    assert [record["is_deleted"] for record in shown["output_files"].values()] == [True, True]


async def test_deleted_outputs_are_no_longer_served(client: AsyncClient, finished: str) -> None:
    url = (await show(client, finished))["output_files"]["out_a"]["storage_url"]

    await client.delete(f"{COMMANDS}/{finished}/files")

    assert problem(await client.get(url)) == (404, "NOT_FOUND")


async def test_deleting_outputs_twice_is_harmless(client: AsyncClient, finished: str) -> None:
    await client.delete(f"{COMMANDS}/{finished}/files")

    again = await client.delete(f"{COMMANDS}/{finished}/files")

    assert (again.status_code, again.json()["files_deleted"]) == (200, 0)


async def test_a_command_that_has_no_outputs_yet_has_none_to_delete(client: AsyncClient) -> None:
    deleted = await client.delete(f"{COMMANDS}/{await submit(client, TWO)}/files")

    assert deleted.json() == {"deleted": True, "files_deleted": 0}


async def test_outputs_of_somebody_else_look_like_none(
    client: AsyncClient, stranger: AsyncClient, finished: str
) -> None:
    refused = await stranger.delete(f"{COMMANDS}/{finished}/files")

    assert problem(refused) == (404, "NOT_FOUND")
    assert not (await show(client, finished))["output_files"]["out_a"]["is_deleted"]


async def test_outputs_of_no_command_cannot_be_deleted(client: AsyncClient) -> None:
    assert problem(await client.delete(f"{COMMANDS}/{NOWHERE}/files")) == (404, "NOT_FOUND")
