"""Asking for a file to be fetched and kept: what is taken, what is refused, what is shown."""

import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from tests.fakes import Receiver, answer
from tests.integration.box import FILES, Box, problem, speaking_to, upload

STORE = "/api/v1/files/store-file"
RENDI = "/v1/files/store-file"
BOTH = pytest.mark.parametrize("path", [STORE, RENDI])
URL = "https://media.test/a/clip.mp4?x=1"


async def test_a_wanted_file_is_answered_at_once(client: AsyncClient) -> None:
    answered = await client.post(STORE, json={"file_url": URL})

    shown = answered.json()
    assert (answered.status_code, shown.keys()) == (
        200,
        {"file_id", "storage_url", "filename", "size_mbytes"},
    )
    assert (shown["filename"], shown["size_mbytes"]) == ("clip.mp4", None)
    assert str(shown["storage_url"]).endswith("/clip.mp4")


async def test_rendi_is_answered_with_the_id_alone(client: AsyncClient) -> None:
    answered = await client.post(RENDI, json={"file_url": URL})

    assert (answered.status_code, answered.json().keys()) == (200, {"file_id"})


async def test_the_record_of_a_wanted_file_says_that_it_is_on_its_way(client: AsyncClient) -> None:
    stored = (await client.post(STORE, json={"url": URL})).json()

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert {
        name: record[name]
        for name in ("status", "rendi_store_type", "original_file_url", "size_mbytes", "sha256")
    } == {
        "status": "PROCESSING",
        "rendi_store_type": "STORED_FILE",
        "original_file_url": URL,
        "size_mbytes": None,
        "sha256": None,
    }
    assert record["storage_url"] == stored["storage_url"]


async def test_a_wanted_file_is_not_served_before_it_is_stored(
    client: AsyncClient, anonymous: AsyncClient
) -> None:
    stored = (await client.post(STORE, json={"url": URL})).json()

    assert problem(await anonymous.get(stored["storage_url"])) == (404, "NOT_FOUND")


async def test_a_wanted_file_is_among_the_files(client: AsyncClient) -> None:
    stored = (await client.post(STORE, json={"url": URL})).json()

    (listed,) = (await client.get(FILES)).json()["files"]

    assert (listed["file_id"], listed["status"]) == (stored["file_id"], "PROCESSING")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"url": "http://a.test/clip.mp4"}, "clip.mp4"),
        ({"url": "http://a.test/clip.mp4", "filename": "mine.mov"}, "mine.mov"),
        ({"file_url": "http://a.test/clip.mp4", "filename": "mine.mov"}, "mine.mov"),
        ({"file_url": "http://a.test/x.mp4", "url": "http://a.test/x.mp4"}, "x.mp4"),
        ({"url": "http://a.test"}, "upload"),
        ({"url": "http://a.test/"}, "upload"),
        ({"url": "http://a.test/my%20clip%20%C3%BC.mp4"}, "my clip ü.mp4"),
        ({"url": "http://a.test/..%2F..%2Fpasswd"}, "passwd"),
        ({"url": "http://a.test/a%00%0Db.mp4"}, "a__b.mp4"),
        ({"url": "http://a.test/x.mp4", "unknown": [1]}, "x.mp4"),
    ],
)
async def test_a_wanted_file_is_named(
    client: AsyncClient, body: dict[str, object], name: str
) -> None:
    assert (await client.post(STORE, json=body)).json()["filename"] == name


@BOTH
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "file_url"),
        ({"file_url": None}, "file_url"),
        ({"filename": "clip.mp4"}, "file_url"),
        ({"file_url": 5}, "file_url"),
        ({"file_url": ["http://a.test/x"]}, "file_url"),
        ({"url": {"a": 1}}, "url"),
        ({"file_url": ""}, "file_url"),
        ({"file_url": "clip.mp4"}, "file_url"),
        ({"url": "ftp://a.test/x"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://a.test:99999/x"}, "url"),
        ({"url": "http://a.test/\nx"}, "url"),
        ({"url": "http://a.test/" + "x" * 9000}, "url"),
        ({"file_url": "http://a.test/x", "url": "http://a.test/y"}, "url"),
        ({"url": "http://a.test/x", "filename": ""}, "filename"),
        ({"url": "http://a.test/x", "filename": ".."}, "filename"),
        ({"url": "http://a.test/x", "filename": "../x.mp4"}, "filename"),
        ({"url": "http://a.test/x", "filename": "a\\x.mp4"}, "filename"),
        ({"url": "http://a.test/x", "filename": "a\u0000.mp4"}, "filename"),
        ({"url": "http://a.test/x", "filename": ".hidden"}, "filename"),
        ({"url": "http://a.test/x", "filename": "x" * 300}, "filename"),
        ({"url": "http://a.test/x", "filename": 7}, "filename"),
    ],
)
async def test_what_does_not_describe_a_file_is_refused(
    shared_client: AsyncClient, path: str, body: dict[str, object], field: str
) -> None:
    refused = await shared_client.post(path, json=body)

    assert (refused.status_code, refused.json()["detail"][0]["loc"][-1]) == (422, field)


@BOTH
@pytest.mark.parametrize("body", ["[]", '"x"', "3"])
async def test_a_body_that_is_no_object_is_refused(
    shared_client: AsyncClient, path: str, body: str
) -> None:
    refused = await shared_client.post(
        path, content=body, headers={"Content-Type": "application/json"}
    )

    assert refused.status_code == 422


@pytest.mark.parametrize("body", ["{", '{"url": "http://a.test/x", "filename": "\\ud800.mp4"}'])
async def test_a_body_that_is_no_json_is_refused(shared_client: AsyncClient, body: str) -> None:
    refused = await shared_client.post(
        STORE, content=body, headers={"Content-Type": "application/json"}
    )

    assert problem(refused) == (400, "INVALID_REQUEST")


@BOTH
async def test_nobody_stores_files_without_a_key(shared_anonymous: AsyncClient, path: str) -> None:
    refused = await shared_anonymous.post(path, json={"file_url": URL})

    assert refused.status_code == 401


async def test_a_deleted_file_of_ours_cannot_be_stored_again(client: AsyncClient) -> None:
    gone = await upload(client)
    await client.delete(f"{FILES}/{gone['file_id']}")

    refused = await client.post(STORE, json={"url": gone["storage_url"]})

    assert problem(refused) == (422, "VALIDATION_ERROR")


async def test_a_file_that_is_still_on_its_way_cannot_be_stored_again(client: AsyncClient) -> None:
    awaited = (await client.post(STORE, json={"url": URL})).json()

    refused = await client.post(STORE, json={"file_url": awaited["storage_url"]})

    assert (problem(refused), refused.json()["detail"][0]["loc"]) == (
        (422, "VALIDATION_ERROR"),
        ["file_url"],
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_somebody_elses_wanted_file_looks_like_none(
    client: AsyncClient, stranger: AsyncClient, method: str
) -> None:
    stored = (await client.post(STORE, json={"url": URL})).json()

    refused = await stranger.request(method, f"{FILES}/{stored['file_id']}")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_wanted_file_of_ours_may_be_anybodys_whose_address_is_known(
    box: Box, client: AsyncClient, stranger: AsyncClient
) -> None:
    original = await upload(client, b"shared")
    stored = (await stranger.post(STORE, json={"url": original["storage_url"]})).json()

    await box.keep_until(stored["file_id"])

    assert (await stranger.get(stored["storage_url"])).content == b"shared"


async def test_a_full_box_notes_a_wanted_file_and_says_later_why_it_is_not_there(
    full_box: Box, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"x" * 100)
    async with speaking_to(create_app(full_box.parts), await full_box.key("ann")) as client:
        url = f"{receiver.url}/clip.mp4"
        stored = (await client.post(STORE, json={"url": url})).json()

        await full_box.keep_until(stored["file_id"])

        record = (await client.get(f"{FILES}/{stored['file_id']}")).json()
    assert (record["status"], record["error_status"], record["error_message"]) == (
        "FAILED",
        "STORAGE_FULL",
        "clip.mp4 could not be fetched: the disk was full.",
    )
