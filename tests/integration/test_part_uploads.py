"""Uploads in parts: begun, sent, completed."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from httpx import AsyncClient

from renderio_box.api import part_uploads
from renderio_box.api.app import create_app
from renderio_box.jobs.files import MediaInfo
from tests.fakes import ScriptedProber
from tests.integration.box import (
    FILES,
    MAX_UPLOAD_BYTES,
    NOWHERE,
    Box,
    files_kept,
    problem,
    speaking_to,
    upload,
)
from tests.integration.part_upload import CONTENT, INIT, PART, Begun, begin, claim


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def stored(client: AsyncClient, content: bytes = CONTENT) -> dict[str, Any]:
    """Upload in parts; return the record."""
    begun = await begin(client, content)
    completed = await begun.complete(await begun.send_all())
    assert completed.status_code == 200, completed.text
    return dict(completed.json())


async def test_an_upload_is_begun_with_an_address_for_every_part(client: AsyncClient) -> None:
    body = {"filename": "clip.mp4", "size_bytes": 2500}

    begun = (await client.post(INIT, json=body)).json()

    assert begun.keys() == {"file_id", "part_size", "upload_urls"}
    assert begun["part_size"] == PART
    assert len(set(begun["upload_urls"])) == 3
    assert [url.rpartition("/")[2] for url in begun["upload_urls"]] == ["1", "2", "3"]


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
async def test_both_dialects_take_uploads_in_parts(client: AsyncClient, prefix: str) -> None:
    body = {"filename": "clip.mp4", "size_bytes": "1000"}
    begun = await client.post(f"{prefix}/files/init-upload", json=body)
    sent = await client.put(begun.json()["upload_urls"][0], content=bytes(1000))

    path = f"{prefix}/files/{begun.json()['file_id']}/complete-upload"
    completed = await client.post(path, json={"parts": [claim(1, sent)]})

    assert (completed.status_code, completed.json()["status"]) == (200, "STORED")


async def test_a_completed_upload_is_the_file(client: AsyncClient) -> None:
    record = await stored(client)

    assert (record["status"], record["rendi_store_type"], record["codec"], record["filename"]) == (
        "STORED",
        "UPLOAD",
        "h264",
        "clip.mp4",
    )
    assert record["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (await client.get(record["storage_url"])).content == CONTENT


@pytest.mark.parametrize("size", [1, PART - 1, PART, PART + 1, 2 * PART, 5 * PART + 3])
async def test_any_size_can_be_uploaded(client: AsyncClient, size: int) -> None:
    content = bytes(number % 251 for number in range(size))

    record = await stored(client, content)

    assert (await client.get(record["storage_url"])).content == content


async def test_an_upload_that_is_not_complete_is_on_its_way(client: AsyncClient) -> None:
    begun = await begin(client)
    await begun.send(1)

    record = await begun.record()

    assert (record["status"], record["rendi_store_type"], record["size_mbytes"]) == (
        "PROCESSING",
        "UPLOAD",
        None,
    )
    assert problem(await client.get(record["storage_url"])) == (404, "NOT_FOUND")


async def test_a_part_needs_no_key(client: AsyncClient, anonymous: AsyncClient) -> None:
    begun = await begin(client)

    sent = await anonymous.put(begun.urls[0], content=CONTENT[:PART])

    digest = hashlib.sha256(CONTENT[:PART]).hexdigest()
    assert (sent.status_code, sent.headers["ETag"], sent.content) == (200, f'"{digest}"', b"")


@pytest.mark.parametrize("size", [1, 7, 999, 1000])
async def test_a_part_does_not_depend_on_how_it_is_split(client: AsyncClient, size: int) -> None:
    begun = await begin(client)

    sent = await client.put(begun.urls[0], content=in_pieces(CONTENT[:PART], size))

    assert sent.headers["ETag"] == f'"{hashlib.sha256(CONTENT[:PART]).hexdigest()}"'


async def test_parts_may_come_in_any_order_and_side_by_side(client: AsyncClient) -> None:
    begun = await begin(client, bytes(range(256)) * 40)
    claims: list[dict[str, Any]] = []

    async def send(number: int) -> None:
        claims.append(claim(number, await begun.send(number)))

    async with anyio.create_task_group() as sending:
        for number in range(len(begun.urls), 0, -1):
            sending.start_soon(send, number)
    record = (await begun.complete(claims)).json()

    assert (await client.get(record["storage_url"])).content == begun.content


async def test_a_part_that_is_sent_again_takes_the_place_of_the_earlier(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)
    await begun.send(1, b"x" * PART)
    claims = await begun.send_all()

    assert len(files_kept(box)) == 3
    record = (await begun.complete(claims)).json()
    assert (await client.get(record["storage_url"])).content == CONTENT


async def test_a_part_that_is_sent_again_at_the_same_time_is_kept_once(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)

    async with anyio.create_task_group() as sending:
        for _ in range(5):
            sending.start_soon(begun.send, 1)

    assert len(files_kept(box)) == 1


@pytest.mark.parametrize("length", [0, 1, PART - 1])
async def test_a_part_that_is_too_short_is_not_kept(
    box: Box, client: AsyncClient, length: int
) -> None:
    begun = await begin(client)

    refused = await begun.send(1, bytes(length))

    assert (problem(refused), files_kept(box)) == ((400, "INVALID_REQUEST"), [])


async def test_a_last_part_that_is_too_long_is_not_kept(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)

    refused = await begun.send(3, bytes(PART))

    assert (problem(refused), files_kept(box)) == ((400, "INVALID_REQUEST"), [])
    assert refused.json()["message"] == "Part 3 of this upload has 560 bytes, not 1000."


@pytest.mark.parametrize("size", [None, 300])
async def test_a_part_that_is_larger_than_any_is_refused(
    box: Box, client: AsyncClient, size: int | None
) -> None:
    begun = await begin(client)
    content = bytes(PART + 1)

    refused = await client.put(
        begun.urls[0], content=content if size is None else in_pieces(content, size)
    )

    assert (problem(refused), files_kept(box)) == ((413, "PAYLOAD_TOO_LARGE"), [])


async def test_a_part_that_never_ends_is_stopped_while_it_is_read(client: AsyncClient) -> None:
    begun = await begin(client)
    taken: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(100)

    refused = await client.put(begun.urls[0], content=endless())

    assert (problem(refused), len(taken) < 20) == ((413, "PAYLOAD_TOO_LARGE"), True)


async def test_a_part_that_comes_to_a_standstill_is_given_up(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_uploads, "SILENT_SECONDS", 0.05)
    begun = await begin(client)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"begun"
        await anyio.sleep_forever()

    refused = await client.put(begun.urls[0], content=stalling())

    assert (problem(refused), files_kept(box)) == ((400, "INVALID_REQUEST"), [])


async def test_a_part_that_breaks_off_is_not_kept(box: Box, client: AsyncClient) -> None:
    begun = await begin(client)

    status_code = await break_off(box, begun.urls[0], CONTENT[: PART // 2])

    assert (status_code, files_kept(box)) == (400, [])


async def break_off(box: Box, url: str, begun: bytes) -> object:
    """Send the beginning of a body and hang up; return the status that nobody hears."""
    events: list[dict[str, object]] = [
        {"type": "http.request", "body": begun, "more_body": True},
        {"type": "http.disconnect"},
    ]
    statuses: list[object] = []
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": url.removeprefix("http://box.test"),
        "raw_path": url.removeprefix("http://box.test").encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"box.test")],
        "client": ("127.0.0.1", 1),
        "server": ("box.test", 80),
    }

    async def receive() -> dict[str, object]:
        return events.pop(0)

    async def send(message: dict[str, object]) -> None:
        statuses.append(message.get("status"))

    await create_app(box.parts)(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize("number", ["0", "4", "-1", "99999999999999999999", "one", "1.0", ""])
async def test_a_part_that_is_none_is_not_found(client: AsyncClient, number: str) -> None:
    begun = await begin(client)
    base = begun.urls[0].rpartition("/")[0]

    refused = await client.put(f"{base}/{number}", content=bytes(PART))

    assert problem(refused) == (404, "NOT_FOUND")


@pytest.mark.parametrize("token", ["x" * 43, "x", "%00", "a%2Fb"])
async def test_a_wrong_token_opens_nothing(shared_anonymous: AsyncClient, token: str) -> None:
    refused = await shared_anonymous.put(f"/uploads/{token}/1", content=b"x")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_files_own_token_takes_no_parts(client: AsyncClient) -> None:
    token = (await (await begin(client)).record())["storage_url"].split("/")[-2]

    assert problem(await client.put(f"/uploads/{token}/1", content=b"x")) == (404, "NOT_FOUND")


async def test_a_completed_upload_takes_no_more_parts(client: AsyncClient) -> None:
    begun = await begin(client)
    await begun.complete(await begun.send_all())

    assert problem(await begun.send(1)) == (404, "NOT_FOUND")


async def test_completing_leaves_nothing_but_the_file(box: Box, client: AsyncClient) -> None:
    record = await stored(client)

    assert files_kept(box) == [f"{record['file_id']}.mp4"]


@pytest.mark.parametrize("shown", ['"{}"', "{}", ' "{}" ', "{}".upper()])
async def test_an_etag_may_be_quoted_or_not(client: AsyncClient, shown: str) -> None:
    begun = await begin(client)
    claims = [
        {**each, "etag": shown.format(each["etag"].strip('"'))} for each in await begun.send_all()
    ]

    assert (await begun.complete(claims[::-1])).status_code == 200


async def incomplete(begun: Begun, case: str) -> list[dict[str, Any]]:
    """Send all parts and return a list of them that is wrong about the second."""
    first, second, third = await begun.send_all()
    return {
        "not listed": [first, third],
        "listed twice": [first, second, second, third],
        "another's ETag": [first, {**second, "etag": third["etag"]}, third],
        "no ETag": [first, {**second, "etag": ""}, third],
    }[case]


@pytest.mark.parametrize("case", ["not listed", "listed twice", "another's ETag", "no ETag"])
async def test_a_list_of_parts_that_is_wrong_is_refused_and_nothing_is_lost(
    client: AsyncClient, case: str
) -> None:
    begun = await begin(client)

    refused = await begun.complete(await incomplete(begun, case))

    assert (problem(refused), refused.json()["detail"][0]["loc"]) == (
        (422, "VALIDATION_ERROR"),
        ["parts", "2"],
    )
    assert (await begun.complete(await begun.send_all())).status_code == 200


async def test_a_part_that_has_not_arrived_is_named(client: AsyncClient) -> None:
    begun = await begin(client)
    first, third = claim(1, await begun.send(1)), claim(3, await begun.send(3))

    refused = await begun.complete([first, {**third, "part_number": 2}, third])

    assert (problem(refused), refused.json()["message"]) == (
        (422, "VALIDATION_ERROR"),
        "Part 2 has not arrived; send it to its upload URL, then complete again.",
    )
    assert (await begun.complete([first, claim(2, await begun.send(2)), third])).status_code == 200


@pytest.mark.parametrize("number", [0, 4, -1, 10**30])
async def test_a_part_that_does_not_exist_is_refused(client: AsyncClient, number: int) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    refused = await begun.complete([*claims, {"part_number": number, "etag": "x"}])

    assert problem(refused) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"parts": []},
        {"parts": None},
        {"parts": "1"},
        {"parts": [1]},
        {"parts": [{"part_number": 1}]},
        {"parts": [{"part_number": "one", "etag": "x"}]},
        {"parts": [{"part_number": 1, "etag": None}]},
        {"parts": [{"part_number": 1, "etag": "x"}] * 1001},
    ],
)
async def test_what_lists_no_parts_is_refused(
    shared_client: AsyncClient, body: dict[str, object]
) -> None:
    refused = await shared_client.post(f"{FILES}/{NOWHERE}/complete-upload", json=body)

    assert problem(refused) == (422, "VALIDATION_ERROR")


async def test_completing_twice_answers_the_record_again(client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    first = await begun.complete(claims)

    again = await begun.complete(claims)

    assert (again.status_code, again.json()) == (200, first.json())


async def test_completing_again_with_other_parts_is_refused(client: AsyncClient) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    await begun.complete(claims)

    refused = await begun.complete([{**claims[0], "etag": "x"}, *claims[1:]])

    assert problem(refused) == (422, "VALIDATION_ERROR")


async def test_of_two_that_complete_at_once_both_get_the_record(
    box: Box, client: AsyncClient
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()
    records: list[Any] = []

    async def complete() -> None:
        records.append((await begun.complete(claims)).json())

    async with anyio.create_task_group() as completing:
        completing.start_soon(complete)
        completing.start_soon(complete)

    assert records[0] == records[1]
    assert (records[0]["status"], len(files_kept(box))) == ("STORED", 1)


class Meddler(ScriptedProber):
    """Lets something happen while an upload is joined."""

    def __init__(self) -> None:
        super().__init__()
        self.meddle: Callable[[], Awaitable[None]] | None = None

    async def probe(self, path: Path, filename: str) -> MediaInfo:
        if self.meddle is not None:
            await self.meddle()
        return await super().probe(path, filename)


@pytest.fixture
def prober() -> Meddler:
    return Meddler()


async def test_a_part_that_changes_while_the_upload_is_completed_is_named(
    client: AsyncClient, prober: Meddler
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    async def send_again() -> None:
        claims[1] = claim(2, await begun.send(2, b"y" * PART))

    prober.meddle = send_again
    refused = await begun.complete(claims)
    prober.meddle = None

    assert (problem(refused), refused.json()["detail"][0]["loc"]) == (
        (422, "VALIDATION_ERROR"),
        ["parts", "2"],
    )
    record = (await begun.complete(claims)).json()
    content = CONTENT[:PART] + b"y" * PART + CONTENT[2 * PART :]
    assert (await client.get(record["storage_url"])).content == content


async def test_a_file_that_is_deleted_while_it_is_completed_stays_deleted(
    box: Box, client: AsyncClient, prober: Meddler
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    async def delete() -> None:
        await client.delete(f"{FILES}/{begun.file_id}")

    prober.meddle = delete
    refused = await begun.complete(claims)
    await box.part_uploads.clear_away()

    assert (problem(refused), files_kept(box)) == ((404, "NOT_FOUND"), [])


async def test_an_upload_that_is_no_media_is_kept_as_what_its_name_says(
    client: AsyncClient, prober: Meddler
) -> None:
    prober.unreadable.add("clip.mp4")

    record = await stored(client)

    assert (record["status"], record["file_type"], record["codec"]) == ("STORED", "video", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filename": "clip.mp4"},
        {"size_bytes": 5},
        {"filename": "", "size_bytes": 5},
        {"filename": 5, "size_bytes": 5},
        {"filename": "clip.mp4", "size_bytes": 0},
        {"filename": "clip.mp4", "size_bytes": -5},
        {"filename": "clip.mp4", "size_bytes": 5.5},
        {"filename": "clip.mp4", "size_bytes": True},
        {"filename": "clip.mp4", "size_bytes": "much"},
        {"filename": "clip.mp4", "size_bytes": None},
        {"filename": "clip.mp4", "size_bytes": [5]},
    ],
)
async def test_what_does_not_describe_an_upload_is_refused(
    shared_client: AsyncClient, body: dict[str, object]
) -> None:
    assert problem(await shared_client.post(INIT, json=body)) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("size", [MAX_UPLOAD_BYTES + 1, 2**63, 10**40])
async def test_an_upload_over_the_limit_is_refused(shared_client: AsyncClient, size: int) -> None:
    refused = await shared_client.post(INIT, json={"filename": "clip.mp4", "size_bytes": size})

    assert problem(refused) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("sent", "kept"), [("../../clip.mp4", "clip.mp4"), ("..", "upload"), ("a\u0000b", "a_b")]
)
async def test_the_name_of_an_upload_is_made_harmless(
    client: AsyncClient, sent: str, kept: str
) -> None:
    begun = await begin(client, b"x", sent)

    assert (await begun.record())["filename"] == kept


async def test_a_full_box_begins_no_upload(full_box: Box) -> None:
    async with speaking_to(create_app(full_box.parts), await full_box.key("ann")) as client:
        refused = await client.post(INIT, json={"filename": "clip.mp4", "size_bytes": 5})

    assert problem(refused) == (503, "STORAGE_FULL")
    assert "Retry-After" in refused.headers


@pytest.mark.parametrize("path", [INIT, f"{FILES}/{NOWHERE}/complete-upload"])
async def test_nobody_uploads_without_a_key(shared_anonymous: AsyncClient, path: str) -> None:
    assert (await shared_anonymous.post(path, json={})).status_code == 401


async def test_nobody_completes_somebody_elses_upload(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    begun = await begin(client)
    claims = await begun.send_all()

    refused = await begun.complete(claims, client=stranger)

    assert problem(refused) == (404, "NOT_FOUND")
    assert (await begun.complete(claims)).status_code == 200


async def test_an_administrator_may_complete_anybodys_upload(
    client: AsyncClient, admin: AsyncClient
) -> None:
    begun = await begin(client)

    completed = await begun.complete(await begun.send_all(), client=admin)

    assert completed.status_code == 200


@pytest.mark.parametrize("file_id", [NOWHERE, "not-an-id"])
async def test_an_upload_that_is_none_cannot_be_completed(
    shared_client: AsyncClient, file_id: str
) -> None:
    body = {"parts": [{"part_number": 1, "etag": "x"}]}

    refused = await shared_client.post(f"{FILES}/{file_id}/complete-upload", json=body)

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_file_that_did_not_arrive_in_parts_cannot_be_completed(client: AsyncClient) -> None:
    whole = await upload(client)
    body = {"parts": [{"part_number": 1, "etag": "x"}]}

    refused = await client.post(f"{FILES}/{whole['file_id']}/complete-upload", json=body)

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_completed_upload_can_be_an_input(box: Box, client: AsyncClient) -> None:
    record = await stored(client)
    body = {
        "ffmpeg_command": "-i {{in_1}} {{out_1}}",
        "input_files": {"in_1": record["file_id"]},
        "output_files": {"out_1": "x.mp4"},
    }

    command = await client.post("/api/v1/run-ffmpeg-command", json=body)
    await box.work_until_final(command.json()["command_id"])

    assert box.executor.inputs == [{"in_1.mp4": CONTENT}]


async def test_an_upload_that_is_not_complete_cannot_be_an_input(client: AsyncClient) -> None:
    begun = await begin(client)
    body = {
        "ffmpeg_command": "-i {{in_1}} {{out_1}}",
        "input_files": {"in_1": begun.file_id},
        "output_files": {"out_1": "x.mp4"},
    }

    refused = await client.post("/api/v1/run-ffmpeg-command", json=body)

    assert problem(refused) == (400, "INVALID_REQUEST")
