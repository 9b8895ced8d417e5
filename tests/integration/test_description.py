"""How a box serves its description."""

import pytest
import yaml
from httpx import AsyncClient
from msgspec.structs import replace

from renderio_box.api.app import create_app
from tests.description import document
from tests.integration.box import BASE_URL, Box, speaking_to

JSON = "/schema/openapi.json"
YAML = "/schema/openapi.yaml"


async def test_the_description_is_complete(shared_anonymous: AsyncClient) -> None:
    served = (await shared_anonymous.get(JSON)).json()

    assert served | {"servers": []} == document() | {"servers": []}


async def test_it_is_the_same_when_it_is_asked_for_again(shared_anonymous: AsyncClient) -> None:
    first, second = await shared_anonymous.get(JSON), await shared_anonymous.get(JSON)

    assert first.content == second.content


async def test_it_is_the_same_as_yaml(shared_anonymous: AsyncClient) -> None:
    served = await shared_anonymous.get(YAML)

    assert yaml.safe_load(served.text) == (await shared_anonymous.get(JSON)).json()


async def test_it_names_the_address_that_was_asked(shared_anonymous: AsyncClient) -> None:
    served = await shared_anonymous.get(JSON)

    assert served.json()["servers"] == [{"url": BASE_URL}]


@pytest.mark.parametrize("path", [JSON, YAML])
async def test_it_names_the_public_address_where_there_is_one(box: Box, path: str) -> None:
    app = create_app(replace(box.parts, public_url="https://media.example.org/renderio/"))

    async with speaking_to(app, None) as client:
        served = await client.get(path)

    assert yaml.safe_load(served.text)["servers"] == [{"url": "https://media.example.org/renderio"}]
