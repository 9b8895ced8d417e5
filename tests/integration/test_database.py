import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from renderio_box.database.connection import DatabaseFailedError, SqliteDatabase, open_sqlite

PAGE_BYTES = 4096
USUAL_LOG_PAGES = 1000
NOTE = "INSERT INTO notes (text) VALUES (:text)"
COUNT = "SELECT count(*) AS count FROM notes"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "box.sqlite3"


@pytest.fixture
async def database(path: Path) -> AsyncGenerator[SqliteDatabase]:
    async with open_sqlite(path) as opened:
        async with opened.transaction() as tx:
            await tx.execute("CREATE TABLE notes (text TEXT UNIQUE) STRICT", {})
        await opened.checkpoint()
        yield opened


async def noted(database: SqliteDatabase, *texts: str) -> None:
    async with database.transaction() as tx:
        for text in texts:
            await tx.execute(NOTE, {"text": text})


async def count(database: SqliteDatabase) -> object:
    async with database.reading() as tx:
        row = await tx.fetch_one(COUNT, {})
    return None if row is None else row["count"]


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def count_without_log(path: Path) -> int:
    """Count what is in the database file itself, as if its log were lost."""
    alone = path.with_name("alone.sqlite3")
    alone.write_bytes(path.read_bytes())
    connection = sqlite3.connect(alone)
    try:
        (found,) = connection.execute(COUNT).fetchone()
    finally:
        connection.close()
    return int(found)


async def test_a_commit_leaves_it_to_the_checkpoint_to_write_its_log_back(
    database: SqliteDatabase, path: Path
) -> None:
    await noted(database, "a" * PAGE_BYTES * USUAL_LOG_PAGES)
    await noted(database, "b")
    before = count_without_log(path)

    await database.checkpoint()

    assert (before, count_without_log(path)) == (0, 2)


async def test_what_was_not_written_back_is_safe_in_the_log(
    database: SqliteDatabase, path: Path
) -> None:
    await noted(database, "a")
    left = path.with_name("left.sqlite3")
    left.write_bytes(path.read_bytes())
    log_of(left).write_bytes(log_of(path).read_bytes())

    async with open_sqlite(left) as recovered:
        assert await count(recovered) == 1


async def test_a_checkpoint_waits_until_the_transaction_is_over(
    database: SqliteDatabase, path: Path
) -> None:
    async with anyio.create_task_group() as group, database.transaction() as tx:
        group.start_soon(database.checkpoint)
        await tx.execute(NOTE, {"text": "a"})

    assert count_without_log(path) == 1


async def test_nothing_is_written_while_somebody_reads(database: SqliteDatabase) -> None:
    seen: list[object] = []
    async with anyio.create_task_group() as group, database.reading() as tx:
        group.start_soon(noted, database, "a")
        seen += [await tx.fetch_all(COUNT, {}) for _ in range(3)]

    assert seen == [[{"count": 0}]] * 3
    assert await count(database) == 1


async def test_a_failed_read_is_told_as_the_databases_failure(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseFailedError, match="no such table"):
        async with database.reading() as tx:
            await tx.fetch_one("SELECT * FROM nowhere", {})

    assert await count(database) == 0


async def test_a_failed_statement_undoes_those_before_it(database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseFailedError, match="UNIQUE"):
        await noted(database, "a", "b", "a")

    assert await count(database) == 0


async def test_a_statement_tells_how_many_rows_it_changed(database: SqliteDatabase) -> None:
    await noted(database, "a", "b")

    async with database.transaction() as tx:
        changed = await tx.execute("UPDATE notes SET text = text || 'c'", {})
        none = await tx.execute("DELETE FROM notes WHERE text = :text", {"text": "a"})

    assert (changed, none) == (2, 0)
