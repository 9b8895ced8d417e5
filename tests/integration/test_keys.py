from datetime import timedelta
from pathlib import Path

import anyio.lowlevel
import pytest
import structlog
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import KeyRing, Scope, UnauthorizedError
from renderio_box.companions import accompanied_by
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


async def test_a_use_is_on_disk_soon_though_no_request_waits_for_it(
    box: Box, admin: AsyncClient, app: Litestar
) -> None:
    async with speaking_to(app, await made(admin)) as client, accompanied_by(box.keys.keep_uses):
        await client.get(COMMANDS)
        with anyio.fail_after(10):
            while await written_uses(box) == [None, None]:
                await anyio.lowlevel.checkpoint()

    assert "2026-01-01T12:00:00.000000+00:00" in await written_uses(box)


async def test_what_cannot_be_written_of_uses_is_written_later_and_fails_nobody(
    box: Box, admin: AsyncClient, app: Litestar
) -> None:
    key = await made(admin)
    async with box.database.transaction() as tx:
        await tx.execute("ALTER TABLE keys RENAME TO elsewhere", {})
    async with speaking_to(app, key) as client:
        answered = await client.get(COMMANDS)
    await box.keys.write_uses()
    async with box.database.transaction() as tx:
        await tx.execute("ALTER TABLE elsewhere RENAME TO keys", {})
    await box.keys.write_uses()

    assert answered.status_code == 200
    assert None not in await written_uses(box)


async def written_uses(box: Box) -> list[object]:
    """Return when the keys were used, as far as the disk knows."""
    async with box.database.reading() as tx:
        return [row["last_used_at"] for row in await tx.fetch_all("SELECT * FROM keys", {})]


async def test_an_expired_key_answers_like_an_unknown_one(
    admin: AsyncClient, app: Litestar, clock: ManualClock
) -> None:
    key = await made(admin, expires_at="2026-01-01T13:00:00+00:00")
    async with (
        speaking_to(app, key) as guest,
        speaking_to(app, "ffsk_" + "0" * 64) as stranger,
    ):
        clock.advance(3599)
        before = await guest.get(COMMANDS)
        clock.advance(1)
        with structlog.testing.capture_logs() as lines:
            expired, unknown = await guest.get(COMMANDS), await stranger.get(COMMANDS)

    assert (before.status_code, problem(expired)) == (200, (401, "UNAUTHORIZED"))
    assert expired.content == unknown.content
    refused = [line["reason"] for line in lines if line["event"] == "caller_refused"]
    assert refused == ["the key new has expired", "unknown key"]


async def test_a_listed_key_says_when_it_ends(admin: AsyncClient) -> None:
    await made(admin, expires_at="2026-01-31T01:00:00+01:00")

    listed = (await admin.get(KEYS)).json()["keys"]

    ends = {each["name"]: each["expires_at"] for each in listed}
    assert (ends["new"], set(ends.values())) == (
        "2026-01-31T00:00:00Z",
        {None, "2026-01-31T00:00:00Z"},
    )


@pytest.mark.parametrize(
    "moment",
    [
        *("2026-01-01T12:00:00Z", "2025-12-31T00:00:00Z", "2026-02-01T00:00:00", "2026-02-01"),
        *("soon", "", 7, "10000-01-01T00:00:00Z"),
    ],
)
async def test_an_end_in_the_past_or_that_is_no_moment_is_refused(
    admin: AsyncClient, moment: object
) -> None:
    refused = await admin.post(KEYS, json={"name": "new", "expires_at": moment})

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == ["expires_at"]


async def test_an_expired_key_keeps_its_name_until_it_is_revoked(
    admin: AsyncClient, clock: ManualClock
) -> None:
    await made(admin, expires_at="2026-01-01T13:00:00Z")
    clock.advance(7200)

    taken = await admin.post(KEYS, json={"name": "new"})
    await admin.delete(f"{KEYS}/new")

    assert problem(taken) == (400, "INVALID_REQUEST")
    assert await made(admin)


async def test_a_reopened_database_knows_when_a_key_ends(
    tmp_path: Path, clock: ManualClock
) -> None:
    ends = clock.now() + timedelta(hours=1)
    async with open_sqlite(tmp_path / "box.sqlite3") as database:
        key = await KeyRing(database, clock).add(
            "a", owner=Owner("ann"), scopes=frozenset({Scope.READ}), expires_at=ends
        )
        keys = KeyRing(database, clock)
        await keys.load()
        clock.advance(3600)

        with pytest.raises(UnauthorizedError):
            keys.principal(key)


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
        assert keys.principal(key).owner == "ann"


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
            keys.principal(key)


async def test_a_clock_that_is_set_back_lets_an_expired_key_in_again_but_no_revoked_one(
    admin: AsyncClient, app: Litestar, clock: ManualClock
) -> None:
    async with speaking_to(app, await made(admin, expires_at="2026-01-01T13:00:00Z")) as guest:
        clock.jump(timedelta(days=1))
        expired = await guest.get(COMMANDS)
        clock.jump(timedelta(days=-1))
        again = await guest.get(COMMANDS)
        await admin.delete(f"{KEYS}/new")
        revoked = await guest.get(COMMANDS)

    assert [each.status_code for each in (expired, again, revoked)] == [401, 200, 401]
