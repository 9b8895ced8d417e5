"""Looking at files without keeping them."""

from pathlib import Path

import anyio
import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.api.renderio.wire import FileRecord
from renderio_box.catalog import inspection
from renderio_box.catalog.keys import Scope
from tests.fakes import Answer, Receiver, ScriptedProber, answer
from tests.integration.box import (
    FILES,
    MAX_INPUT_BYTES,
    NOWHERE,
    Box,
    files_kept,
    problem,
    speaking_to,
    upload,
)

PROBE = "/api/v1/probe"
FIELDS = {*FileRecord.__struct_fields__, "streams", "format"}


def left_in_work(box: Box) -> list[Path]:
    return list((box.root / "work").iterdir())


async def test_a_stored_file_is_described_with_its_record(box: Box, client: AsyncClient) -> None:
    stored = await upload(client)

    probed = (await client.post(PROBE, json={"file_id": stored["file_id"]})).json()

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()
    streams = [{"codec_name": "h264"}]
    assert probed == record | {"streams": streams, "format": {"filename": "clip.mp4"}}
    assert left_in_work(box) == []


async def test_a_file_at_a_url_is_described_and_not_kept(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content")
    url = f"{receiver.url}/clip.mp4?x=1"

    answered = await client.post(PROBE, json={"url": url})

    probed = answered.json()
    assert (answered.status_code, probed.keys()) == (200, FIELDS)
    assert {name: value for name, value in probed.items() if value is not None} == {
        "filename": "clip.mp4",
        "original_file_url": url,
        "size_mbytes": 7 / 1_048_576,
        "mime_type": "video/mp4",
        "file_type": "video",
        "file_format": "mp4",
        "codec": "h264",
        "duration": 2.5,
        "width": 64,
        "height": 48,
        "streams": [{"codec_name": "h264"}],
        "format": {"filename": "clip.mp4"},
    }
    assert files_kept(box) == []
    assert (await client.get(FILES)).json()["files"] == []


async def test_a_url_without_extension_gets_that_of_its_media_type(
    client: AsyncClient, receiver: Receiver
) -> None:
    headers = {"Content-Type": "video/webm", "Content-Length": "1"}
    receiver.answers["/watch"] = answer(b"x", headers=headers)

    probed = (await client.post(PROBE, json={"url": f"{receiver.url}/watch"})).json()

    assert (probed["filename"], probed["file_type"]) == ("watch.webm", "video")


async def test_an_address_of_ours_is_taken_from_disk(client: AsyncClient) -> None:
    stored = await upload(client, b"content", "sound.mp4")

    probed = (await client.post(PROBE, json={"url": stored["storage_url"]})).json()

    assert (probed["filename"], probed["codec"], probed["file_id"]) == ("sound.mp4", "h264", None)


async def test_what_is_no_media_has_no_streams(client: AsyncClient, prober: ScriptedProber) -> None:
    prober.unreadable.add("clip.mp4")
    stored = await upload(client)

    answered = await client.post(PROBE, json={"file_id": stored["file_id"]})

    probed = answered.json()
    assert (answered.status_code, probed["streams"], probed["format"], probed["codec"]) == (
        200,
        [],
        {},
        None,
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": None},
        {"url": "http://a.test/x", "file_id": NOWHERE},
        {"url": 5},
        {"file_id": ["x"]},
        {"url": ""},
        {"url": "clip.mp4"},
        {"url": "file:///etc/passwd"},
        {"url": "data:,x"},
    ],
)
async def test_what_names_no_single_file_is_refused(
    shared_client: AsyncClient, body: dict[str, object]
) -> None:
    assert problem(await shared_client.post(PROBE, json=body)) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("file_id", [NOWHERE, "not-an-id", ""])
async def test_a_file_that_is_not_there_is_not_found(
    shared_client: AsyncClient, file_id: str
) -> None:
    refused = await shared_client.post(PROBE, json={"file_id": file_id})

    assert problem(refused) == (404, "NOT_FOUND")


async def test_somebody_elses_file_looks_like_none(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    stored = await upload(client)

    refused = await stranger.post(PROBE, json={"file_id": stored["file_id"]})

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_deleted_file_cannot_be_looked_at(client: AsyncClient) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    by_id = await client.post(PROBE, json={"file_id": stored["file_id"]})
    by_url = await client.post(PROBE, json={"url": stored["storage_url"]})

    assert problem(by_id) == problem(by_url) == (400, "INVALID_REQUEST")


async def test_a_file_whose_bytes_are_lost_is_not_found(box: Box, client: AsyncClient) -> None:
    stored = await upload(client)
    (kept,) = (box.root / "files").rglob("*.mp4")
    kept.unlink()

    refused = await client.post(PROBE, json={"file_id": stored["file_id"]})

    assert (problem(refused), left_in_work(box)) == ((404, "NOT_FOUND"), [])


async def test_a_file_that_is_still_on_its_way_cannot_be_looked_at(client: AsyncClient) -> None:
    body = {"url": "http://a.test/clip.mp4"}
    file_id = (await client.post(f"{FILES}/store-file", json=body)).json()["file_id"]

    refused = await client.post(PROBE, json={"file_id": file_id})

    assert problem(refused) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (answer(b"", status="404 Not Found"), "the server answered 404"),
        (
            answer(b"half", headers={"Content-Length": "9"}),
            "the server broke off before the file was complete",
        ),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", stays_silent=True),
            "the server did not answer in time",
        ),
    ],
    ids=["missing", "broken off", "silent"],
)
async def test_a_url_that_cannot_be_fetched_is_refused(
    client: AsyncClient, receiver: Receiver, told: Answer, reason: str
) -> None:
    receiver.answers["/clip.mp4"] = told

    refused = await client.post(PROBE, json={"url": f"{receiver.url}/clip.mp4"})

    assert (problem(refused), refused.json()["detail"][0]["loc"]) == (
        (400, "INVALID_REQUEST"),
        ["url"],
    )
    assert refused.json()["message"] == f"url could not be fetched: {reason}."


async def test_a_url_over_the_limit_is_refused(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(bytes(2 * MAX_INPUT_BYTES), headers={})

    refused = await client.post(PROBE, json={"url": f"{receiver.url}/clip.mp4"})

    assert (problem(refused), files_kept(box)) == ((413, "PAYLOAD_TOO_LARGE"), [])


async def test_a_full_box_fetches_nothing_to_look_at(full_box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content")
    async with speaking_to(create_app(full_box.parts), await full_box.key("ann")) as client:
        refused = await client.post(PROBE, json={"url": f"{receiver.url}/clip.mp4"})

    assert problem(refused) == (503, "STORAGE_FULL")


async def test_looking_at_a_file_is_bounded_in_time(
    box: Box, client: AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "INSPECTION_SECONDS", 0.05)
    receiver.answers["/clip.mp4"] = Answer(raw=b"", stays_silent=True)

    with anyio.fail_after(30):
        refused = await client.post(PROBE, json={"url": f"{receiver.url}/clip.mp4"})

    assert (problem(refused), files_kept(box)) == ((400, "INVALID_REQUEST"), [])
    assert refused.json()["message"].startswith("url: the file could not be looked at within")


async def test_looking_needs_the_scope_to_read(box: Box) -> None:
    app = create_app(box.parts)
    async with speaking_to(app, await box.key("ann", Scope.FILES)) as client:
        refused = await client.post(PROBE, json={"file_id": NOWHERE})

    assert problem(refused) == (403, "FORBIDDEN")


async def test_nobody_looks_without_a_key(shared_anonymous: AsyncClient) -> None:
    refused = await shared_anonymous.post(PROBE, json={"file_id": NOWHERE})

    assert refused.status_code == 401
