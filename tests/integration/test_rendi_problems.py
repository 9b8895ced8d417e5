"""One problem, two envelopes: the same request sent to both dialects."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar

from renderio_box.api.app import create_app
from renderio_box.queue.admission import Depth
from tests.builders import make_body
from tests.integration.box import (
    BASE_URL,
    MAX_BODY_BYTES,
    MAX_UPLOAD_BYTES,
    NOWHERE,
    Box,
    Outside,
    open_box,
    problem,
    speaking_to,
)

JSON: Final = {"Content-Type": "application/json"}
RUN: Final = "/run-ffmpeg-command"
CHAIN: Final = "/run-chained-ffmpeg-commands"
FILE: Final = {"file": ("clip.mp4", b"content")}


async def both(
    client: AsyncClient,
    method: str,
    path: str,
    **more: Any,  # noqa: ANN401 - httpx's own
) -> tuple[Response, Response]:
    """Send a request to RenderIO's dialect and to Rendi's."""
    return (
        await client.request(method, f"/api/v1{path}", **more),
        await client.request(method, f"/v1{path}", **more),
    )


def detail(response: Response) -> tuple[int, Any]:
    """Return status and detail of an answer in Rendi's envelope, which has nothing else."""
    body = response.json()
    assert list(body) == ["detail"]
    return response.status_code, body["detail"]


def locs(response: Response) -> list[list[str]]:
    """Return where the faults of a 422 are."""
    status_code, faults = detail(response)
    assert status_code == 422
    assert all(fault.keys() == {"loc", "msg", "type"} for fault in faults)
    return [fault["loc"] for fault in faults]


@pytest.mark.parametrize(
    ("method", "path", "status_code", "code"),
    [
        ("GET", f"/commands/{NOWHERE}", 404, "NOT_FOUND"),
        ("GET", "/commands/not-an-id", 404, "NOT_FOUND"),
        ("DELETE", f"/commands/{NOWHERE}/files", 404, "NOT_FOUND"),
        ("GET", f"/files/{NOWHERE}", 404, "NOT_FOUND"),
        ("DELETE", f"/files/{NOWHERE}", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "", 404, "NOT_FOUND"),
        ("GET", RUN, 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/files", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/commands", 405, "METHOD_NOT_ALLOWED"),
        ("POST", RUN, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "/files/upload", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_a_refusal_says_the_same_in_either_envelope(
    shared_client: AsyncClient, method: str, path: str, status_code: int, code: str
) -> None:
    in_renderio, in_rendi = await both(shared_client, method, path)

    assert problem(in_renderio) == (status_code, code)
    assert detail(in_rendi) == (status_code, in_renderio.json()["message"])


async def test_a_body_over_the_limit_is_refused(shared_client: AsyncClient) -> None:
    body = json.dumps(make_body(comment="x" * MAX_BODY_BYTES))

    in_renderio, in_rendi = await both(shared_client, "POST", RUN, content=body, headers=JSON)

    assert problem(in_renderio) == (413, "PAYLOAD_TOO_LARGE")
    assert detail(in_rendi) == (413, in_renderio.json()["message"])


async def test_an_upload_over_the_limit_is_refused(shared_client: AsyncClient) -> None:
    large = {"file": ("clip.mp4", bytes(2 * MAX_UPLOAD_BYTES))}

    in_renderio, in_rendi = await both(shared_client, "POST", "/files/upload", files=large)

    assert problem(in_renderio) == (413, "PAYLOAD_TOO_LARGE")
    assert detail(in_rendi) == (413, in_renderio.json()["message"])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"text"', b"\xff\xfe", "[" * 20_000],
    ids=lambda text: str(text[:8]),
)
async def test_a_body_that_is_no_json_object_is_at_fault(
    shared_client: AsyncClient, text: str | bytes
) -> None:
    in_renderio, in_rendi = await both(shared_client, "POST", RUN, content=text, headers=JSON)

    assert problem(in_renderio) == (400, "INVALID_REQUEST")
    assert locs(in_rendi) == [["body"]]


@pytest.mark.parametrize(
    ("path", "body", "loc"),
    [
        (RUN, {}, ["ffmpeg_command"]),
        (RUN, {"ffmpeg_command": "x", "output_files": {"out_a": "a.mp4"}}, ["input_files"]),
        (RUN, make_body(ffmpeg_command=5), ["ffmpeg_command"]),
        (RUN, make_body(ffmpeg_command="x" * 16_385), ["ffmpeg_command"]),
        (RUN, make_body(input_files={"in_a": 5}), ["input_files", "in_a"]),
        (RUN, make_body(input_files={"in_a": "nope"}), ["input_files", "in_a"]),
        (RUN, make_body(output_files={"out_a": None}), ["output_files", "out_a"]),
        (RUN, make_body(output_files=5), ["output_files"]),
        (RUN, make_body(max_command_run_seconds=901), ["max_command_run_seconds"]),
        (RUN, make_body(max_command_run_seconds=0), ["max_command_run_seconds"]),
        (RUN, make_body(vcpu_count="many"), ["vcpu_count"]),
        (RUN, make_body(metadata={"nested": {}}), ["metadata", "nested"]),
        (RUN, make_body(webhook_url="ftp://a.test/"), ["webhook_url"]),
        (CHAIN, {}, ["ffmpeg_commands"]),
        (CHAIN, {"ffmpeg_commands": ["x"] * 11}, ["ffmpeg_commands"]),
        (CHAIN, {"commands": [{"ffmpeg_command": 5}]}, ["commands", "0", "ffmpeg_command"]),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_field_that_does_not_fit_is_named(
    shared_client: AsyncClient, path: str, body: dict[str, object], loc: list[str]
) -> None:
    in_renderio, in_rendi = await both(shared_client, "POST", path, json=body)

    assert problem(in_renderio) == (400, "INVALID_REQUEST")
    assert in_renderio.json()["detail"][0]["loc"] == loc
    assert locs(in_rendi) == [["body", *loc]]


@pytest.mark.parametrize("path", ["/commands", "/files"])
@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("limit=0", [["query", "limit"]]),
        ("limit=1001", [["query", "limit"]]),
        ("limit=", [["query", "limit"]]),
        ("limit=many", [["query", "limit"]]),
        ("offset=-1", [["query", "offset"]]),
        ("limit=-1&offset=first", [["query", "limit"], ["query", "offset"]]),
    ],
)
async def test_a_query_that_does_not_fit_is_named(
    shared_client: AsyncClient, path: str, query: str, faults: list[list[str]]
) -> None:
    in_renderio, in_rendi = await both(shared_client, "GET", f"{path}?{query}")

    assert problem(in_renderio) == (400, "INVALID_REQUEST")
    assert [["query", *fault["loc"]] for fault in in_renderio.json()["detail"]] == faults
    assert locs(in_rendi) == faults


async def test_a_limit_that_is_too_high_for_one_dialect_is_not_for_the_other(
    shared_client: AsyncClient,
) -> None:
    in_renderio, in_rendi = await both(shared_client, "GET", "/commands?limit=1000")

    assert (in_renderio.status_code, in_rendi.status_code) == (400, 200)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUN, make_body(ffmpeg_command="-i {{in_gone}} {{out_clip}}")),
        (RUN, make_body(ffmpeg_command="-i {in_a} {{out_clip}}")),
        (RUN, make_body(ffmpeg_command="-i 'a {{out_clip}}")),
        (RUN, make_body(output_files={})),
        (RUN, make_body(output_files={"out_clip": "../clip.mp4"})),
        (RUN, make_body(input_files={"a": "https://a.test/"})),
        (CHAIN, make_body(ffmpeg_commands=["-i 'a"])),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_command_that_cannot_run_is_refused_in_one_sentence(
    shared_client: AsyncClient, path: str, body: dict[str, object]
) -> None:
    in_renderio, in_rendi = await both(shared_client, "POST", path, json=body)

    assert problem(in_renderio) == (400, "INVALID_COMMAND")
    assert detail(in_rendi) == (400, in_renderio.json()["message"])


async def test_an_upload_without_a_file_is_at_fault(shared_client: AsyncClient) -> None:
    other = {"other": ("clip.mp4", b"content")}

    in_renderio, in_rendi = await both(shared_client, "POST", "/files/upload", files=other)

    assert problem(in_renderio) == (422, "VALIDATION_ERROR")
    assert locs(in_rendi) == [["body", "file"]]


async def test_a_broken_upload_is_at_fault(shared_client: AsyncClient) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}

    in_renderio, in_rendi = await both(
        shared_client, "POST", "/files/upload", content=b"no form", headers=form
    )

    assert problem(in_renderio) == (400, "INVALID_REQUEST")
    assert locs(in_rendi) == [["body"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RUN),
        ("POST", CHAIN),
        ("GET", "/commands"),
        ("GET", f"/commands/{NOWHERE}"),
        ("DELETE", f"/commands/{NOWHERE}/files"),
        ("POST", "/files/upload"),
        ("GET", "/files"),
        ("GET", f"/files/{NOWHERE}"),
        ("DELETE", f"/files/{NOWHERE}"),
    ],
)
async def test_nothing_works_without_a_key(
    shared_anonymous: AsyncClient, method: str, path: str
) -> None:
    in_renderio, in_rendi = await both(shared_anonymous, method, path)

    assert problem(in_renderio) == (401, "UNAUTHORIZED")
    assert detail(in_rendi) == (401, "Invalid authorization key")


async def test_the_key_is_checked_before_the_body_is_read(shared_anonymous: AsyncClient) -> None:
    refused = await shared_anonymous.post("/v1/run-ffmpeg-command", content="{", headers=JSON)

    assert detail(refused) == (401, "Invalid authorization key")


async def test_a_full_disk_is_a_quota_to_rendi(full_box: Box) -> None:
    key = await full_box.key("ann")

    async with speaking_to(create_app(full_box.parts), key) as client:
        in_renderio, in_rendi = await both(client, "POST", "/files/upload", files=FILE)

    assert problem(in_renderio) == (503, "STORAGE_FULL")
    assert detail(in_rendi) == (403, "Account has passed its' storage quota")
    assert in_rendi.headers["Retry-After"] == in_renderio.headers["Retry-After"] == "60"


async def test_a_full_queue_asks_to_come_again(tmp_path: Path, outside: Outside) -> None:
    async with (
        open_box(tmp_path, outside, depth=Depth(jobs=0)) as full,
        speaking_to(create_app(full.parts), await full.key("ann")) as client,
    ):
        in_renderio, in_rendi = await both(client, "POST", RUN, json=make_body())

    assert problem(in_renderio) == (503, "QUEUE_FULL")
    assert detail(in_rendi) == (503, in_renderio.json()["message"])
    assert in_rendi.headers["Retry-After"] == "30"


async def test_a_closed_queue_asks_to_come_again(box: Box, client: AsyncClient) -> None:
    box.queue.close()

    in_renderio, in_rendi = await both(client, "POST", RUN, json=make_body())

    assert problem(in_renderio) == (503, "SHUTTING_DOWN")
    assert detail(in_rendi) == (503, in_renderio.json()["message"])
    assert in_rendi.headers["Retry-After"] == "10"


async def test_a_failure_of_ours_is_answered_with_its_request_id(
    box: Box, client: AsyncClient
) -> None:
    async with box.database.transaction() as tx:
        await tx.execute("DROP VIEW jobs_in_line", {})

    failed = await client.get(f"/v1/commands/{NOWHERE}")

    status_code, text = detail(failed)
    assert status_code == 500
    assert text.endswith(f"under {failed.headers['X-Request-Id']}.")


async def test_an_unauthorized_answer_names_the_scheme(shared_anonymous: AsyncClient) -> None:
    assert (await shared_anonymous.get("/v1/files")).headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_method_is_told_the_right_ones(shared_client: AsyncClient) -> None:
    assert "GET" in (await shared_client.put("/v1/commands")).headers["Allow"]


@pytest.mark.parametrize("path", ["/v1/commands", "/v1/nothing", "/v1/commands?limit=0", "/v1"])
async def test_every_answer_has_a_request_id(shared_client: AsyncClient, path: str) -> None:
    assert len((await shared_client.get(path)).headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("prefix", ["/box", "/v1", "/api"])
@pytest.mark.parametrize("path", ["/nothing", "/commands/not-an-id"])
async def test_a_prefix_that_the_proxy_leaves_does_not_change_the_dialect(
    box: Box, app: Litestar, prefix: str, path: str
) -> None:
    transport = ASGITransport(app, root_path=prefix)
    key = {"X-API-KEY": await box.key("ann")}

    async with AsyncClient(transport=transport, base_url=BASE_URL + prefix, headers=key) as client:
        in_renderio, in_rendi = await both(client, "GET", path)

    assert problem(in_renderio) == (404, "NOT_FOUND")
    assert detail(in_rendi)[0] == 404
