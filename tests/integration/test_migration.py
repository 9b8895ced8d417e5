import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from renderio_box.database import migrate
from renderio_box.database.connection import open_sqlite
from renderio_box.database.migrate import NewerSchemaError, known_migrations
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import JobQueue
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, OWNER, make_submission
from tests.fakes import ManualClock

KNOWN = len(known_migrations())
ADD_TABLE = "CREATE TABLE added (id TEXT PRIMARY KEY) STRICT;"


def version_of(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return version


def set_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Return a database file that this program has made."""
    made = tmp_path / "box.sqlite3"
    async with open_sqlite(made):
        return made


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a later version of the program in place, with one more migration."""

    def put(script: str) -> None:
        room = tmp_path / f"later_{tmp_path.name}"
        room.mkdir()
        (room / "__init__.py").touch()
        for number, known in enumerate(known_migrations(), start=1):
            (room / f"{number:04}.sql").write_text(known)
        (room / "9999.sql").write_text(script)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(migrate, "MIGRATIONS", room.name)

    return put


async def test_a_new_database_has_the_schema_that_the_program_knows(path: Path) -> None:
    assert version_of(path) == KNOWN


async def test_a_new_database_needs_no_snapshot(path: Path) -> None:
    assert list(path.parent.glob("*.schema-*")) == []


async def test_opening_again_changes_nothing(path: Path) -> None:
    async with open_sqlite(path):
        pass

    assert version_of(path) == KNOWN


async def test_a_newer_schema_is_refused(path: Path) -> None:
    set_version(path, KNOWN + 1)

    with pytest.raises(NewerSchemaError, match=f"schema {KNOWN + 1}"):
        async with open_sqlite(path):
            pass


async def test_a_refused_database_is_left_as_it_was(path: Path) -> None:
    set_version(path, KNOWN + 1)

    with pytest.raises(NewerSchemaError):
        async with open_sqlite(path):
            pass

    assert version_of(path) == KNOWN + 1


async def test_an_older_schema_is_migrated(path: Path, upgrade: Callable[[str], None]) -> None:
    upgrade(ADD_TABLE)

    async with open_sqlite(path):
        pass

    assert version_of(path) == KNOWN + 1


async def test_a_migration_keeps_every_job(
    path: Path, clock: ManualClock, upgrade: Callable[[str], None]
) -> None:
    async with open_sqlite(path) as database:
        queue = JobQueue(database, clock, Announcer(), addresses=ADDRESSES, deliveries=Wakeup())
        (job,) = await queue.submit([make_submission()], owner=OWNER, sees=OWNER)
    upgrade(ADD_TABLE)

    async with open_sqlite(path) as database:
        found = await History(database, ADDRESSES).find(job.id, sees=OWNER)

    assert found.job == job


async def test_a_migration_leaves_a_snapshot_of_what_was_there(
    path: Path, upgrade: Callable[[str], None]
) -> None:
    upgrade(ADD_TABLE)

    async with open_sqlite(path):
        pass

    assert version_of(path.with_name(f"{path.name}.schema-{KNOWN}")) == KNOWN


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    path: Path, upgrade: Callable[[str], None]
) -> None:
    upgrade(ADD_TABLE + "DROP TABLE nowhere;")

    with pytest.raises(sqlite3.OperationalError):
        async with open_sqlite(path):
            pass

    assert version_of(path) == KNOWN


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_bytes(b"this is no database, only text" * 100)

    with pytest.raises(sqlite3.DatabaseError):
        async with open_sqlite(path):
            pass
