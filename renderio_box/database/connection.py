"""One SQLite file, one connection, one transaction at a time."""

import sqlite3
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, LiteralString, Protocol

import aiosqlite
import anyio

from renderio_box.database.migrate import UnreadableDatabaseError, migrate
from renderio_box.metrics import Metrics

Value = str | int | float | bytes | None
Row = Mapping[str, Value]

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    # In pages: a commit that finds 40 MB in the log writes it back itself. With SQLite's
    # usual 1,000 pages every eightieth submit would, and wait for two fsyncs more.
    "PRAGMA wal_autocheckpoint = 10000",
)
CHECKPOINTED_EVERY_S: Final = 10.0


class DatabaseFailedError(Exception):
    """The database could not do what was asked, and nothing was changed.

    The disk is full or broken, or the file is damaged; the same call may work later.
    """


class DatabaseFullError(DatabaseFailedError):
    """There is no room on the disk for what was to be written, and nothing was changed."""


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
        """Keep writers out, so that every statement sees the same committed rows."""
        ...


class SqliteTransaction:
    """A transaction on the one connection.

    Every call is one journey to the connection's thread and back, which is most of what a
    statement costs (up to 3 ms each way while FFmpeg has the CPUs). That is why rows are
    fetched with the statement, and a cursor that has no rows is left to be collected.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: LiteralString, values: Mapping[str, Value]) -> int:
        """Run one statement and return how many rows it changed."""
        cursor = await self._connection.execute(sql, dict(values))
        return cursor.rowcount

    async def fetch_one(self, sql: LiteralString, values: Mapping[str, Value]) -> Row | None:
        """Run one statement and return its first row, if any."""
        rows = await self.fetch_all(sql, values)
        return rows[0] if rows else None

    async def fetch_all(self, sql: LiteralString, values: Mapping[str, Value]) -> Sequence[Row]:
        """Run one statement and return its rows."""
        rows = await self._connection.execute_fetchall(sql, dict(values))
        return [dict(row) for row in rows]


class SqliteDatabase:
    """SQLite in WAL mode with full durability; all transactions take turns."""

    def __init__(self, connection: aiosqlite.Connection, metrics: Metrics) -> None:
        self._connection = connection
        self._metrics = metrics
        self._turn = anyio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SqliteTransaction]:
        """Open a write transaction; it commits on leaving unless an error passes through."""
        async with self._turn_to("write"):
            # A cancelled await does not stop aiosqlite's thread, so the
            # statements that open and close a transaction are never cancelled.
            with anyio.CancelScope(shield=True):
                await self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(self._connection)
                with anyio.CancelScope(shield=True):
                    await self._connection.commit()
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self._connection.rollback()
                raise

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[SqliteTransaction]:
        """Keep writers out, so that every statement sees the same committed rows.

        There is no other connection, so this needs no transaction of SQLite's.
        """
        async with self._turn_to("read"):
            yield SqliteTransaction(self._connection)

    @asynccontextmanager
    async def _turn_to(self, kind: str) -> AsyncGenerator[None]:
        """Wait for a turn, and note how long it took with what was done in it."""
        began_at = anyio.current_time()
        try:
            async with self._turn:
                with failures_named():
                    yield
        finally:
            took_s = anyio.current_time() - began_at
            self._metrics.transaction_ended(kind, took_s=took_s)

    async def checkpoint_regularly(self) -> None:
        """Write the log back into the database between transactions, until cancelled."""
        while True:
            await anyio.sleep(CHECKPOINTED_EVERY_S)
            # What cannot be written back stays in the log, and is as safe there.
            with suppress(DatabaseFailedError):
                await self.checkpoint()

    async def checkpoint(self) -> None:
        """Write what the log holds back into the database, so that the log begins anew.

        Raises:
            DatabaseFailedError: Some of it is still in the log only; nothing was lost.
        """
        async with self._turn:
            with failures_named(), anyio.CancelScope(shield=True):
                await self._connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")


@contextmanager
def failures_named() -> Generator[None]:
    """Raise SQLite's errors as the one that the program knows."""
    try:
        yield
    except sqlite3.Error as error:
        raise failure(error) from error


@asynccontextmanager
async def open_sqlite(path: Path, metrics: Metrics | None = None) -> AsyncGenerator[SqliteDatabase]:
    """Open the database at ``path``, creating or migrating it as needed.

    Raises:
        UnusableDatabaseError: It cannot be worked with; the sentence says why.
    """
    async with AsyncExitStack() as stack:
        try:
            connecting = aiosqlite.connect(path, isolation_level=None)
            connection = await stack.enter_async_context(connecting)
            connection.row_factory = aiosqlite.Row
            for pragma in PRAGMAS:
                await connection.execute(pragma)
            await migrate(connection, path)
        except sqlite3.Error as error:
            raise UnreadableDatabaseError(path, error) from error
        yield SqliteDatabase(connection, metrics or Metrics())


def failure(error: sqlite3.Error) -> DatabaseFailedError:
    """Return what SQLite's error means to a caller."""
    # Errors of the driver's own have no code.
    is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return DatabaseFullError(str(error)) if is_full else DatabaseFailedError(str(error))


def as_text(moment: datetime) -> str:
    """Return ``moment`` in UTC to the microsecond, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def as_optional_text(moment: datetime | None) -> str | None:
    """Return ``as_text`` of a moment that may not have come."""
    return None if moment is None else as_text(moment)
