from typing import Any

import pytest

from renderio_box.sub_path import OWN, below_path_of


async def reached(public_url: str, path: str, raw: str | None = None) -> tuple[str, bytes]:
    """Return under which path the application is reached."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
        del receive, send
        scopes.append(scope)

    scope = {"path": path, "raw_path": (path if raw is None else raw).encode()}
    await below_path_of(app, public_url)(scope, None, None)
    return scopes[0]["path"], scopes[0]["raw_path"]


@pytest.mark.parametrize("path", ["/renderio/api/v1/commands", "/api/v1/commands"])
@pytest.mark.parametrize("end", ["", "/"])
async def test_a_proxy_may_take_the_path_away_or_leave_it(path: str, end: str) -> None:
    found = await reached(f"https://host.example/renderio{end}", path)

    assert found == ("/api/v1/commands", b"/api/v1/commands")


async def test_a_path_may_have_several_parts_and_letters_of_any_kind() -> None:
    found = await reached("https://host.example/a/b%C3%A9/", "/a/bé/healthz", "/a/b%C3%A9/healthz")

    assert found == ("/healthz", b"/healthz")


@pytest.mark.parametrize("path", ["/renderiox/healthz", "/renderio", "/x/renderio/healthz", "/"])
async def test_what_only_looks_like_the_path_is_left_alone(path: str) -> None:
    assert (await reached("https://host.example/renderio", path))[0] == path


async def test_the_path_is_taken_away_once() -> None:
    found = await reached("https://host.example/renderio", "/renderio/renderio/healthz")

    assert found[0] == "/renderio/healthz"


@pytest.mark.parametrize("own", sorted(OWN))
async def test_a_path_that_begins_like_an_address_of_the_box_is_left_to_the_proxy(own: str) -> None:
    found = await reached(f"https://host.example/{own}", f"/{own}/v1/commands")

    assert found[0] == f"/{own}/v1/commands"


@pytest.mark.parametrize("public_url", ["", "https://host.example", "https://host.example/"])
async def test_a_box_at_the_top_takes_nothing_away(public_url: str) -> None:
    assert (await reached(public_url, "/api/v1/commands"))[0] == "/api/v1/commands"
