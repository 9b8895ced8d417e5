import pytest
from httpx import AsyncClient
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.utils.sync import AsyncCallable

from renderio_box.catalog.keys import Scope
from tests.integration.box import (
    COMMANDS,
    FILES,
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
    "headers",
    [
        {},
        {"X-API-KEY": ""},
        {"X-API-KEY": "ffsk_" + "0" * 64},
        {"X-API-KEY": "\xe9"},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ffsk_" + "0" * 64},
    ],
    ids=str,
)
async def test_a_request_without_a_valid_key_is_refused(
    shared_anonymous: AsyncClient, headers: dict[str, str]
) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}

    answered = await shared_anonymous.get(COMMANDS, headers=sent)

    assert problem(answered) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RUN),
        ("GET", COMMANDS),
        ("GET", f"{COMMANDS}/{NOWHERE}"),
        ("POST", f"{COMMANDS}/{NOWHERE}/cancel"),
        ("GET", f"{COMMANDS}/{NOWHERE}/log"),
        ("POST", UPLOAD),
        ("GET", FILES),
        ("GET", f"{FILES}/{NOWHERE}"),
        ("DELETE", f"{FILES}/{NOWHERE}"),
        ("GET", "/api/v1/keys"),
        ("POST", "/api/v1/keys"),
        ("DELETE", "/api/v1/keys/x"),
    ],
)
async def test_no_address_works_without_a_key(
    shared_anonymous: AsyncClient, method: str, path: str
) -> None:
    answered = await shared_anonymous.request(method, path)

    assert problem(answered) == (401, "UNAUTHORIZED")


async def test_the_key_is_checked_before_the_body_is_read(shared_anonymous: AsyncClient) -> None:
    assert problem(await posted(shared_anonymous, "{")) == (401, "UNAUTHORIZED")


async def test_a_revoked_key_is_refused(box: Box, app: Litestar) -> None:
    key = await box.key("ann")
    await box.keys.revoke("ann-3")

    async with speaking_to(app, key) as client:
        refused = await client.get(COMMANDS)

    assert problem(refused) == (401, "UNAUTHORIZED")


async def test_a_key_may_come_as_a_bearer_token(box: Box, anonymous: AsyncClient) -> None:
    key = await box.key("ann")

    shown = await anonymous.get(COMMANDS, headers={"Authorization": f"Bearer {key}"})

    assert shown.status_code == 200


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.READ, "POST", RUN),
        (Scope.READ, "POST", f"{COMMANDS}/{NOWHERE}/cancel"),
        (Scope.READ, "POST", UPLOAD),
        (Scope.SUBMIT, "GET", COMMANDS),
        (Scope.SUBMIT, "GET", f"{COMMANDS}/{NOWHERE}/log"),
        (Scope.SUBMIT, "DELETE", f"{FILES}/{NOWHERE}"),
        (Scope.FILES, "GET", f"{COMMANDS}/{NOWHERE}"),
        (Scope.FILES, "GET", "/api/v1/keys"),
    ],
)
async def test_a_key_without_the_scope_is_refused(
    box: Box, app: Litestar, scope: Scope, method: str, path: str
) -> None:
    async with speaking_to(app, await box.key("ann", scope)) as client:
        refused = await client.request(method, path, headers=JSON)

    assert problem(refused) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", [RUN, COMMANDS, FILES, UPLOAD, f"{FILES}/{NOWHERE}"])
async def test_asking_for_the_options_of_an_address_needs_a_key_too(
    shared_client: AsyncClient, shared_anonymous: AsyncClient, path: str
) -> None:
    known = await shared_client.options(path)
    unknown = await shared_anonymous.options(path)

    assert (known.status_code, unknown.status_code) == (204, 401)
    assert "OPTIONS" in known.headers["allow"]


async def test_no_request_waits_for_a_thread_to_check_its_key(app: Litestar) -> None:
    guards: list[object] = []
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                guards += handler.resolve_guards()

    assert guards
    assert not [guard for guard in guards if isinstance(guard, AsyncCallable)]
