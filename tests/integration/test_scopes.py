"""Which scope each address wants: every one behind the door, and no other than is said here."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from renderio_box.api.authentication import Authentication
from renderio_box.catalog.keys import Scope
from renderio_box.sub_path import OWN
from tests.integration.box import NOWHERE, Box, problem, speaking_to

EVERY_DIALECT: Final = ("/api/v1", "/v1")
WANTED: Final = {
    Scope.SUBMIT: """
        POST */run-ffmpeg-command
        POST */run-chained-ffmpeg-commands
        POST /api/v1/run-multiple-ffmpeg-commands
        POST /api/v1/run-ytdlp-command
        POST /api/v1/ytdlp-download
        POST /api/v1/validate
        POST /api/v1/probe
        POST /api/v1/commands/{command_id}/cancel
        POST /api/v1/presets
        PUT /api/v1/presets/{preset_id}
        DELETE /api/v1/presets/{preset_id}
        POST /api/v1/presets/{preset_id}/execute
        PUT /api/v1/webhook-config
        DELETE /api/v1/webhook-config
        POST /api/v1/webhook-config/test
        POST /api/v1/webhook-deliveries/{delivery_id}/replay
    """,
    Scope.READ: """
        GET */commands
        GET */commands/{command_id}
        GET /api/v1/commands/{command_id}/log
        GET /api/v1/commands/{command_id}/events
        GET /api/v1/events
        GET /api/v1/presets
        GET /api/v1/presets/{preset_id}
        GET /api/v1/webhook-config
        GET /api/v1/webhook-deliveries
    """,
    Scope.FILES: """
        GET */files
        GET */files/{file_id}
        DELETE */files/{file_id}
        DELETE */commands/{command_id}/files
        POST */files/upload
        POST */files/store-file
        POST */files/bulk-delete
        POST */files/init-upload
        POST */files/{file_id}/complete-upload
    """,
    Scope.ADMIN: """
        GET /api/v1/keys
        POST /api/v1/keys
        DELETE /api/v1/keys/{key_id}
        GET /api/v1/queue
        POST /api/v1/queue/drain
        POST /api/v1/queue/resume
        POST /api/v1/backup
    """,
}
NO_KEY: Final = (
    *(
        "/healthz",
        "/readyz",
        "/metrics",
        "/llms.txt",
        "/schema",
        "/files/{token}/",
        "/uploads/{token}/",
    ),
)
"""How everything begins that is told to anybody, or to whoever has the secret in an address."""


class Recorder:
    """A key that may do everything, and remembers what for."""

    def __init__(self) -> None:
        self.wanted: list[Scope] = []

    def require(self, scope: Scope) -> None:
        self.wanted.append(scope)


async def scopes_wanted(handler: HTTPRouteHandler) -> tuple[Scope, ...]:
    recorder = Recorder()
    for guard in handler.resolve_guards():
        if guard.__qualname__.startswith("requires."):
            await guard(SimpleNamespace(user=recorder), handler)
    return tuple(recorder.wanted)


def is_behind_the_door(handler: HTTPRouteHandler) -> bool:
    return any(
        getattr(each, "middleware", None) is Authentication for each in handler.resolve_middleware()
    )


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Return each method of each address but OPTIONS, which only tells the others."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    yield f"{method} {re.sub(r':[a-z]+', '', route.path)}", handler


def stated() -> dict[str, tuple[Scope]]:
    """Return the table line by line."""
    return {
        line.strip().replace("*", dialect): (scope,)
        for scope, lines in WANTED.items()
        for line in lines.strip().splitlines()
        for dialect in EVERY_DIALECT
    }


async def test_every_address_behind_the_door_wants_the_one_scope_that_is_stated(
    shared_app: tuple[Box, Litestar],
) -> None:
    found = {
        address: await scopes_wanted(handler)
        for address, handler in handlers(shared_app[1])
        if is_behind_the_door(handler)
    }

    assert found == stated()


async def test_no_other_address_is_in_front_of_the_door_than_is_stated(
    shared_app: tuple[Box, Litestar],
) -> None:
    open_to_all = [
        address.partition(" ")[2]
        for address, handler in handlers(shared_app[1])
        if not is_behind_the_door(handler)
    ]

    assert [path for path in open_to_all if not path.startswith(NO_KEY)] == []


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_refusal_names_the_scope_that_is_missing(
    box: Box, app: Litestar, scope: Scope
) -> None:
    """The other scopes together, without ``admin``, do not make up for it."""
    others = set(Scope) - {scope, Scope.ADMIN}
    method, path = next(line for line, (each,) in stated().items() if each is scope).split()

    async with speaking_to(app, await box.key("ann", *others)) as client:
        refused = await client.request(method, path.format_map(Anything()))

    assert problem(refused) == (403, "FORBIDDEN")
    assert f"lacks the scope {scope};" in refused.json()["message"]


class Anything(dict[str, str]):
    """Whatever a path has a place for."""

    def __missing__(self, _: str) -> str:
        return NOWHERE


async def test_the_first_words_of_all_addresses_are_known_where_the_box_lives_below_a_path(
    shared_app: tuple[Box, Litestar],
) -> None:
    first = {address.partition(" /")[2].split("/")[0] for address, _ in handlers(shared_app[1])}

    assert first - OWN == set()
