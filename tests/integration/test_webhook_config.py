import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import Scope
from tests.integration.box import NOWHERE, Box, problem, speaking_to
from tests.integration.webhook_steps import CONFIG, DELIVERIES, configure, listed

HOOK = "https://hook.example/in"
HUSH = "very secret"
REPLAY = f"{DELIVERIES}/{NOWHERE}/replay"
CALLS = [
    ("PUT", CONFIG),
    ("GET", CONFIG),
    ("DELETE", CONFIG),
    ("POST", f"{CONFIG}/test"),
    ("GET", DELIVERIES),
    ("POST", REPLAY),
]
CHANGES = [("PUT", CONFIG), ("DELETE", CONFIG), ("POST", f"{CONFIG}/test"), ("POST", REPLAY)]


async def test_a_hook_that_is_set_is_confirmed(client: AsyncClient) -> None:
    answered = await client.put(CONFIG, json={"url": HOOK})

    assert (answered.status_code, answered.json()) == (200, {"success": True, "url": HOOK})


async def test_a_hook_is_shown_without_its_secret(client: AsyncClient) -> None:
    await configure(client, HOOK, secret=HUSH)

    answered = await client.get(CONFIG)

    assert HUSH not in answered.text
    assert (answered.status_code, answered.json()) == (
        200,
        {
            "configured": True,
            "url": HOOK,
            "is_active": True,
            "consecutive_failures": 0,
            "disabled_at": None,
        },
    )


async def test_without_a_hook_nothing_is_configured(client: AsyncClient) -> None:
    answered = await client.get(CONFIG)

    assert (answered.status_code, answered.json()) == (200, {"configured": False})


async def test_a_hook_replaces_the_one_before(client: AsyncClient) -> None:
    await configure(client, HOOK)
    await configure(client, "http://other.example:8080/in")

    assert (await client.get(CONFIG)).json()["url"] == "http://other.example:8080/in"


async def test_a_hook_is_its_owners_alone(client: AsyncClient, stranger: AsyncClient) -> None:
    await configure(client, HOOK)

    assert (await stranger.get(CONFIG)).json() == {"configured": False}


async def test_a_hook_is_shared_by_all_keys_of_its_owner(
    box: Box, app: Litestar, client: AsyncClient
) -> None:
    await configure(client, HOOK)

    async with speaking_to(app, await box.key("ann", Scope.READ)) as other_key:
        assert (await other_key.get(CONFIG)).json()["url"] == HOOK


async def test_a_removed_hook_is_gone(client: AsyncClient) -> None:
    await configure(client, HOOK)

    answered = await client.delete(CONFIG)

    assert (answered.status_code, answered.json()) == (200, {"success": True})
    assert (await client.get(CONFIG)).json() == {"configured": False}


async def test_removing_nothing_is_harmless(client: AsyncClient) -> None:
    assert (await client.delete(CONFIG)).json() == {"success": True}


async def test_nobody_removes_the_hook_of_another(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    await configure(client, HOOK)

    await stranger.delete(CONFIG)

    assert (await client.get(CONFIG)).json()["url"] == HOOK


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "hook.example/in"}, "url"),
        ({"url": "ftp://hook.example/in"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "https:///in"}, "url"),
        ({"url": "https://hook.example/in\r\nX-Injected: 1"}, "url"),
        ({"url": "https://hook.example:99999/in"}, "url"),
        ({"url": f"https://hook.example/{'x' * 8192}"}, "url"),
        ({"url": HOOK, "secret": ""}, "secret"),
        ({"url": HOOK, "secret": "x" * 257}, "secret"),
        ({"url": HOOK, "secret": "two\nlines"}, "secret"),
        ({"url": HOOK, "secret": 7}, "secret"),
        ([HOOK], "body"),
        (HOOK, "body"),
    ],
)
async def test_a_hook_that_cannot_be_used_is_refused(
    shared_client: AsyncClient, body: object, field: str
) -> None:
    refused = await shared_client.put(CONFIG, json=body)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (
        422,
        "VALIDATION_ERROR",
        [field],
    )


async def test_a_refused_hook_changes_nothing(client: AsyncClient) -> None:
    await configure(client, HOOK)

    await client.put(CONFIG, json={"url": "nonsense"})

    assert (await client.get(CONFIG)).json()["url"] == HOOK


async def test_a_refused_secret_is_not_repeated(shared_client: AsyncClient) -> None:
    refused = await shared_client.put(CONFIG, json={"url": HOOK, "secret": "hush\thush"})

    assert "hush" not in refused.text


@pytest.mark.parametrize("secret", ["x", "x" * 256, "with blanks", "schlüssel", None])
async def test_any_printable_secret_fits(client: AsyncClient, secret: str | None) -> None:
    assert (await client.put(CONFIG, json={"url": HOOK, "secret": secret})).status_code == 200


async def test_fields_that_nobody_knows_are_ignored(client: AsyncClient) -> None:
    assert (await client.put(CONFIG, json={"url": HOOK, "events": ["*"]})).status_code == 200


async def test_a_body_that_is_no_json_is_refused(shared_client: AsyncClient) -> None:
    refused = await shared_client.put(
        CONFIG, content=b"{", headers={"Content-Type": "application/json"}
    )

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_form_is_refused(shared_client: AsyncClient) -> None:
    refused = await shared_client.put(CONFIG, data={"url": HOOK})

    assert problem(refused) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_comes_in_without_a_key(
    shared_anonymous: AsyncClient, method: str, path: str
) -> None:
    refused = await shared_anonymous.request(method, path, json={"url": HOOK})

    assert problem(refused) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_key_that_may_only_read_changes_nothing(
    box: Box, app: Litestar, method: str, path: str
) -> None:
    async with speaking_to(app, await box.key("ann", Scope.READ)) as reader:
        refused = await reader.request(method, path, json={"url": HOOK})

    assert problem(refused) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", [CONFIG, DELIVERIES])
async def test_a_key_that_may_not_read_sees_nothing(box: Box, app: Litestar, path: str) -> None:
    async with speaking_to(app, await box.key("ann", Scope.FILES)) as keeper:
        assert problem(await keeper.get(path)) == (403, "FORBIDDEN")


async def test_a_test_needs_a_hook(client: AsyncClient) -> None:
    assert problem(await client.post(f"{CONFIG}/test")) == (404, "NOT_FOUND")


async def test_a_test_is_a_delivery_of_no_command(client: AsyncClient) -> None:
    await configure(client, HOOK)

    answered = await client.post(f"{CONFIG}/test")

    (delivery,) = await listed(client)
    assert (answered.status_code, answered.json()) == (
        202,
        {"success": True, "delivery_id": delivery["delivery_id"]},
    )
    assert (delivery["kind"], delivery["command_id"], delivery["url"]) == ("test", None, HOOK)
