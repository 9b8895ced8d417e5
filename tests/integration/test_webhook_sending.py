import base64
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from typing import LiteralString

import anyio
import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs

from renderio_box.companions import accompanied_by
from renderio_box.queue.history import JobReport
from renderio_box.webhooks.dispatcher import CRASHED, Dispatcher
from renderio_box.webhooks.sender import Sender
from tests.builders import make_body
from tests.fakes import Answer, Receiver, answer, receiving
from tests.integration.box import COMMANDS, Box, show, submit
from tests.integration.webhook_steps import (
    CONFIG,
    configure,
    ended,
    has_ended,
    listed,
    until_all,
    until_attempted,
    until_ended,
    until_pending,
)

HUSH = "hush"
ENCODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HANGS = Answer(raw=b"", stays_silent=True)
WELL = answer(b"")


@pytest.fixture
async def other_receiver() -> AsyncGenerator[Receiver]:
    """Return a receiver at another address, which takes whatever comes to /in."""
    async with receiving() as opened:
        opened.answers["/in"] = WELL
        yield opened


async def test_a_command_that_succeeds_is_told_as_polling_shows_it(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await configure(client, f"{receiver.url}/in")
    command_id = await submit(client, make_body(metadata={"order": 7}))
    await box.work_until_final(command_id)

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    told = json.loads(receiver.posted().body)
    assert told["data"] == await show(client, command_id)
    assert (told["data"]["status"], told["data"]["metadata"]) == ("SUCCESS", {"order": 7})
    assert told["timestamp"] == 1_767_268_800_000


async def test_the_urls_of_a_webhook_begin_as_its_caller_reached_the_box(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    command_id = await submit(client, make_body(webhook_url=f"{receiver.url}/in"))
    await box.work_until_final(command_id)

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    files = json.loads(receiver.posted().body)["data"]["output_files"]
    assert files["out_clip"]["storage_url"].startswith("http://box.test/files/")


async def test_a_command_that_fails_is_told_with_its_reason(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    told = json.loads(receiver.posted().body)["data"]
    assert (told["status"], told["error_status"]) == ("FAILED", "CANCELLED")


async def test_a_webhook_is_a_post_of_json(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await ended(client, webhook_url=f"{receiver.url}/in?token=1")

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    headers = receiver.posted().headers
    assert receiver.requests[0].startswith(b"POST /in?token=1 HTTP/1.1\r\n")
    assert (headers["content-type"], headers["user-agent"]) == (
        "application/json",
        "RenderIO-Webhook/1.0",
    )


async def test_a_webhook_is_signed_in_both_ways(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await configure(client, f"{receiver.url}/in", secret=ENCODED)
    await ended(client)

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    sent = receiver.posted()
    content = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(ENCODED.removeprefix("whsec_"))
    standard = base64.b64encode(hmac.digest(key, content + sent.body, "sha256")).decode()
    assert sent.headers["webhook-signature"] == f"v1,{standard}"
    assert (
        sent.headers["x-webhook-signature"]
        == hmac.new(ENCODED.encode(), sent.body, hashlib.sha256).hexdigest()
    )


async def test_a_commands_own_webhook_is_signed_with_the_owners_secret(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await configure(client, "https://hook.example/in", secret=HUSH)
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    sent = receiver.posted()
    expected = hmac.new(HUSH.encode(), sent.body, hashlib.sha256).hexdigest()
    assert sent.headers["x-webhook-signature"] == expected


async def test_without_a_secret_a_webhook_has_no_signature(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await configure(client, f"{receiver.url}/in")
    await ended(client)

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    headers = receiver.posted().headers
    assert not {"x-webhook-signature", "webhook-signature"} & headers.keys()
    assert headers["webhook-id"] == delivery.id


async def test_credentials_of_the_url_are_sent_as_such(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    url = f"{receiver.url}/in".replace("http://", "http://ann:pass@")
    await ended(client, webhook_url=url)

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    assert receiver.posted().headers["authorization"] == "Basic YW5uOnBhc3M="


async def test_a_test_looks_like_a_command_that_succeeded(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await configure(client, f"{receiver.url}/in")
    delivery_id = (await client.post(f"{CONFIG}/test")).json()["delivery_id"]
    real = await show(client, await submit(client, make_body()))

    async with accompanied_by(box.dispatcher.run):
        await until_ended(box)

    told = json.loads(receiver.posted().body)["data"]
    assert told.keys() == real.keys()
    assert (told["command_id"], told["status"], told["metadata"]) == (
        delivery_id,
        "SUCCESS",
        {"test": True},
    )
    assert told["log_url"].startswith("http://box.test/")


async def test_a_test_that_fails_is_over(box: Box, client: AsyncClient, receiver: Receiver) -> None:
    await configure(client, f"{receiver.url}/nowhere")
    await client.post(f"{CONFIG}/test")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    assert (delivery.status, delivery.attempts, delivery.last_answer) == ("failed", 1, 404)
    assert (await client.get(CONFIG)).json()["consecutive_failures"] == 0


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 No Content", "299 Fine"])
async def test_any_good_answer_means_arrived(
    box: Box, client: AsyncClient, receiver: Receiver, status: str
) -> None:
    receiver.answers["/in"] = answer(b"", status=status)
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    assert (delivery.status, delivery.last_answer) == ("delivered", int(status[:3]))


@pytest.mark.parametrize(
    ("told", "status_code", "error"),
    [
        (answer(b"", status="500 Oops"), 500, "The receiver answered 500."),
        (answer(b"", status="410 Gone"), 410, "The receiver answered 410."),
        (
            answer(b"", status="302 Found", headers={"Location": "/elsewhere"}),
            302,
            "The receiver answered 302; redirects are not followed.",
        ),
        (
            Answer(raw=b""),
            None,
            "The receiver hung up before it had answered, or did not speak HTTP.",
        ),
        (
            Answer(raw=b"nonsense\r\n\r\n"),
            None,
            "The receiver hung up before it had answered, or did not speak HTTP.",
        ),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n"),
            None,
            "The receiver hung up before it had answered, or did not speak HTTP.",
        ),
        (HANGS, None, "The receiver did not answer within 1 seconds."),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\n", stays_silent=True),
            None,
            "The receiver did not answer within 1 seconds.",
        ),
        (
            Answer(raw=b"", endlessly=b"HTTP/1.1 100 Continue\r\n\r\n"),
            None,
            "The receiver hung up before it had answered, or did not speak HTTP.",
        ),
    ],
)
async def test_anything_else_is_a_failed_attempt(
    box: Box,
    client: AsyncClient,
    receiver: Receiver,
    told: Answer,
    status_code: int | None,
    error: str,
) -> None:
    receiver.answers["/in"] = told
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 1)

    assert (delivery.status, delivery.last_answer) == ("pending", status_code)
    assert delivery.last_error == error


async def test_a_receiver_that_is_not_there_is_a_failed_attempt(
    box: Box, client: AsyncClient
) -> None:
    async with receiving() as gone:
        url = gone.url
    await ended(client, webhook_url=f"{url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_attempted(box, 1)

    assert delivery.last_error == "No connection to the receiver could be made."


async def test_a_redirect_is_not_followed(
    box: Box, client: AsyncClient, receiver: Receiver, other_receiver: Receiver
) -> None:
    target = {"Location": f"{other_receiver.url}/in", "Content-Length": "0"}
    receiver.answers["/in"] = answer(b"", status="307 Moved", headers=target)
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_attempted(box, 1)

    assert other_receiver.requests == []


async def test_a_body_without_an_end_is_not_read(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = Answer(raw=b"HTTP/1.1 200 OK\r\n\r\n", endlessly=b"x" * 65_536)
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        delivery = await until_ended(box)

    assert delivery.status == "delivered"


async def test_a_receivers_cookie_is_not_sent_back(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    cookie = {"Set-Cookie": "session=1; Path=/", "Content-Length": "0"}
    receiver.answers["/in"] = answer(b"", headers=cookie)
    await ended(client, webhook_url=f"{receiver.url}/in")
    await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert "cookie" not in receiver.posted(1).headers


async def test_receivers_that_hang_leave_places_to_others(
    box: Box, client: AsyncClient, receiver: Receiver, other_receiver: Receiver
) -> None:
    receiver.answers = dict.fromkeys((f"/{number}" for number in range(12)), HANGS)
    for path in receiver.answers:
        await ended(client, webhook_url=receiver.url + path)
    await ended(client, webhook_url=f"{other_receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(2)
        await other_receiver.until_asked(1)

    assert receiver.most_at_once == 2


async def test_one_receiver_gets_everything_in_the_end(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    for _ in range(9):
        await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await until_all(box, has_ended)

    assert len(receiver.requests) == 9


async def test_eight_are_sent_at_once_and_no_more(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    # Names that all mean this machine, so that each counts as a receiver of its own.
    names = ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1")
    receiver.answers["/in"] = HANGS
    for name in (*names, *names):
        await ended(client, webhook_url=receiver.url.replace("127.0.0.1", name) + "/in")

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(8)
        await receiver.until_asked(10)

    assert receiver.most_at_once == 8


async def test_a_message_that_cannot_be_made_is_given_up_alone(
    box: Box, client: AsyncClient, receiver: Receiver, sender: Sender
) -> None:
    receiver.answers["/in"] = WELL
    broken = await ended(client, webhook_url=f"{receiver.url}/in")
    whole = await ended(client, webhook_url=f"{receiver.url}/in")

    def describe(report: JobReport) -> bytes:
        if report.job.id == broken:
            raise ValueError("A row that nobody understands.")
        return b"{}"

    dispatcher = Dispatcher(
        outbox=box.outbox,
        history=box.history,
        describe=describe,
        sender=sender,
        clock=box.clock,
        wakeup=box.delivery_wakeup,
    )
    async with accompanied_by(dispatcher.run):
        await until_all(box, has_ended)

    ends = {each["command_id"]: each for each in await listed(client)}
    assert (ends[broken]["status"], ends[broken]["last_error"]) == ("failed", CRASHED)
    assert ends[whole]["status"] == "delivered"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE jobs SET metadata = 'none'",
        "UPDATE jobs SET spec = '{}'",
        "UPDATE deliveries SET created_at = 'never'",
        "UPDATE deliveries SET due_at = '0'",
    ],
)
async def test_a_row_that_cannot_be_read_is_given_up_alone(
    box: Box, client: AsyncClient, receiver: Receiver, damage: LiteralString
) -> None:
    receiver.answers["/in"] = WELL
    await ended(client, webhook_url=f"{receiver.url}/in")
    async with box.database.transaction() as tx:
        await tx.execute(damage, {})
    whole = await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)
        await until_pending(box, 0)

    assert json.loads(receiver.posted().body)["data"]["command_id"] == whole


async def test_what_cannot_be_recorded_is_not_sent_at_once_again(
    box: Box, client: AsyncClient, receiver: Receiver, other_receiver: Receiver
) -> None:
    receiver.answers["/in"] = WELL
    await ended(client, webhook_url=f"{receiver.url}/in")
    async with box.database.transaction() as tx:
        await tx.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF attempts ON deliveries WHEN OLD.url LIKE '%/in'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END",
            {},
        )

    async with accompanied_by(box.dispatcher.run):
        recorded = box.outbox.next_record
        with anyio.fail_after(30):
            await recorded.wait()
        await ended(client, webhook_url=f"{other_receiver.url}/in?later")
        await other_receiver.until_asked(1)

    assert len(receiver.requests) == 1


async def test_an_attempt_is_logged_without_secrets(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/hidden"] = WELL
    await configure(client, f"{receiver.url}/hidden?token=1", secret=HUSH)
    await ended(client)

    with capture_logs() as lines:
        async with accompanied_by(box.dispatcher.run):
            delivery = await until_ended(box)

    assert lines == [
        {
            "event": "webhook_attempted",
            "log_level": "info",
            "delivery": delivery.id,
            "job": delivery.job_id,
            "request_id": (await box.report(delivery.job_id)).job.request_id,
            "to": receiver.url,
            "attempt": 1,
            "answer": 200,
            "error": None,
            "status": "delivered",
        }
    ]


async def test_polling_goes_on_while_a_receiver_hangs(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in"] = HANGS
    command_id = await ended(client, webhook_url=f"{receiver.url}/in")

    async with accompanied_by(box.dispatcher.run):
        await receiver.until_asked(1)
        polled = await client.get(f"{COMMANDS}/{command_id}")

    assert polled.status_code == 200
