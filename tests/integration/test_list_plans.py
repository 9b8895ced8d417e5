"""How SQLite finds what a list shows: by index, whatever the database holds."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import LiteralString

import pytest

from renderio_box.database import files, job_lists, jobs, orphans, progress, standing
from renderio_box.database.connection import open_sqlite
from renderio_box.jobs.job import JobState
from tests.integration.box import NOWHERE

STATES = {
    "any_state": False,
    "state": JobState.SUCCEEDED,
    "other_state": JobState.SUCCEEDED,
    "command_type": "FFMPEG_COMMAND",
}
STRETCH = {"created_at": "2026", "id": NOWHERE, "limit": 51, "offset": 0}
MARKS = {"key": "env", "value": "prod", "other_marks": "[]"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[sqlite3.Connection]:
    """Return an empty database, so that no plan depends on what is in it."""
    async with open_sqlite(tmp_path / "box.sqlite3"):
        pass
    with sqlite3.connect(tmp_path / "box.sqlite3") as connection:
        yield connection
    connection.close()


def plan(database: sqlite3.Connection, sql: LiteralString, **values: object) -> list[str]:
    return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (job_lists.LIST_ALL, "jobs_by_age ((created_at,id)<(?,?))"),
        (job_lists.LIST_OWNED, "jobs_by_owner (owner=? AND (created_at,id)<(?,?))"),
    ],
)
async def test_a_page_is_read_from_an_index_in_its_order(
    database: sqlite3.Connection, sql: LiteralString, index: str
) -> None:
    (step,) = plan(database, sql, owner="ann", **STATES, **STRETCH)

    assert step.startswith("SEARCH jobs USING")
    assert step.endswith(f"INDEX {index}")


async def test_a_page_selected_by_metadata_is_read_from_an_index_in_its_order(
    database: sqlite3.Connection,
) -> None:
    steps = plan(database, job_lists.LIST_MARKED, owner="ann", **STATES, **STRETCH, **MARKS)

    assert steps[0].startswith("SEARCH marked USING COVERING INDEX")
    assert "(key=? AND value=? AND job_id<?)" in steps[0]
    assert not [step for step in steps if "TEMP B-TREE" in step or "SCAN jobs" in step]


@pytest.mark.parametrize(
    ("sql", "values"),
    [(jobs.FIND_ALL, {"ids": "[]"}), (files.LIST_BY_JOBS, {"job_ids": "[]"})],
)
async def test_what_a_page_shows_is_looked_up_by_index(
    database: sqlite3.Connection, sql: LiteralString, values: dict[str, str]
) -> None:
    steps = plan(database, sql, **values)

    assert not [step for step in steps if step.startswith(("SCAN jobs", "SCAN files"))]


async def test_what_runs_is_looked_for_among_what_runs(database: sqlite3.Connection) -> None:
    (step,) = plan(database, progress.LIST_RUNNING, owner="ann", job_id=NOWHERE, limit=1000)

    assert step == "SCAN jobs USING INDEX jobs_running"


@pytest.mark.parametrize(
    "sql", [standing.COUNT_BY_STATE, standing.COUNT_WAITING, standing.COUNT_DELIVERIES]
)
async def test_what_monitoring_asks_is_counted_without_a_look_at_every_row(
    database: sqlite3.Connection, sql: LiteralString
) -> None:
    steps = plan(database, sql, limit=100)

    assert not [step for step in steps if step in {"SCAN jobs", "SCAN deliveries", "SCAN files"}]
    assert not [step for step in steps if step.startswith("SCAN jobs")]


async def test_the_first_of_a_line_is_found_by_index(database: sqlite3.Connection) -> None:
    steps = plan(database, standing.COUNT_WAITING)

    assert "SEARCH jobs USING INDEX jobs_queued (standing=? AND owner=?)" in steps


async def test_files_are_walked_through_in_the_order_of_an_index(
    database: sqlite3.Connection,
) -> None:
    (step,) = plan(database, orphans.LIST_FILES, after=NOWHERE, limit=500)

    assert step.startswith("SEARCH files USING INDEX sqlite_autoindex_files_1 (id>?)")
