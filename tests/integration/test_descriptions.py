"""Requests that do not decode, where the body describes something that is kept."""

import msgspec
import pytest
from httpx import Response
from litestar import Controller, Litestar, post
from litestar.params import FromQuery, JSONBody

from renderio_box.api.problems import DESCRIPTION_HANDLERS, EXCEPTION_HANDLERS
from tests.integration.box import problem, speaking_to


class Described(msgspec.Struct):
    name: str


class Kept(Controller):
    exception_handlers = DESCRIPTION_HANDLERS

    @post("/kept")
    async def keep(self, data: JSONBody[Described], times: FromQuery[int] = 1) -> str:
        return data.name * times


async def answered(content: str, query: str = "") -> Response:
    app = Litestar([Kept], exception_handlers=EXCEPTION_HANDLERS, logging_config=None)
    async with speaking_to(app, None) as client:
        headers = {"Content-Type": "application/json"}
        return await client.post(f"/kept{query}", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "loc"),
    [('{"name": 5}', ["name"]), ("{}", ["name"]), ("[]", ["body"]), ("null", ["body"])],
)
async def test_a_body_that_describes_wrongly_is_named_where_it_does(
    content: str, loc: list[str]
) -> None:
    refused = await answered(content)

    assert problem(refused) == (422, "VALIDATION_ERROR")
    assert [fault["loc"] for fault in refused.json()["detail"]] == [loc]


async def test_a_body_that_is_no_json_describes_nothing() -> None:
    assert problem(await answered("{")) == (400, "INVALID_REQUEST")


async def test_a_query_describes_nothing() -> None:
    refused = await answered('{"name": "a"}', "?times=many")

    assert problem(refused) == (400, "INVALID_REQUEST")
