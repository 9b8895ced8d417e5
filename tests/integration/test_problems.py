import json

import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from tests.builders import make_body
from tests.integration.box import (
    COMMANDS,
    FILES,
    MAX_BODY_BYTES,
    MAX_UPLOAD_BYTES,
    NOWHERE,
    RUN,
    UPLOAD,
    Box,
    posted,
    problem,
    speaking_to,
)

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "path",
    [
        f"{COMMANDS}/{NOWHERE}",
        f"{COMMANDS}/not-an-id",
        f"{COMMANDS}/{NOWHERE}/log",
        f"{FILES}/{NOWHERE}",
        "/api/v1/nothing",
        "/nothing",
        "/",
        "/files/wrong/clip.mp4",
        "/files/only-one-segment",
    ],
)
async def test_what_is_not_there_is_not_found(shared_client: AsyncClient, path: str) -> None:
    assert problem(await shared_client.get(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", RUN), ("PUT", RUN), ("DELETE", COMMANDS), ("PATCH", FILES), ("POST", "/healthz")],
)
async def test_a_wrong_method_is_refused(
    shared_client: AsyncClient, method: str, path: str
) -> None:
    answered = await shared_client.request(method, path)

    assert problem(answered) == (405, "METHOD_NOT_ALLOWED")


async def test_a_body_over_the_limit_is_refused(shared_client: AsyncClient) -> None:
    body = json.dumps(make_body(comment="x" * MAX_BODY_BYTES))

    assert problem(await posted(shared_client, body)) == (413, "PAYLOAD_TOO_LARGE")


async def test_an_upload_over_the_limit_is_refused(shared_client: AsyncClient) -> None:
    content = bytes(2 * MAX_UPLOAD_BYTES)

    answered = await shared_client.post(UPLOAD, files={"file": ("clip.mp4", content)})

    assert problem(answered) == (413, "PAYLOAD_TOO_LARGE")


async def test_an_upload_over_the_body_limit_but_not_its_own_is_taken(client: AsyncClient) -> None:
    content = bytes(2 * MAX_BODY_BYTES)

    stored = await client.post(UPLOAD, files={"file": ("clip.mp4", content)})

    assert stored.status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", " "]
)
async def test_json_under_another_name_is_refused(
    shared_client: AsyncClient, content_type: str
) -> None:
    answered = await posted(shared_client, json.dumps(make_body()), content_type)

    assert problem(answered) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_json_with_a_charset_is_taken(client: AsyncClient) -> None:
    accepted = await posted(client, json.dumps(make_body()), "Application/JSON; charset=utf-8")

    assert accepted.status_code == 202


async def test_a_closed_queue_asks_to_come_again(box: Box, client: AsyncClient) -> None:
    box.queue.close()

    refused = await client.post(RUN, json=make_body())

    assert (*problem(refused), refused.headers["Retry-After"]) == (503, "SHUTTING_DOWN", "10")


async def test_a_full_disk_asks_to_come_again(full_box: Box) -> None:
    key = await full_box.key("ann")

    async with speaking_to(create_app(full_box.parts), key) as client:
        refused = await client.post(UPLOAD, files={"file": ("clip.mp4", b"content")})

    assert (*problem(refused), refused.headers["Retry-After"]) == (503, "STORAGE_FULL", "60")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", COMMANDS),
        ("GET", "/nothing"),
        ("PUT", RUN),
        ("POST", RUN),
        ("GET", "/healthz"),
        ("GET", "/files/wrong/clip.mp4"),
        ("GET", "/schema/openapi.json"),
    ],
)
async def test_every_answer_has_a_request_id(
    shared_client: AsyncClient, method: str, path: str
) -> None:
    answered = await shared_client.request(method, path)

    assert len(answered.headers["X-Request-Id"]) == 32


async def test_a_refused_caller_gets_a_request_id(shared_anonymous: AsyncClient) -> None:
    assert "X-Request-Id" in (await shared_anonymous.get(COMMANDS)).headers


async def test_no_two_answers_share_a_request_id(shared_client: AsyncClient) -> None:
    first, second = await shared_client.get(COMMANDS), await shared_client.get(COMMANDS)

    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


async def test_a_failure_of_ours_is_answered_without_its_cause(
    box: Box, client: AsyncClient
) -> None:
    async with box.database.transaction() as tx:
        await tx.execute("DROP VIEW jobs_in_line", {})

    failed = await client.get(COMMANDS)

    assert failed.json() == {
        "error": "INTERNAL_ERROR",
        "message": "The box failed to answer; its log has the details under"
        f" {failed.headers['X-Request-Id']}.",
    }


async def test_an_unauthorized_answer_names_the_scheme(shared_anonymous: AsyncClient) -> None:
    assert (await shared_anonymous.get(COMMANDS)).headers["WWW-Authenticate"] == "Bearer"


async def test_an_error_has_no_empty_detail(shared_client: AsyncClient) -> None:
    assert (await shared_client.get("/nothing")).json().keys() == {"error", "message"}


async def test_a_wrong_method_is_told_the_right_ones(shared_client: AsyncClient) -> None:
    refused = await shared_client.put(COMMANDS)

    assert "GET" in refused.headers["Allow"]


async def test_an_empty_body_is_said_to_be_empty(shared_client: AsyncClient) -> None:
    refused = await shared_client.post(RUN, headers=JSON)

    assert refused.json()["message"] == "The body is empty; send JSON."


async def test_what_is_wrong_in_the_json_is_said(shared_client: AsyncClient) -> None:
    refused = await shared_client.post(RUN, headers=JSON, content=b"{bad")

    assert "malformed" in refused.json()["message"]
