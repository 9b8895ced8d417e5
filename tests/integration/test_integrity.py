"""Checking a database that nobody has open."""

import sqlite3
from pathlib import Path

import pytest

from renderio_box.database.connection import DatabaseFailedError, open_sqlite
from renderio_box.database.integrity import integrity_of
from renderio_box.database.migrate import known_migrations

PATIENCE_S = 20.0


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database that was closed well."""
    path = tmp_path / "box.sqlite3"
    async with open_sqlite(path):
        pass
    return path


async def test_a_whole_database_has_no_fault_and_its_files_stay_as_they_are(path: Path) -> None:
    content, beside = path.read_bytes(), sorted(path.parent.iterdir())

    found = await integrity_of(path, within_s=PATIENCE_S)

    known = len(known_migrations())
    assert (found.schema, found.known_schema, found.faults) == (known, known, ())
    assert (found.newest, found.is_complete) == (None, True)
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == (content, beside)


async def test_a_damaged_database_has_its_first_faults_named(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    path.write_bytes(content)

    found = await integrity_of(path, within_s=PATIENCE_S)

    assert 0 < len(found.faults) <= 5


async def test_what_a_crash_left_in_the_log_counts_too(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("PRAGMA user_version = 99")
        other.commit()
        for name in ("box.sqlite3", "box.sqlite3-wal"):
            crashed = path.with_name(name).read_bytes()
            (path.parent / "crashed").mkdir(exist_ok=True)
            (path.parent / "crashed" / name).write_bytes(crashed)

    found = await integrity_of(path.parent / "crashed" / "box.sqlite3", within_s=PATIENCE_S)

    assert (found.schema, found.known_schema) == (99, len(known_migrations()))


async def test_a_check_that_takes_too_long_is_given_up(path: Path) -> None:
    found = await integrity_of(path, within_s=0)

    assert (found.is_complete, found.faults) == (False, ())


@pytest.mark.parametrize(
    "content", [b"no database at all" * 400, b"SQLite format 3\0" + b"x" * 8000]
)
async def test_a_file_that_is_no_database_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_bytes(content)

    with pytest.raises(DatabaseFailedError):
        await integrity_of(path, within_s=PATIENCE_S)


async def test_a_database_that_is_empty_is_one_that_no_box_has_opened(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    path.touch()

    found = await integrity_of(path, within_s=PATIENCE_S)

    assert (found.schema, found.newest) == (0, None)
