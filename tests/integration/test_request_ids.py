"""A request has a name, and whatever becomes of it can be found by that name in the log."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from httpx import AsyncClient, Response
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from renderio_box.companions import accompanied_by
from renderio_box.database.connection import open_sqlite
from renderio_box.identifiers import JobId
from renderio_box.queue.history import History
from tests.builders import ADDRESSES, make_body
from tests.fakes import Receiver, answer
from tests.integration.box import COMMANDS, RUN, Box, submit, upload
from tests.integration.queue_steps import claimed, interrupted
from tests.integration.test_migration import QUEUED_OF_SCHEMA_6, older

MULTIPLE = "/api/v1/run-multiple-ffmpeg-commands"
NAME = "order-A17.step_3:retry"
OTHER = "another-request"

Line = MutableMapping[str, Any]


def named(name: str) -> dict[str, str]:
    return {"X-Request-Id": name}


async def submit_named(client: AsyncClient, **changes: object) -> str:
    accepted = await client.post(RUN, json=make_body(**changes), headers=named(NAME))
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["command_id"])


def told(lines: list[Line]) -> list[Line]:
    """Return the lines that an operator sees."""
    return [line for line in lines if line["log_level"] != "debug"]


def events(lines: list[Line]) -> list[str]:
    return [str(line["event"]) for line in told(lines)]


async def echoed(client: AsyncClient, name: str) -> str:
    answered = await client.get("/healthz", headers=named(name))
    return str(answered.headers["X-Request-Id"])


@pytest.mark.parametrize(
    "name", [NAME, "12345678", "A" * 128, "0197f2aa-5d3c-7b1e-8f00-0123456789ab"]
)
async def test_a_sane_name_is_taken_over(anonymous: AsyncClient, name: str) -> None:
    assert await echoed(anonymous, name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "short", "A" * 129, "a b c d e f g h", "-begins-badly", "<script>alert(1)</script>"),
        *("ffsk_" + "0" * 64, "name;drop=table", "x" * 8 + "\x7f", "caf\u00e9-caf\u00e9-caf\u00e9"),
    ],
)
async def test_another_name_is_replaced_by_ours(anonymous: AsyncClient, name: str) -> None:
    answered = await anonymous.get("/healthz", headers=[("X-Request-Id", name.encode("latin-1"))])

    ours = answered.headers["X-Request-Id"]
    assert (len(ours), ours.isalnum()) == (32, True)


async def test_two_names_are_none(anonymous: AsyncClient) -> None:
    answered = await anonymous.get(
        "/healthz", headers=[("X-Request-Id", NAME), ("X-Request-Id", OTHER)]
    )

    assert answered.headers["X-Request-Id"] not in {NAME, OTHER}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/elsewhere", 404), ("PUT", RUN, 405), ("POST", RUN, 401), ("GET", "/metrics", 200)],
)
async def test_every_answer_carries_the_name(
    anonymous: AsyncClient, method: str, path: str, status: int
) -> None:
    answered: Response = await anonymous.request(method, path, headers=named(NAME))

    assert (answered.status_code, answered.headers["X-Request-Id"]) == (status, NAME)


async def test_a_command_is_told_of_once_for_each_change(box: Box, client: AsyncClient) -> None:
    with capture_logs() as lines:
        command_id = await submit_named(client)
        await box.work_until_final(command_id)

    assert events(lines) == ["job_accepted", "job_started", "job_ended"]
    assert {(line["job"], line["request_id"]) for line in told(lines)} == {(command_id, NAME)}
    assert lines[-1] | {"run_seconds": 0} == {
        "event": "job_ended",
        "log_level": "info",
        "job": command_id,
        "request_id": NAME,
        "attempt": 1,
        "state": "succeeded",
        "error_status": None,
        "run_seconds": 0,
    }


async def test_a_command_that_fails_is_told_of_with_its_reason(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script.timed_out = True

    with capture_logs() as lines:
        await box.work_until_final(await submit_named(client))

    ended = lines[-1]
    assert (ended["event"], ended["state"], ended["error_status"]) == (
        *("job_ended", "failed"),
        "TIMEOUT",
    )


async def test_every_command_of_a_request_has_its_name(box: Box, client: AsyncClient) -> None:
    body = {"commands": [make_body(), make_body()]}

    accepted = await client.post(MULTIPLE, json=body, headers=named(NAME))

    ids = accepted.json()["command_ids"]
    assert {(await box.report(each)).job.request_id for each in ids} == {NAME}


async def test_a_request_that_is_repeated_is_told_of_once(client: AsyncClient) -> None:
    key = {"Idempotency-Key": "once"}

    with capture_logs() as lines:
        for name in (NAME, OTHER):
            await client.post(RUN, json=make_body(), headers=named(name) | key)

    assert events(lines) == ["job_accepted"]


async def test_a_refused_request_tells_of_no_command(client: AsyncClient) -> None:
    with capture_logs() as lines:
        await client.post(RUN, json=make_body(input_files={"in_a": "file:///etc/passwd"}))

    assert events(lines) == []


async def test_cancelling_what_waits_names_both_requests(client: AsyncClient) -> None:
    command_id = await submit_named(client)

    with capture_logs() as lines:
        await client.post(f"{COMMANDS}/{command_id}/cancel", headers=named(OTHER))

    (line,) = told(lines)
    assert (line["event"], line["state"]) == ("job_ended", "cancelled")
    assert (line["request_id"], line["cancelled_by"]) == (NAME, OTHER)


async def test_cancelling_what_runs_is_told_of_once(box: Box, client: AsyncClient) -> None:
    command_id = await submit_named(client)
    await claimed(box.queue)

    with capture_logs() as lines:
        for name in (OTHER, "once-more"):
            await client.post(f"{COMMANDS}/{command_id}/cancel", headers=named(name))

    (line,) = told(lines)
    assert (line["event"], line["request_id"], line["cancelled_by"]) == (
        *("job_cancel_requested", NAME),
        OTHER,
    )


async def test_a_command_that_died_with_the_box_keeps_its_name(
    box: Box, client: AsyncClient
) -> None:
    await submit_named(client)

    with capture_logs() as lines:
        for _ in range(3):
            await interrupted(box.queue)

    assert events(lines) == [
        *("job_started", "job_requeued", "job_started", "job_requeued"),
        *("job_started", "job_ended"),
    ]
    assert {line["request_id"] for line in told(lines)} == {NAME}


async def test_a_command_that_the_stop_of_the_box_interrupts_is_told_of(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script.hangs = True
    await submit_named(client)

    with capture_logs() as lines:
        async with accompanied_by(box.scheduler.run):
            with anyio.fail_after(30):
                await box.executor.started.wait()

    assert events(lines) == ["job_started", "job_requeued"]


async def test_a_webhook_has_the_name_of_the_command_s_request(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/in/secret-of-the-hook"] = answer(b"")
    command_id = await submit_named(client, webhook_url=f"{receiver.url}/in/secret-of-the-hook")
    await client.post(f"{COMMANDS}/{command_id}/cancel")

    with capture_logs() as lines:
        async with accompanied_by(box.dispatcher.run):
            recorded = box.outbox.next_record
            with anyio.fail_after(30):
                await recorded.wait()

    (line,) = [line for line in lines if line["event"] == "webhook_attempted"]
    assert (line["job"], line["request_id"]) == (command_id, NAME)
    assert "secret-of-the-hook" not in str(lines)


async def test_what_is_told_during_an_attempt_names_its_command(
    box: Box, client: AsyncClient
) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        command_id = await submit_named(
            client,
            ffmpeg_command="-i {{in_a}} {{out_clip}}",
            input_files={"in_a": "http://10.1.2.3/a.mp4"},
        )
        await box.work_until_final(command_id)

    (line,) = [line for line in lines if line["event"] == "address_refused"]
    assert (line["job"], line["request_id"]) == (command_id, NAME)


async def test_an_upload_is_told_of(client: AsyncClient) -> None:
    with capture_logs() as lines:
        stored = await upload(client)

    assert told(lines) == [
        {
            "event": "file_stored",
            "log_level": "info",
            "file": stored["file_id"],
            "kind": "UPLOAD",
            "owner": "ann",
            "bytes": 7,
        }
    ]


async def test_each_request_is_told_of_to_who_debugs(client: AsyncClient) -> None:
    with capture_logs() as lines:
        await client.get(f"{COMMANDS}?limit=5&status=QUEUED")

    (line,) = lines
    assert line | {"seconds": 0} == {
        "event": "request_answered",
        "log_level": "debug",
        "method": "GET",
        "path": COMMANDS,
        "status": 200,
        "seconds": 0,
    }


async def test_a_command_of_an_older_version_has_no_name(tmp_path: Path) -> None:
    older(tmp_path / "box.sqlite3", schema=6, script=QUEUED_OF_SCHEMA_6)

    async with open_sqlite(tmp_path / "box.sqlite3") as database:
        found = await History(database, ADDRESSES).find(JobId("done"), sees=None)

    assert found.job.request_id is None


async def test_the_name_outlives_the_process(box: Box, client: AsyncClient) -> None:
    command_id = await submit_named(client)

    async with open_sqlite(box.root / "box.sqlite3") as database:
        found = await History(database, ADDRESSES).find(JobId(command_id), sees=None)

    assert found.job.request_id == NAME
    assert await submit(client, make_body()) != command_id
