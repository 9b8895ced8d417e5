"""Storage URLs on a box where they expire."""

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.jobs.files import FileStatus
from tests.builders import make_body
from tests.fakes import Receiver, Script, answer
from tests.integration.box import FILES, RUN, Box, Outside, open_box, problem, show, submit, upload

HOUR = 3600
CONTENT = b"content"
GONE = "There is no such file, or its address has expired, or it was deleted."


@pytest.fixture
async def box(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    async with open_box(tmp_path, outside, url_hours=2) as opened:
        yield opened


@pytest.fixture
async def stored(client: AsyncClient) -> dict[str, Any]:
    return await upload(client, CONTENT)


@pytest.fixture
def url(stored: dict[str, Any]) -> str:
    return str(stored["storage_url"])


def bare(url: str) -> str:
    """Return the address without its seal."""
    start, _, name = url.rsplit("/", 2)
    return f"{start}/{name}"


async def test_an_address_is_good_for_as_long_as_it_is_set(
    box: Box, anonymous: AsyncClient, url: str
) -> None:
    box.clock.advance(2 * HOUR - 1)

    assert (await anonymous.get(url)).content == CONTENT
    assert (await anonymous.head(url)).status_code == 200
    assert (await anonymous.get(url, headers={"Range": "bytes=1-2"})).content == b"on"


async def test_a_download_can_still_be_asked_for(anonymous: AsyncClient, url: str) -> None:
    served = await anonymous.get(url, params={"download": "1"})

    assert served.headers["Content-Disposition"].startswith("attachment; ")


async def test_an_expired_address_is_answered_like_one_that_never_was(
    box: Box, anonymous: AsyncClient, url: str
) -> None:
    box.clock.advance(2 * HOUR)

    expired = await anonymous.get(url)
    unknown = await anonymous.get(url.replace("/files/", "/files/x"))

    assert problem(expired) == problem(unknown) == (404, "NOT_FOUND")
    assert expired.json()["message"] == unknown.json()["message"] == GONE


async def test_a_token_alone_opens_nothing(anonymous: AsyncClient, url: str) -> None:
    assert problem(await anonymous.get(bare(url))) == (404, "NOT_FOUND")


async def test_a_seal_opens_no_other_file(
    client: AsyncClient, anonymous: AsyncClient, url: str
) -> None:
    other = str((await upload(client))["storage_url"])
    mixed = "/".join([*other.split("/")[:5], *url.split("/")[5:]])

    assert problem(await anonymous.get(mixed)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("by", [-1, 1, 10**6])
async def test_an_address_cannot_be_made_to_last_longer(
    anonymous: AsyncClient, url: str, by: int
) -> None:
    start, seal, name = url.rsplit("/", 2)
    version, expires_at, mac = seal.split(".")

    refused = await anonymous.get(f"{start}/{version}.{int(expires_at) + by}.{mac}/{name}")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_every_look_at_a_file_shows_a_fresh_address(
    box: Box, client: AsyncClient, anonymous: AsyncClient, stored: dict[str, Any]
) -> None:
    box.clock.advance(3 * HOUR)

    shown = (await client.get(f"{FILES}/{stored['file_id']}")).json()["storage_url"]
    listed = (await client.get(FILES)).json()["files"][0]["storage_url"]

    assert (await anonymous.get(shown)).content == CONTENT
    assert (await anonymous.get(listed)).content == CONTENT


async def test_every_poll_shows_a_fresh_address(
    box: Box, client: AsyncClient, anonymous: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)
    box.clock.advance(3 * HOUR)

    for path in ("/api/v1", "/v1"):
        polled = (await client.get(f"{path}/commands/{command_id}")).json()
        served = await anonymous.get(polled["output_files"]["out_clip"]["storage_url"])
        assert served.content == b"written by the script"


async def test_a_webhook_carries_an_address_that_is_fresh_when_it_is_sent(
    box: Box, client: AsyncClient, anonymous: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/hook"] = answer(b"")
    command_id = await submit(client, make_body(webhook_url=f"{receiver.url}/hook"))
    await box.work_until_final(command_id)
    box.clock.advance(3 * HOUR)

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)

    told = json.loads(receiver.posted().body)["data"]["output_files"]["out_clip"]
    assert (await anonymous.get(told["storage_url"])).content == b"written by the script"


async def test_a_playlist_and_what_it_names_are_served_for_the_same_time(
    box: Box, client: AsyncClient, anonymous: AsyncClient
) -> None:
    box.executor.script = Script(writes={"a.m3u8": b"sub/a.ts\n", "sub/a.ts": b"segment"})
    body = make_body(
        ffmpeg_command="-i x {{out_playlist_a}}", output_files={"out_playlist_a": "a.m3u8"}
    )
    command_id = await submit(client, body)
    await box.work_until_final(command_id)
    polled: Any = await show(client, command_id)
    url = polled["output_files"]["out_playlist_a"]["storage_url"]

    manifest = await anonymous.get(url)
    segment = urljoin(url, manifest.text.strip())
    assert (await anonymous.get(segment)).content == b"segment"

    box.clock.advance(2 * HOUR)
    assert problem(await anonymous.get(segment)) == (404, "NOT_FOUND")


async def submitted(client: AsyncClient, source: str) -> tuple[int, str]:
    """Submit a command with this input; return the status and what is said of it."""
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": source})
    answered = await client.post(RUN, json=body)
    return answered.status_code, answered.json().get("message", "")


async def test_a_good_address_is_an_input_for_everybody(
    box: Box, stranger: AsyncClient, url: str
) -> None:
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": url})

    report = await box.work_until_final(await submit(stranger, body))

    assert report.job.spec.inputs["in_a"].file_id
    assert box.executor.inputs == [{"in_a.mp4": CONTENT}]


@pytest.mark.parametrize("form", [str, bare])
async def test_an_expired_or_bare_address_is_an_input_for_who_sees_the_file(
    box: Box, client: AsyncClient, admin: AsyncClient, url: str, form: Callable[[str], str]
) -> None:
    box.clock.advance(2 * HOUR)

    assert (await submitted(client, form(url)))[0] == 202
    assert (await submitted(admin, form(url)))[0] == 202


@pytest.mark.parametrize("form", [str, bare])
async def test_an_expired_or_bare_address_is_no_input_for_anybody_else(
    box: Box, stranger: AsyncClient, url: str, form: Callable[[str], str]
) -> None:
    box.clock.advance(2 * HOUR)

    status_code, message = await submitted(stranger, form(url))

    assert status_code == 400
    assert message.startswith("in_a is an address of this box that has expired;")


async def test_validating_says_the_same(box: Box, stranger: AsyncClient, url: str) -> None:
    box.clock.advance(2 * HOUR)
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": url})

    refused = await stranger.post("/api/v1/validate", json=body)

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == ["input_files", "in_a"]


async def test_storing_and_probing_follow_the_same_rule(
    box: Box, client: AsyncClient, stranger: AsyncClient, url: str
) -> None:
    box.clock.advance(2 * HOUR)
    answers: dict[str, list[int]] = {}

    for path, field in ((f"{FILES}/store-file", "file_url"), ("/api/v1/probe", "url")):
        asked = [await each.post(path, json={field: url}) for each in (client, stranger)]
        answers[field] = [each.status_code for each in asked]

    assert answers == {"file_url": [200, 422], "url": [200, 400]}


async def test_a_file_is_stored_from_an_address_that_expires_meanwhile(
    box: Box, stranger: AsyncClient, url: str
) -> None:
    wanted = (await stranger.post(f"{FILES}/store-file", json={"file_url": url})).json()
    box.clock.advance(2 * HOUR)

    kept = await box.keep_until(wanted["file_id"])

    assert kept.status is FileStatus.STORED
