"""Every example of the API's description, sent to a box."""

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator

from renderio_box.api.examples import EXAMPLES
from renderio_box.api.examples.records import Example
from renderio_box.api.operations import entry
from tests.description import Operation, json_content, operations, referring, success
from tests.integration.box import Box
from tests.integration.world import World, populated, same_shape, send

CASES = [
    pytest.param(operation, example, id=f"{operation.id}-{name}")
    for operation in operations()
    for name, example in (entry(EXAMPLES, operation.id) or {}).items()
]


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
