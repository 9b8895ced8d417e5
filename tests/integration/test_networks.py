"""A box that may not contact this machine: what callers are told of it, everywhere."""

from collections.abc import AsyncGenerator

import pytest
from httpx import AsyncClient
from msgspec.structs import replace
from structlog.testing import capture_logs

from renderio_box.companions import accompanied_by
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.connector import looked_up
from renderio_box.inputs.download import Downloader
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.jobs.files import FileStatus
from renderio_box.networks import opened_by
from renderio_box.webhooks.sender import Sender
from tests.builders import make_body
from tests.fakes import Receiver, answer
from tests.integration.box import (
    BOUNDS,
    COMMANDS,
    FILES,
    SENT_WITHIN_S,
    Box,
    Outside,
    show,
    submit,
    upload,
)
from tests.integration.webhook_steps import ended, until_attempted

PRIVATE = "has a loopback address; the operator can allow it with network.allow."
METADATA = "has a cloud metadata address, which the box never contacts."


async def door_or_what_it_is(host: str, port: int) -> tuple[str, ...]:
    return ("127.0.0.1",) if host == "door.test" else await looked_up(host, port)


@pytest.fixture
async def outside(outside: Outside) -> AsyncGenerator[Outside]:
    """A world as on a default start, but for one name that is opened."""
    policy = NetworkPolicy(opened_by(["door.test"]))
    downloader = Downloader(BOUNDS, OutboundTransport(policy, look_up=door_or_what_it_is))
    sender = Sender(OutboundTransport(policy, look_up=door_or_what_it_is), within_s=SENT_WITHIN_S)
    yield replace(outside, downloader=downloader, sender=sender)
    await downloader.close()
    await sender.close()


def reading(url: str) -> dict[str, object]:
    return make_body(ffmpeg_command="-i {{in_video}} {{out_clip}}", input_files={"in_video": url})


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:{port}/x", PRIVATE), ("http://169.254.169.254/x", METADATA)],
)
async def test_a_command_whose_input_is_not_public_fails(
    box: Box, client: AsyncClient, receiver: Receiver, url: str, reason: str
) -> None:
    command_id = await submit(client, reading(url.format(port=receiver.url.rpartition(":")[2])))

    await box.work_until_final(command_id)

    polled = await show(client, command_id)
    assert (polled["status"], polled["error_status"]) == ("FAILED", "INPUT_REFUSED")
    assert polled["error_message"] == f"in_video was not fetched: its host {reason}"
    assert (receiver.requests, box.executor.executions) == ([], [])


async def test_who_listens_makes_no_difference(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    there = await submit(client, reading(f"{receiver.url}/clip.mp4"))
    not_there = await submit(client, reading("http://127.0.0.1:9/clip.mp4"))

    await box.work_until_final(there)
    await box.work_until_final(not_there)

    said = [(await show(client, each))["error_message"] for each in (there, not_there)]
    assert said[0] == said[1]


async def test_a_command_whose_input_redirects_to_this_machine_fails(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    target = {"Location": f"{receiver.url}/secret.mp4", "Content-Length": "0"}
    receiver.answers["/clip.mp4"] = answer(b"", status="302 Found", headers=target)
    door = receiver.url.replace("127.0.0.1", "door.test")
    command_id = await submit(client, reading(f"{door}/clip.mp4"))

    await box.work_until_final(command_id)

    polled = await show(client, command_id)
    assert (polled["error_status"], polled["error_message"]) == (
        "INPUT_REFUSED",
        f"in_video was not fetched: it is redirected to a host that {PRIVATE}",
    )
    assert len(receiver.requests) == 1


async def test_an_input_from_a_name_that_is_opened_is_fetched(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content")
    door = receiver.url.replace("127.0.0.1", "door.test")
    command_id = await submit(client, reading(f"{door}/clip.mp4"))

    await box.work_until_final(command_id)

    assert (await show(client, command_id))["status"] == "SUCCESS"


async def test_the_boxs_own_files_are_inputs_without_any_setting(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    stored = str((await upload(client))["storage_url"])
    here = stored.replace("http://box.test", receiver.url)
    command_id = await submit(client, reading(here))

    await box.work_until_final(command_id)

    assert (await show(client, command_id))["status"] == "SUCCESS"
    assert receiver.requests == []


async def test_an_archive_that_is_not_public_fails_the_command(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    body = make_body(ffmpeg_command="-i a.mp4 {{out_clip}}", input_files={})
    del body["input_files"]
    command_id = await submit(client, body | {"input_compressed_folder": f"{receiver.url}/a.zip"})

    await box.work_until_final(command_id)

    polled = await show(client, command_id)
    assert (polled["error_status"], polled["error_message"]) == (
        "INPUT_REFUSED",
        f"input_compressed_folder was not fetched: its host {PRIVATE}",
    )


async def test_a_file_to_store_that_is_not_public_has_failed(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    body = {"file_url": f"{receiver.url}/clip.mp4"}
    file_id = (await client.post(f"{FILES}/store-file", json=body)).json()["file_id"]

    await box.keep_until(file_id, FileStatus.FAILED)

    record = (await client.get(f"{FILES}/{file_id}")).json()
    assert (record["status"], record["error_status"], record["error_message"]) == (
        "FAILED",
        "INPUT_REFUSED",
        f"clip.mp4 was not fetched: its host {PRIVATE}",
    )
    assert receiver.requests == []


async def test_a_file_of_the_boxs_own_is_stored_once_more_without_any_setting(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    here = str((await upload(client))["storage_url"]).replace("http://box.test", receiver.url)
    file_id = (await client.post(f"{FILES}/store-file", json={"url": here})).json()["file_id"]

    file = await box.keep_until(file_id)

    assert (file.status, receiver.requests) == (FileStatus.STORED, [])


async def test_what_is_not_public_is_not_probed(client: AsyncClient, receiver: Receiver) -> None:
    refused = await client.post("/api/v1/probe", json={"url": f"{receiver.url}/clip.mp4"})

    assert (refused.status_code, refused.json()["error"]) == (400, "INVALID_REQUEST")
    assert refused.json()["message"] == f"url was not fetched: its host {PRIVATE}"
    assert refused.json()["detail"][0]["loc"] == ["url"]
    assert receiver.requests == []


async def test_a_webhook_to_what_is_not_public_is_a_failed_attempt(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 1)

    assert (delivery.status, delivery.last_answer) == ("pending", None)
    assert delivery.last_error == f"The receiver {PRIVATE}"
    assert receiver.requests == []


async def test_the_log_says_by_which_rule(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    command_id = await submit(client, reading(f"{receiver.url}/clip.mp4?token=secret"))

    with capture_logs() as lines:
        await box.work_until_final(command_id)

    assert [line for line in lines if line["event"] == "address_refused"] == [
        {
            "event": "address_refused",
            "log_level": "info",
            "host": "127.0.0.1",
            "rule": "loopback (127.0.0.0/8)",
            "setting": "network.allow",
        }
    ]


async def test_a_command_can_be_submitted_whatever_its_input(client: AsyncClient) -> None:
    command_id = await submit(client, reading("http://169.254.169.254/clip.mp4"))

    assert (await client.get(f"{COMMANDS}/{command_id}")).json()["status"] == "QUEUED"
