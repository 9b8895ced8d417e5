"""Whether a database that nobody has open is whole."""

from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiosqlite
import anyio
import msgspec

from renderio_box.database.connection import failures_named
from renderio_box.database.migrate import known_migrations

MAX_FAULTS: Final = 5
QUICK_CHECK: Final = "PRAGMA quick_check(5)"
SCHEMA: Final = "PRAGMA user_version"
NEWEST: Final = "SELECT MAX(created_at) AS newest FROM jobs"


class Integrity(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: the schema's number and the last one known, faults, and the newest job.

    ``is_complete`` tells that the check came to its end in time.
    """

    schema: int
    known_schema: int
    faults: tuple[str, ...] = ()
    newest: datetime | None = None
    is_complete: bool = True


async def integrity_of(path: Path, *, within_s: float) -> Integrity:
    """Check a database without changing it; call it with the data directory's lock held.

    Raises:
        DatabaseFailedError: It cannot be read at all.
    """
    # What a crash left in the log counts, too, and is read only where the file may change.
    way = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    address = f"file:{quote(str(path))}?{way}"
    with failures_named():
        return await checked(address, within_s=within_s)


async def checked(address: str, *, within_s: float) -> Integrity:
    """Check the database at SQLite's address for it."""
    async with aiosqlite.connect(address, uri=True) as connection:
        schema = int(await one(connection, SCHEMA) or 0)
        faults: tuple[str, ...] = ()
        with anyio.move_on_after(within_s) as limit:
            rows = await interrupted(connection, QUICK_CHECK)
            faults = tuple(row for row in rows if row != "ok")[:MAX_FAULTS]
        newest = await one(connection, NEWEST) if schema and not faults else None
    return Integrity(
        schema=schema,
        known_schema=len(known_migrations()),
        faults=faults,
        newest=None if newest is None else datetime.fromisoformat(str(newest)),
        is_complete=not limit.cancelled_caught,
    )


async def one(connection: aiosqlite.Connection, sql: str) -> str | int | None:
    """Return the first value of a statement's first row."""
    async with connection.execute(sql) as cursor:
        row = await cursor.fetchone()
    return None if row is None else row[0]


async def interrupted(connection: aiosqlite.Connection, sql: str) -> list[str]:
    """Return a statement's rows; when cancelled the statement itself ends, too."""
    try:
        return [str(row[0]) for row in await connection.execute_fetchall(sql)]
    except BaseException:
        await connection.interrupt()
        raise
