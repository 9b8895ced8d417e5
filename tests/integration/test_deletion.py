import pytest
from httpx import AsyncClient

from tests.integration.box import FILES, Box, files_kept, problem, upload


async def test_a_deleted_file_is_no_longer_served(client: AsyncClient) -> None:
    stored = await upload(client)

    deleted = await client.delete(f"{FILES}/{stored['file_id']}")

    assert deleted.json() == {"deleted": True, "file_id": stored["file_id"]}
    assert problem(await client.get(str(stored["storage_url"]))) == (404, "NOT_FOUND")


async def test_a_deleted_file_is_gone_from_the_disk(box: Box, client: AsyncClient) -> None:
    stored = await upload(client)

    await client.delete(f"{FILES}/{stored['file_id']}")

    assert files_kept(box) == []


async def test_a_deleted_files_record_stays_readable(client: AsyncClient) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert (record["is_deleted"], record["filename"]) == (True, "clip.mp4")


async def test_a_file_cannot_be_deleted_twice(client: AsyncClient) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    again = await client.delete(f"{FILES}/{stored['file_id']}")

    assert problem(again) == (404, "NOT_FOUND")


async def test_a_list_leaves_deleted_files_out(client: AsyncClient) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    assert (await client.get(FILES)).json()["files"] == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_somebody_elses_file_looks_like_none(
    client: AsyncClient, stranger: AsyncClient, method: str
) -> None:
    stored = await upload(client)

    refused = await stranger.request(method, f"{FILES}/{stored['file_id']}")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_an_administrator_may_delete_anybodys_file(
    client: AsyncClient, admin: AsyncClient
) -> None:
    stored = await upload(client)

    deleted = await admin.delete(f"{FILES}/{stored['file_id']}")

    assert deleted.status_code == 200
