"""``renderio-box migrate`` on the directory of a stopped box."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from renderio_box.database.migrate import known_migrations
from tests.running_box import cli

KNOWN = len(known_migrations())


def make_database(data: Path, schema: int) -> None:
    data.mkdir()
    with closing(sqlite3.connect(data / "box.sqlite3")) as connection:
        for script in known_migrations()[:schema]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {schema}")


def schema_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of a box that an older version has left."""
    make_database(tmp_path / "data", KNOWN - 1)
    return tmp_path / "data"


def test_what_is_outstanding_is_told_and_nothing_is_changed(data: Path) -> None:
    checked = cli("migrate", "--check", "--data", data)

    assert (checked.returncode, schema_of(data / "box.sqlite3")) == (1, KNOWN - 1)
    assert f"schema {KNOWN - 1}, this version wants {KNOWN}" in checked.stderr


def test_what_is_outstanding_is_applied_after_a_snapshot(data: Path) -> None:
    migrated, checked = cli("migrate", "--data", data), cli("migrate", "--check", "--data", data)

    assert (migrated.returncode, checked.returncode) == (0, 0)
    assert schema_of(data / "box.sqlite3") == KNOWN
    assert schema_of(data / f"box.sqlite3.schema-{KNOWN - 1}") == KNOWN - 1


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    make_database(tmp_path / "data", KNOWN)
    with closing(sqlite3.connect(tmp_path / "data" / "box.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {KNOWN + 1}")

    refused = cli("migrate", "--check", "--data", tmp_path / "data")

    assert (refused.returncode, "install the newer version" in refused.stderr) == (4, True)


def test_an_older_database_is_backed_up_as_it_is(data: Path, tmp_path: Path) -> None:
    made = cli("backup", tmp_path / "backup", "--files", "--data", data)

    assert (made.returncode, schema_of(data / "box.sqlite3")) == (0, KNOWN - 1)
    assert schema_of(tmp_path / "backup" / "box.sqlite3") == KNOWN - 1
