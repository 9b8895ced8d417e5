"""How SQLite finds what is to go: by index, whatever the database holds."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import LiteralString

import pytest

from renderio_box.database import disposal, expiry, orphans
from renderio_box.database.connection import open_sqlite

VALUES = {
    "before": "2026",
    "latest": "2026",
    "after": "",
    "after_end": "",
    "after_id": "",
    "limit": 10,
    "now": "2026",
    "ids": "[]",
    "keys": "[]",
    "dates": "{}",
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[sqlite3.Connection]:
    """Return an empty database, so that no plan depends on what is in it."""
    async with open_sqlite(tmp_path / "box.sqlite3"):
        pass
    with sqlite3.connect(tmp_path / "box.sqlite3") as connection:
        yield connection
    connection.close()


def plan(database: sqlite3.Connection, sql: LiteralString) -> list[str]:
    return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", VALUES)]


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (expiry.LIST_DUE, "files_expiring"),
        (expiry.LIST_OLDEST, "files_by_age"),
        (disposal.LIST_ENDED, "jobs_by_end"),
        (disposal.DELETE_OLD_EVENTS, "events_passed"),
        (disposal.DELETE_OLD_DELIVERIES, "deliveries_by_end"),
        (disposal.DELETE_OLD_KEYS, "idempotency_keys_by_age"),
        (disposal.DELETE_OLD_RECORDS, "files_deleted"),
    ],
)
async def test_what_is_due_is_read_from_an_index_in_its_order(
    database: sqlite3.Connection, sql: LiteralString, index: str
) -> None:
    steps = plan(database, sql)

    assert [step for step in steps if index in step]
    assert not [step for step in steps if "TEMP B-TREE" in step]


@pytest.mark.parametrize(
    "sql",
    [
        *(expiry.EXPIRE_FILES, expiry.EXPIRE_OUTPUTS, expiry.EXPIRE_SEGMENTS, expiry.DATE),
        *(expiry.LIST_AFTER, disposal.DELETE_OLD_LOGS, *disposal.REFERRING, disposal.DELETE_JOBS),
        *(orphans.LIST_KNOWN, orphans.LIST_RUNNING, orphans.LIST_FILES, orphans.LIST_SEGMENTS),
    ],
)
async def test_nothing_is_looked_for_in_a_whole_table(
    database: sqlite3.Connection, sql: LiteralString
) -> None:
    scans = [step for step in plan(database, sql) if step.startswith("SCAN")]

    assert [scan for scan in scans if "VIRTUAL TABLE" not in scan] == []
