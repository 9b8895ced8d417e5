"""One SQLite file, one connection, one transaction at a time."""

import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, LiteralString, Protocol

import aiosqlite
import anyio

from renderio_box.database.migrate import migrate

Value = str | int | float | bytes | None
Row = Mapping[str, Value]

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)


class DatabaseFailedError(Exception):
    """The database could not do what was asked, and nothing was changed.

    The disk is full or broken, or the file is damaged; the same call may work later.
    """


class Transaction(Protocol):
    """Statements that commit together or not at all."""

    async def execute(self, sql: LiteralString, values: Mapping[str, Value]) -> int:
        """Run one statement and return how many rows it changed."""
        ...

    async def fetch_one(self, sql: LiteralString, values: Mapping[str, Value]) -> Row | None:
        """Run one statement and return its first row, if any."""
        ...

    async def fetch_all(self, sql: LiteralString, values: Mapping[str, Value]) -> Sequence[Row]:
        """Run one statement and return its rows; the caller bounds their number."""
        ...


class Database(Protocol):
    """Somewhere durable to keep rows."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a write transaction; it commits on leaving unless an error passes through.

        Once the block is left without an error, its changes survive a power cut.

        Raises:
            DatabaseFailedError: Nothing was committed.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a read transaction: every statement in it sees the same committed rows."""
        ...


class SqliteTransaction:
    """A transaction on the one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: LiteralString, values: Mapping[str, Value]) -> int:
        """Run one statement and return how many rows it changed."""
        async with self._connection.execute(sql, dict(values)) as cursor:
            return cursor.rowcount

    async def fetch_one(self, sql: LiteralString, values: Mapping[str, Value]) -> Row | None:
        """Run one statement and return its first row, if any."""
        async with self._connection.execute(sql, dict(values)) as cursor:
            row = await cursor.fetchone()
            return None if row is None else dict(row)

    async def fetch_all(self, sql: LiteralString, values: Mapping[str, Value]) -> Sequence[Row]:
        """Run one statement and return its rows."""
        rows = await self._connection.execute_fetchall(sql, dict(values))
        return [dict(row) for row in rows]


class SqliteDatabase:
    """SQLite in WAL mode with full durability; all transactions take turns."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = anyio.Lock()

    def transaction(self) -> AbstractAsyncContextManager[SqliteTransaction]:
        """Open a write transaction; it commits on leaving unless an error passes through."""
        return self._open("BEGIN IMMEDIATE")

    def reading(self) -> AbstractAsyncContextManager[SqliteTransaction]:
        """Open a read transaction: every statement in it sees the same committed rows."""
        return self._open("BEGIN")

    @asynccontextmanager
    async def _open(self, begin: LiteralString) -> AsyncGenerator[SqliteTransaction]:
        async with self._turn:
            # A cancelled await does not stop aiosqlite's thread, so the
            # statements that open and close a transaction are never cancelled.
            with anyio.CancelScope(shield=True):
                try:
                    await self._connection.execute(begin)
                except sqlite3.Error as error:
                    raise DatabaseFailedError(str(error)) from error
            try:
                yield SqliteTransaction(self._connection)
                with anyio.CancelScope(shield=True):
                    await self._connection.commit()
            except BaseException as error:
                with anyio.CancelScope(shield=True):
                    await self._connection.rollback()
                if isinstance(error, sqlite3.Error):
                    raise DatabaseFailedError(str(error)) from error
                raise


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncGenerator[SqliteDatabase]:
    """Open the database at ``path``, creating or migrating it as needed.

    Raises:
        NewerSchemaError: The file was written by a later version of the program.
        sqlite3.Error: The file cannot be opened, or is no database.
    """
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = aiosqlite.Row
        for pragma in PRAGMAS:
            await connection.execute(pragma)
        await migrate(connection, path)
        yield SqliteDatabase(connection)


def as_text(moment: datetime) -> str:
    """Return ``moment`` in UTC to the microsecond, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def as_optional_text(moment: datetime | None) -> str | None:
    """Return ``as_text`` of a moment that may not have come."""
    return None if moment is None else as_text(moment)
