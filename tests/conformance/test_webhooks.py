"""Section 9: being told when a command has ended."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from tests.conformance.client import (
    BLACK,
    BUSY_S,
    NOWHERE,
    PNG_OUT,
    RENDI,
    Client,
    Problem,
    Record,
    eventually,
    problem_of,
)
from tests.conformance.receiver import Place, Received, Receiver
from tests.conformance.shapes import (
    identifier,
    is_one_of,
    moment,
    null,
    or_null,
    positive,
    text,
    url,
    whole,
    wrong_fields,
)

CONFIG = "/webhook-config"
DELIVERIES = "/webhook-deliveries"
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes, ok").decode()
DELIVERED = {
    "delivery_id": identifier,
    "command_id": identifier,
    "kind": text,
    "url": url,
    "status": is_one_of("delivered"),
    "attempts": is_one_of(1),
    "created_at": moment,
    "next_attempt_at": null,
    "last_attempt_at": moment,
    "last_status_code": is_one_of(200),
    "last_error": null,
    "finished_at": moment,
}
PENDING = {
    **DELIVERED,
    "status": is_one_of("pending"),
    "attempts": whole,
    "next_attempt_at": moment,
    "last_attempt_at": or_null(moment),
    "last_status_code": or_null(positive),
    "last_error": or_null(text),
    "finished_at": null,
}


@pytest.fixture
def hook(receiver: Receiver) -> Place:
    """Where webhooks are taken."""
    return receiver.answering(200)


@pytest.fixture
def owner(newcomer: Client, hook: Place) -> Iterator[Client]:
    """Somebody who has set up the hook, with a secret."""
    configured(newcomer, hook.url, SECRET)
    yield newcomer
    newcomer.delete(CONFIG)


def configured(client: Client, address: str, secret: str | None = None) -> Record:
    body = {"url": address} | ({} if secret is None else {"secret": secret})
    answer = client.put(CONFIG, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def deliveries(client: Client, **parameters: object) -> list[Record]:
    return list(client.fetch(DELIVERIES, **parameters)["deliveries"])


def body_of(received: Received) -> Record:
    return dict(json.loads(received.body))


def settled(client: Client, **parameters: object) -> list[Record]:
    """Return the deliveries as soon as one of them has been tried."""

    def look() -> list[Record] | None:
        found = deliveries(client, **parameters)
        return found if any(each["attempts"] for each in found) else None

    return eventually(look)


def test_a_hook_is_set_up_and_shown_without_its_secret(newcomer: Client, hook: Place) -> None:
    answered = configured(newcomer, hook.url, SECRET)

    shown = newcomer.get(CONFIG)
    assert answered == {"success": True, "url": hook.url}
    assert shown.json() == {
        "configured": True,
        "url": hook.url,
        "is_active": True,
        "consecutive_failures": 0,
        "disabled_at": None,
    }
    assert SECRET not in shown.text


def test_without_a_hook_there_is_nothing_to_show(newcomer: Client) -> None:
    assert newcomer.fetch(CONFIG) == {"configured": False}


def test_a_hook_is_replaced(newcomer: Client, receiver: Receiver) -> None:
    first, second = receiver.answering(200), receiver.answering(200)
    configured(newcomer, first.url)

    configured(newcomer, second.url)
    newcomer.run()

    assert newcomer.fetch(CONFIG)["url"] == second.url
    assert (len(second.wait()), first.received) == (1, [])


def test_a_hook_is_removed(newcomer: Client, hook: Place) -> None:
    configured(newcomer, hook.url)

    answer = newcomer.delete(CONFIG)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert newcomer.fetch(CONFIG) == {"configured": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": None},
        {"url": 5},
        {"url": ""},
        {"url": "no url"},
        {"url": "ftp://example.com/hook"},
        {"url": "http://"},
        {"url": "https://example.com/hook", "secret": 5},
    ],
)
def test_a_hook_that_is_not_described_rightly_is_refused(newcomer: Client, body: Record) -> None:
    problem = problem_of(newcomer.put(CONFIG, body))

    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")
    assert newcomer.fetch(CONFIG) == {"configured": False}


def test_everybody_has_a_hook_of_their_own(owner: Client, stranger: Client, hook: Place) -> None:
    stranger.run()
    mine = owner.run()["command_id"]

    [received] = hook.wait()

    assert stranger.fetch(CONFIG) == {"configured": False}
    assert body_of(received)["data"]["command_id"] == mine


def test_a_success_is_told_with_the_poll_response(owner: Client, hook: Place) -> None:
    polled = owner.run(metadata={"order": "A-17"})

    [received] = hook.wait()

    body = body_of(received)
    assert received.method == "POST"
    assert body.keys() == {"data", "timestamp"}
    assert body["data"] == polled


def test_a_failure_is_told_as_well(owner: Client, hook: Place) -> None:
    polled = owner.run("-f lavfi -i nosuchsource {{out_1}}")

    [received] = hook.wait()

    assert polled["status"] == "FAILED"
    assert body_of(received)["data"] == polled


def test_the_timestamp_is_in_milliseconds(owner: Client, hook: Place) -> None:
    owner.run()

    [received] = hook.wait()

    timestamp = body_of(received)["timestamp"]
    sent_s = int(received.headers["webhook-timestamp"])
    assert isinstance(timestamp, int)
    assert timestamp / 1000 == pytest.approx(sent_s, abs=30)


def test_the_headers_say_what_it_is(owner: Client, hook: Place) -> None:
    owner.run()

    headers = hook.wait()[0].headers

    assert headers["content-type"].startswith("application/json")
    assert headers["user-agent"] == "RenderIO-Webhook/1.0"
    assert identifier(headers["webhook-id"])


def test_the_body_is_signed_with_the_secret(owner: Client, hook: Place) -> None:
    owner.run()

    [received] = hook.wait()

    expected = hmac.new(SECRET.encode(), received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-webhook-signature"] == expected


def test_the_signature_of_standard_webhooks_stands_beside_it(owner: Client, hook: Place) -> None:
    owner.run()

    [received] = hook.wait()

    headers = received.headers
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), received.body)
    )
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{digest}" in headers["webhook-signature"].split()


def test_without_a_secret_nothing_is_signed(newcomer: Client, hook: Place) -> None:
    configured(newcomer, hook.url)
    newcomer.run()

    headers = hook.wait()[0].headers

    assert headers.keys().isdisjoint({"x-webhook-signature", "webhook-signature"})


def test_any_text_may_be_the_secret(newcomer: Client, hook: Place) -> None:
    configured(newcomer, hook.url, "Geheimnis, kein Base64: äöü")
    newcomer.run()

    [received] = hook.wait()

    expected = hmac.new(
        "Geheimnis, kein Base64: äöü".encode(), received.body, hashlib.sha256
    ).hexdigest()
    assert received.headers["x-webhook-signature"] == expected


def test_the_hook_of_a_command_takes_the_place_of_the_owners(
    owner: Client, hook: Place, receiver: Receiver
) -> None:
    own = receiver.answering(200)

    polled = owner.run(webhook_url=own.url)

    [received] = own.wait()
    assert body_of(received)["data"]["command_id"] == polled["command_id"]
    assert [each["url"] for each in settled(owner)] == [own.url]
    assert hook.received == []


def test_a_chain_is_told_once(owner: Client, hook: Place) -> None:
    body = {
        "ffmpeg_commands": [f"{BLACK} {{{{out_1}}}}", "-i {{out_1}} -f null -"],
        "input_files": {},
        "output_files": PNG_OUT,
    }

    command_id = owner.accepted("/run-chained-ffmpeg-commands", body)

    [received] = hook.wait()
    assert body_of(received)["data"]["command_type"] == "CHAINED_COMMAND"
    assert len(settled(owner, command_id=command_id)) == 1


def test_a_command_of_rendi_is_told_in_its_words(owner: Client, hook: Place) -> None:
    polled = owner.speaking(RENDI).run()

    [received] = hook.wait()

    assert body_of(received)["data"] == polled


def test_a_cancelled_command_is_told(owner: Client, hook: Place) -> None:
    with owner.endless():
        pass

    assert body_of(hook.wait()[0])["data"]["error_status"] == "CANCELLED"


def test_a_delivery_that_fails_is_repeated_after_five_seconds(
    newcomer: Client, receiver: Receiver
) -> None:
    place = receiver.answering(500, 200)
    configured(newcomer, place.url, SECRET)
    newcomer.run()

    place.wait()
    [waiting] = settled(newcomer)
    first, second = place.wait(2)

    assert (wrong_fields(waiting, PENDING), waiting["last_status_code"]) == ({}, 500)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert body_of(first)["data"] == body_of(second)["data"]
    assert 3 <= second.at - first.at <= 10 + BUSY_S


def test_redirects_are_not_followed(newcomer: Client, receiver: Receiver) -> None:
    elsewhere = receiver.answering(200)
    place = receiver.answering(302, location=elsewhere.url)
    configured(newcomer, place.url)

    newcomer.run()

    [waiting] = settled(newcomer)
    assert (waiting["status"], waiting["last_status_code"]) == ("pending", 302)
    assert elsewhere.received == []


@pytest.mark.parametrize("status", [201, 204])
def test_every_2xx_is_a_success(newcomer: Client, receiver: Receiver, status: int) -> None:
    configured(newcomer, receiver.answering(status).url)
    newcomer.run()

    def delivered() -> list[Record]:
        return [each for each in deliveries(newcomer) if each["status"] == "delivered"]

    [delivery] = eventually(delivered)
    assert delivery["last_status_code"] == status


def test_where_nobody_listens_is_said_in_words(newcomer: Client) -> None:
    configured(newcomer, "http://127.0.0.1:9/hook")
    newcomer.run()

    [waiting] = settled(newcomer)

    assert wrong_fields(waiting, PENDING) == {}
    assert (waiting["last_status_code"], text(waiting["last_error"])) == (None, True)


def test_deliveries_are_listed_newest_first(owner: Client, hook: Place) -> None:
    first, second = owner.run()["command_id"], owner.run()["command_id"]
    hook.wait(2)

    page = owner.fetch(DELIVERIES, limit=5)

    assert [each["command_id"] for each in page["deliveries"]] == [second, first]
    assert (page["limit"], page["offset"]) == (5, 0)


def test_a_delivery_is_listed_with_every_field(owner: Client, hook: Place) -> None:
    command_id = owner.run()["command_id"]

    def delivered() -> list[Record]:
        found = deliveries(owner, command_id=command_id)
        return [each for each in found if each["status"] == "delivered"]

    [delivery] = eventually(delivered)
    assert wrong_fields(delivery, DELIVERED) == {}
    assert (delivery["command_id"], delivery["url"]) == (command_id, hook.url)
    assert delivery["delivery_id"] == hook.wait()[0].headers["webhook-id"]


def test_deliveries_of_others_are_not_listed(owner: Client, stranger: Client, hook: Place) -> None:
    command_id = owner.run()["command_id"]
    hook.wait()

    assert deliveries(stranger) == deliveries(stranger, command_id=command_id) == []


def test_a_delivery_is_replayed(owner: Client, hook: Place) -> None:
    owner.run()
    hook.wait()
    delivery_id = deliveries(owner)[0]["delivery_id"]
    eventually(lambda: deliveries(owner)[0]["status"] == "delivered")

    answer = owner.call("POST", f"{DELIVERIES}/{delivery_id}/replay")

    first, second = hook.wait(2)
    assert (answer.status_code, answer.json()["command_id"]) == (
        202,
        body_of(first)["data"]["command_id"],
    )
    assert body_of(second)["data"] == body_of(first)["data"]


def test_somebody_elses_delivery_is_not_replayed(
    owner: Client, stranger: Client, hook: Place
) -> None:
    owner.run()
    hook.wait()
    delivery_id = deliveries(owner)[0]["delivery_id"]

    theirs = stranger.call("POST", f"{DELIVERIES}/{delivery_id}/replay")
    unknown = stranger.call("POST", f"{DELIVERIES}/{NOWHERE}/replay")

    assert problem_of(theirs) == problem_of(unknown) == Problem(404, "NOT_FOUND")


def test_a_hook_can_be_tried(owner: Client, hook: Place) -> None:
    answer = owner.call("POST", f"{CONFIG}/test")

    [received] = hook.wait()
    expected = hmac.new(SECRET.encode(), received.body, hashlib.sha256).hexdigest()
    assert (answer.status_code, answer.json()["success"]) == (202, True)
    assert received.headers["webhook-id"] == answer.json()["delivery_id"]
    assert received.headers["x-webhook-signature"] == expected
    assert body_of(received).keys() == {"data", "timestamp"}


def test_without_a_hook_there_is_nothing_to_try(newcomer: Client) -> None:
    problem = problem_of(newcomer.call("POST", f"{CONFIG}/test"))

    assert 400 <= problem.status < 500


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"offset": -1}])
def test_a_bad_query_for_deliveries_is_refused(client: Client, query: Record) -> None:
    problem = problem_of(client.get(DELIVERIES, **query))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")
