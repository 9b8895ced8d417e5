import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import Scope
from renderio_box.database import files
from renderio_box.jobs.files import FileKind, FileStatus
from tests.builders import make_file
from tests.integration import box as renderio
from tests.integration.box import NOWHERE, Box, files_kept, speaking_to
from tests.integration.rendi_client import FILE_FIELDS, FILES, UPLOAD, upload


async def test_an_upload_is_answered_as_in_the_other_dialect(client: AsyncClient) -> None:
    stored = await upload(client)

    assert stored.keys() == (await renderio.upload(client)).keys()
    assert stored["filename"] == "clip.mp4"


async def test_an_uploads_address_works_when_it_is_answered(
    client: AsyncClient, anonymous: AsyncClient
) -> None:
    stored = await upload(client, b"some content")

    assert (await anonymous.get(stored["storage_url"])).content == b"some content"


async def test_an_upload_over_the_limit_of_bodies_but_not_its_own_is_taken(
    client: AsyncClient,
) -> None:
    assert await upload(client, bytes(2 * renderio.MAX_BODY_BYTES))


async def test_a_record_has_what_is_known_and_nothing_else(client: AsyncClient) -> None:
    stored = await upload(client)

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert record.keys() == FILE_FIELDS
    assert (record["status"], record["rendi_store_type"]) == ("STORED", "UPLOAD")
    assert record["storage_url"] == stored["storage_url"]


async def test_a_file_of_an_unknown_type_says_so(client: AsyncClient) -> None:
    answered = await client.post(UPLOAD, files={"file": ("notes.xyz", b"?")})

    record = (await client.get(f"{FILES}/{answered.json()['file_id']}")).json()

    assert record["file_type"] == "other"


@pytest.mark.parametrize(
    ("status", "word"), [(FileStatus.WAITING, "QUEUED"), (FileStatus.FETCHING, "DOWNLOADING")]
)
async def test_a_file_that_is_to_be_fetched_says_how_far_it_is(
    box: Box, client: AsyncClient, status: FileStatus, word: str
) -> None:
    file = make_file(
        kind=FileKind.STORED_FILE,
        status=status,
        source_url="https://a.test/clip.mp4",
        size_bytes=None,
        sha256=None,
    )
    async with box.database.transaction() as tx:
        await files.insert(tx, file)

    record = (await client.get(f"{FILES}/{file.id}")).json()

    assert (record["status"], record["original_file_url"]) == (word, "https://a.test/clip.mp4")


async def test_a_file_of_one_dialect_is_a_file_of_the_other(client: AsyncClient) -> None:
    of_renderio, of_rendi = await renderio.upload(client), await upload(client)

    for file_id in (of_renderio["file_id"], of_rendi["file_id"]):
        shown = await client.get(f"{FILES}/{file_id}")
        other = await client.get(f"{renderio.FILES}/{file_id}")
        assert shown.json()["sha256"] == other.json()["sha256"]


async def test_a_deleted_file_keeps_its_record(box: Box, client: AsyncClient) -> None:
    file_id = (await upload(client))["file_id"]

    deleted = await client.delete(f"{FILES}/{file_id}")

    assert (deleted.status_code, deleted.json()) == (200, {"deleted": True, "file_id": file_id})
    assert files_kept(box) == []
    assert (await client.get(f"{FILES}/{file_id}")).json()["is_deleted"] is True


async def test_a_file_cannot_be_deleted_twice(client: AsyncClient) -> None:
    file_id = (await upload(client))["file_id"]
    await client.delete(f"{FILES}/{file_id}")

    again = await client.delete(f"{FILES}/{file_id}")

    assert (again.status_code, list(again.json())) == (404, ["detail"])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_somebody_elses_file_looks_like_none(
    client: AsyncClient, stranger: AsyncClient, method: str
) -> None:
    file_id = (await upload(client))["file_id"]

    hidden = await stranger.request(method, f"{FILES}/{file_id}")
    unknown = await stranger.request(method, f"{FILES}/{NOWHERE}")

    assert (hidden.status_code, hidden.text.replace(file_id, NOWHERE)) == (404, unknown.text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", UPLOAD),
        ("GET", FILES),
        ("GET", f"{FILES}/{NOWHERE}"),
        ("DELETE", f"{FILES}/{NOWHERE}"),
    ],
)
async def test_a_key_without_the_scope_is_refused(
    box: Box, app: Litestar, method: str, path: str
) -> None:
    async with speaking_to(app, await box.key("ann", Scope.SUBMIT)) as client:
        refused = await client.request(method, path)

    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
