from pathlib import Path

import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import KeyRing, Scope, UnauthorizedError
from renderio_box.database.connection import open_sqlite
from renderio_box.identifiers import Owner
from tests.fakes import ManualClock
from tests.integration.box import COMMANDS, Box, problem, speaking_to

KEYS = "/api/v1/keys"


async def made(admin: AsyncClient, **request: object) -> str:
    """Make a key over HTTP; return it."""
    answered = await admin.post(KEYS, json={"name": "new", **request})
    assert answered.status_code == 201, answered.text
    return str(answered.json()["key"])


async def last_used(admin: AsyncClient, name: str) -> str:
    """Return when the key of that name was last used."""
    listed = (await admin.get(KEYS)).json()["keys"]
    return str({each["name"]: each["last_used_at"] for each in listed}[name])


async def test_a_new_key_has_the_documented_form(admin: AsyncClient) -> None:
    key = await made(admin)

    assert (key[:5], len(bytes.fromhex(key[5:]))) == ("ffsk_", 32)


async def test_a_new_key_opens_the_door(admin: AsyncClient, app: Litestar) -> None:
    async with speaking_to(app, await made(admin)) as client:
        answered = await client.get(COMMANDS)

    assert answered.status_code == 200


async def test_a_listed_key_tells_everything_but_itself(admin: AsyncClient) -> None:
    key = await made(admin, owner="carl", scopes=["read"])

    listed = await admin.get(KEYS)

    owners = [each["owner"] for each in listed.json()["keys"]]
    assert ("carl" in owners, key[5:] in listed.text) == (True, False)


async def test_a_key_is_nowhere_in_the_database(box: Box, admin: AsyncClient) -> None:
    key = await made(admin)

    written = b"".join(path.read_bytes() for path in sorted(box.root.glob("box.sqlite3*")))

    assert key[5:].encode() not in written


async def test_a_revoked_key_ends_at_once(admin: AsyncClient, app: Litestar) -> None:
    async with speaking_to(app, await made(admin)) as client:
        await admin.delete(f"{KEYS}/new")
        refused = await client.get(COMMANDS)

    assert problem(refused) == (401, "UNAUTHORIZED")


async def test_a_revoked_key_is_shown_as_revoked(admin: AsyncClient) -> None:
    await made(admin)

    revoked = await admin.delete(f"{KEYS}/new")

    assert revoked.json()["revoked_at"] is not None


async def test_a_key_cannot_be_revoked_twice(admin: AsyncClient) -> None:
    await made(admin)
    await admin.delete(f"{KEYS}/new")

    assert problem(await admin.delete(f"{KEYS}/new")) == (404, "NOT_FOUND")


async def test_a_name_in_use_is_refused(admin: AsyncClient) -> None:
    await made(admin)

    assert problem(await admin.post(KEYS, json={"name": "new"})) == (400, "INVALID_REQUEST")


async def test_a_revoked_keys_name_is_free_again(admin: AsyncClient) -> None:
    await made(admin)
    await admin.delete(f"{KEYS}/new")

    assert await made(admin)


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "a b"}, {"name": "x" * 65}, {"name": "a", "scopes": ["x"]}]
)
async def test_a_key_request_that_does_not_fit_is_refused(
    admin: AsyncClient, body: dict[str, object]
) -> None:
    assert problem(await admin.post(KEYS, json=body)) == (400, "INVALID_REQUEST")


async def test_a_use_is_noted(admin: AsyncClient, app: Litestar) -> None:
    async with speaking_to(app, await made(admin)) as client:
        await client.get(COMMANDS)

    assert await last_used(admin, "new") == "2026-01-01T12:00:00Z"


async def test_a_use_is_noted_once_a_minute(
    admin: AsyncClient, app: Litestar, clock: ManualClock
) -> None:
    async with speaking_to(app, await made(admin)) as client:
        await client.get(COMMANDS)
        clock.advance(59)
        await client.get(COMMANDS)

    assert await last_used(admin, "new") == "2026-01-01T12:00:00Z"


async def test_the_operators_key_sees_everything(box: Box, app: Litestar) -> None:
    async with speaking_to(app, box.keys.admit_operator()) as client:
        answered = await client.get(KEYS)

    assert answered.status_code == 200


async def test_a_reopened_database_has_every_key(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "box.sqlite3"
    async with open_sqlite(path) as database:
        key = await KeyRing(database, clock).add(
            "a", owner=Owner("ann"), scopes=frozenset({Scope.READ})
        )

    async with open_sqlite(path) as database:
        keys = KeyRing(database, clock)
        await keys.load()
        assert (await keys.principal(key)).owner == "ann"


async def test_a_revoked_key_stays_revoked_after_reopening(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "box.sqlite3"
    async with open_sqlite(path) as database:
        before = KeyRing(database, clock)
        key = await before.add("a", owner=Owner("ann"), scopes=frozenset({Scope.READ}))
        await before.revoke("a")

    async with open_sqlite(path) as database:
        keys = KeyRing(database, clock)
        await keys.load()
        with pytest.raises(UnauthorizedError):
            await keys.principal(key)
