"""Every code of the catalogue, brought about over HTTP."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
import pytest
from httpx import AsyncClient, Response
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.api.problems import STATUS
from renderio_box.api.rate_limit import RateLimit
from renderio_box.catalog.keys import Scope
from renderio_box.errors import ErrorCode
from renderio_box.queue.admission import Depth
from tests.builders import make_body
from tests.description import Operation, operation_at
from tests.integration.box import (
    COMMANDS,
    MAX_BODY_BYTES,
    NOWHERE,
    RUN,
    UPLOAD,
    Box,
    Outside,
    open_box,
    speaking_to,
    submit,
)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A box with a client that it knows, and room for another box."""

    box: Box
    client: AsyncClient
    outside: Outside
    elsewhere: Path


@pytest.fixture
def stage(box: Box, client: AsyncClient, outside: Outside, tmp_path: Path) -> Stage:
    return Stage(box=box, client=client, outside=outside, elsewhere=tmp_path / "elsewhere")


async def invalid_request(stage: Stage) -> Response:
    return await stage.client.post(RUN, json=make_body(priority="soon"))


async def invalid_command(stage: Stage) -> Response:
    return await stage.client.post(RUN, json=make_body(ffmpeg_command="-i {in_1} {{out_clip}}"))


async def unauthorized(stage: Stage) -> Response:
    return await stage.client.get(COMMANDS, headers={"X-API-KEY": "ffsk_unknown"})


async def forbidden(stage: Stage) -> Response:
    key = await stage.box.key("reader", Scope.READ)
    return await stage.client.post(RUN, json=make_body(), headers={"X-API-KEY": key})


async def not_found(stage: Stage) -> Response:
    return await stage.client.get(f"{COMMANDS}/{NOWHERE}")


async def method_not_allowed(stage: Stage) -> Response:
    return await stage.client.put(RUN, json=make_body())


async def idempotency_conflict(stage: Stage) -> Response:
    headers = {"Idempotency-Key": "once"}
    await stage.client.post(RUN, json=make_body(), headers=headers)
    return await stage.client.post(RUN, json=make_body(priority=1), headers=headers)


async def already_finished(stage: Stage) -> Response:
    command_id = await submit(stage.client, make_body())
    await stage.box.work_until_final(command_id)
    return await stage.client.post(f"{COMMANDS}/{command_id}/cancel")


async def payload_too_large(stage: Stage) -> Response:
    return await stage.client.post(RUN, json=make_body(comment="x" * MAX_BODY_BYTES))


async def unsupported_media_type(stage: Stage) -> Response:
    return await stage.client.post(RUN, data=make_body())


async def validation_error(stage: Stage) -> Response:
    return await stage.client.post(UPLOAD, files={"other": ("clip.mp4", b"content")})


async def rate_limited(stage: Stage) -> Response:
    parts = replace(stage.box.parts, rate_limit=RateLimit(1, stage.box.clock))
    async with speaking_to(create_app(parts), await stage.box.key("bob")) as client:
        await client.get(COMMANDS)
        return await client.get(COMMANDS)


async def internal_error(stage: Stage) -> Response:
    async with stage.box.database.transaction() as tx:
        await tx.execute("DROP VIEW jobs_in_line", {})
    return await stage.client.get(COMMANDS)


async def not_supported(stage: Stage) -> Response:
    return await stage.client.post("/api/v1/ytdlp-download", content=b"{whatever")


async def queue_full(stage: Stage) -> Response:
    async with another(stage, depth=Depth(jobs=1)) as client:
        await submit(client, make_body())
        return await client.post(RUN, json=make_body())


async def storage_full(stage: Stage) -> Response:
    async with another(stage, reserve_bytes=2**60) as client:
        return await client.post(UPLOAD, files={"file": ("clip.mp4", b"content")})


@asynccontextmanager
async def another(
    stage: Stage, *, reserve_bytes: int = 0, depth: Depth | None = None
) -> AsyncGenerator[AsyncClient]:
    """Open another box with these limits and return a client that it knows."""
    stage.elsewhere.mkdir()
    async with (
        open_box(stage.elsewhere, stage.outside, reserve_bytes=reserve_bytes, depth=depth) as box,
        speaking_to(create_app(box.parts), await box.key("ann")) as client,
    ):
        yield client


async def shutting_down(stage: Stage) -> Response:
    stage.box.queue.close()
    return await stage.client.post(RUN, json=make_body())


PRODUCERS: Final[Mapping[ErrorCode, Callable[[Stage], Awaitable[Response]]]] = {
    ErrorCode.INVALID_REQUEST: invalid_request,
    ErrorCode.INVALID_COMMAND: invalid_command,
    ErrorCode.UNAUTHORIZED: unauthorized,
    ErrorCode.FORBIDDEN: forbidden,
    ErrorCode.NOT_FOUND: not_found,
    ErrorCode.METHOD_NOT_ALLOWED: method_not_allowed,
    ErrorCode.IDEMPOTENCY_CONFLICT: idempotency_conflict,
    ErrorCode.ALREADY_FINISHED: already_finished,
    ErrorCode.PAYLOAD_TOO_LARGE: payload_too_large,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: unsupported_media_type,
    ErrorCode.VALIDATION_ERROR: validation_error,
    ErrorCode.RATE_LIMITED: rate_limited,
    ErrorCode.INTERNAL_ERROR: internal_error,
    ErrorCode.NOT_SUPPORTED: not_supported,
    ErrorCode.QUEUE_FULL: queue_full,
    ErrorCode.STORAGE_FULL: storage_full,
    ErrorCode.SHUTTING_DOWN: shutting_down,
}


DOCUMENTED: Final = [code for code in ErrorCode if code is not ErrorCode.METHOD_NOT_ALLOWED]
"""A method that an address does not answer is no operation, so it has no description."""


def refusals(operation: Operation) -> dict[str, str]:
    """Return by status the name of the answer that the operation is described with."""
    answers = operation.described["responses"]
    return {status: each.get("$ref", "").rpartition("/")[2] for status, each in answers.items()}


@pytest.mark.parametrize("code", list(ErrorCode))
async def test_every_error_code_is_answered_with_its_status(stage: Stage, code: ErrorCode) -> None:
    answered = await PRODUCERS[code](stage)

    assert (answered.status_code, answered.json()["error"]) == (STATUS[code], code)


@pytest.mark.parametrize("code", DOCUMENTED)
async def test_every_refusal_is_one_that_the_description_speaks_of(
    stage: Stage, code: ErrorCode
) -> None:
    answered = await PRODUCERS[code](stage)

    operation = operation_at(answered.request.method, answered.request.url.path)
    assert operation is not None
    assert code in refusals(operation)[str(answered.status_code)]
