"""Every example of the API's description, sent to a box."""

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator
from litestar import Litestar

from renderio_box.api.examples import EXAMPLES
from renderio_box.api.examples.records import Example
from renderio_box.api.operations import entry
from tests.description import Operation, json_content, operations, referring, success
from tests.integration.box import Box
from tests.integration.world import World, address, populated, same_shape, send
from tests.listening import Block, blocks_of, listening

STREAM = "text/event-stream"
ALL = [
    pytest.param(operation, example, id=f"{operation.id}-{name}")
    for operation in operations()
    for name, example in (entry(EXAMPLES, operation.id) or {}).items()
]


def is_stream(operation: Operation) -> bool:
    """Tell whether the answer may never end."""
    return STREAM in success(operation)[1].get("content", {})


CASES = [case for case in ALL if not is_stream(case.values[0])]
STREAMS = [case for case in ALL if is_stream(case.values[0])]


@pytest.fixture
async def world(box: Box, admin: AsyncClient) -> World:
    return await populated(box, admin)


@pytest.mark.parametrize(("operation", "example"), CASES)
async def test_every_example_is_answered_as_it_says(
    admin: AsyncClient, world: World, operation: Operation, example: Example
) -> None:
    answered = await send(admin, operation, example, world)

    status, described = success(operation)
    assert answered.status_code == status, answered.text
    if content := json_content(described):
        Draft202012Validator(referring(content["schema"])).validate(answered.json())
        assert operation.method == "HEAD" or same_shape(example.answer, answered.json()), (
            answered.text
        )


@pytest.mark.parametrize(("operation", "example"), STREAMS)
async def test_every_stream_begins_as_its_example_does(
    app: Litestar, admin: AsyncClient, world: World, operation: Operation, example: Example
) -> None:
    shown = blocks_of(str(example.answer).replace("\n", "\r\n").encode())
    key = admin.headers["X-API-KEY"]

    async with listening(app, address(operation, example, world), key) as listener:
        told = [await listener.block() for _ in shown]

    assert listener.headers["content-type"].startswith(STREAM)
    assert [fields_of(block) for block in told] == [fields_of(block) for block in shown]


def fields_of(block: Block) -> tuple[str | None, str | None, list[str]]:
    """Return what kind of block it is, and which fields its data has."""
    return block.event, block.status, sorted(block.data or ())
