import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from renderio_box.database import expiry, keys, migrate
from renderio_box.database.connection import open_sqlite
from renderio_box.database.migrate import (
    NewerSchemaError,
    NotMigratedError,
    UnreadableDatabaseError,
    UnusableDatabaseError,
    known_migrations,
)
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, OWNER, make_submission
from tests.fakes import ManualClock
from tests.faults.small_disk import fill, small_disk_or_skip
from tests.integration.queue_steps import LEASE, ROOM

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
        queue = JobQueue(database, clock, Herald(Announcer(), Wakeup()), addresses=ADDRESSES)
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

    with pytest.raises(NotMigratedError, match=r"no such table: nowhere.*unharmed"):
        async with open_sqlite(path):
            pass

    assert version_of(path) == KNOWN


async def test_without_a_snapshot_nothing_is_migrated(
    path: Path, upgrade: Callable[[str], None]
) -> None:
    upgrade(ADD_TABLE)
    snapshot = path.with_name(f"{path.name}.schema-{KNOWN}")
    snapshot.mkdir()

    with pytest.raises(NotMigratedError, match="the snapshot before it failed"):
        async with open_sqlite(path):
            pass

    assert version_of(path) == KNOWN
    assert list(path.parent.glob("*.new")) == []


async def test_a_snapshot_that_was_cut_off_is_taken_anew(
    path: Path, upgrade: Callable[[str], None]
) -> None:
    upgrade(ADD_TABLE)
    path.with_name(f"{path.name}.schema-{KNOWN}.new").write_bytes(b"half of it")

    async with open_sqlite(path):
        pass

    assert version_of(path.with_name(f"{path.name}.schema-{KNOWN}")) == KNOWN
    assert list(path.parent.glob("*.new")) == []


async def test_a_snapshot_is_for_its_owner_only(path: Path, upgrade: Callable[[str], None]) -> None:
    upgrade(ADD_TABLE)

    async with open_sqlite(path):
        pass

    assert path.with_name(f"{path.name}.schema-{KNOWN}").stat().st_mode & 0o077 == 0


async def test_on_a_full_disk_a_database_is_left_as_it_was(
    tmp_path: Path, upgrade: Callable[[str], None]
) -> None:
    with small_disk_or_skip(tmp_path / "disk", mbytes=2) as disk:
        path = disk / "box.sqlite3"
        async with open_sqlite(path):
            pass
        upgrade(ADD_TABLE)
        fill(disk / "ballast")

        with pytest.raises(UnusableDatabaseError, match="make room"):
            async with open_sqlite(path):
                pass

        (disk / "ballast").unlink()
        assert version_of(path) == KNOWN
        assert list(disk.glob("*.schema-*")) == []


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_bytes(b"this is no database, only text" * 100)

    with pytest.raises(UnreadableDatabaseError, match="cannot be opened: file is not a database"):
        async with open_sqlite(path):
            pass


def older(path: Path, *, schema: int, script: str) -> None:
    """Make a database of an earlier version of the program, with something in it."""
    with sqlite3.connect(path) as connection:
        for migration in known_migrations()[:schema]:
            connection.executescript(migration)
        connection.executescript(f"{script}; PRAGMA user_version = {schema};")
    connection.close()


FILES_OF_SCHEMA_3 = """
INSERT INTO files (id, owner, kind, status, key, token, filename, size_bytes, sha256, media,
                   created_at, deleted_at)
VALUES ('kept', 'ann', 'UPLOAD', 'stored', 'k1', 't1', 'a.mp4', 5, '00', '{}', '2026', NULL),
       ('gone', 'ann', 'UPLOAD', 'stored', 'k2', 't2', 'a.mp4', 7, '00', '{}', '2026', '2026');
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at, finished_at)
VALUES ('waits', 'ann', 'queued', '{"inputs":{"in_a":{"type":"stored","file_id":"kept"},
        "in_b":{"type":"url","url":"https://example.org/"}},
        "archive":{"type":"stored","file_id":"zip"}}', '{}', '{}', '[]', 50, 1, 0, 0, '2026', NULL),
       ('done', 'ann', 'succeeded', '{"inputs":{"in_a":{"type":"stored","file_id":"kept"}}}',
        '{}', '{}', '[]', 50, 1, 1, 0, '2026', '2026');
INSERT INTO segments VALUES ('done', 'seg.ts', 'k3', 11, '00', '2026')
"""


async def test_what_waiting_commands_need_is_known_after_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    older(path, schema=3, script=FILES_OF_SCHEMA_3)

    async with open_sqlite(path) as database, database.reading() as tx:
        needed = await tx.fetch_all("SELECT file_id, job_id FROM needed_files ORDER BY 1", {})

    assert needed == [
        {"file_id": "kept", "job_id": "waits"},
        {"file_id": "zip", "job_id": "waits"},
    ]


async def test_stored_bytes_are_counted_by_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    older(path, schema=3, script=FILES_OF_SCHEMA_3)

    async with open_sqlite(path) as database, database.reading() as tx:
        assert await expiry.stored_bytes(tx) == 5 + 11


QUEUED_OF_SCHEMA_6 = """
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at, finished_at, started_at,
                  lease_expires_at)
SELECT column1, column2, column3, '{"steps":[["-i","x"]],"inputs":{},"outputs":{},
       "max_run_seconds":60}', '{}', '{}', '[]', column4, 1, column5, 0, column6 || '-01T00:00:00+00:00',
       column7 || '-01T00:00:00+00:00', column8 || '-01T00:00:00+00:00', column9
  FROM (VALUES ('a2', 'ann', 'queued', 50, 0, '2026-02', NULL, NULL, NULL),
               ('a1', 'ann', 'queued', 50, 0, '2026-01', NULL, NULL, NULL),
               ('b1', 'bob', 'queued', 50, 0, '2026-03', NULL, NULL, NULL),
               ('urgent', 'bob', 'queued', 60, 0, '2026-04', NULL, NULL, NULL),
               ('again', 'bob', 'queued', 50, 1, '2026-05', NULL, '2026-05', NULL),
               ('runs', 'ann', 'running', 50, 1, '2026-01', NULL, '2026-01', '2026-02'),
               ('done', 'ann', 'succeeded', 50, 1, '2025-01', '2025-01', '2025-01', NULL))
"""


async def test_what_waited_before_a_migration_is_claimed_in_turns(
    tmp_path: Path, clock: ManualClock
) -> None:
    older(tmp_path / "box.sqlite3", schema=6, script=QUEUED_OF_SCHEMA_6)

    async with open_sqlite(tmp_path / "box.sqlite3") as database:
        queue = JobQueue(database, clock, Herald(Announcer(), Wakeup()), addresses=ADDRESSES)
        await queue.rescue(leases_before=EVERY_LEASE)
        claimed = [await queue.claim(ROOM, lease=LEASE) for _ in range(7)]

    ids = [None if each is None else each.id for each in claimed]
    assert ids == ["urgent", "runs", "again", "a1", "b1", "a2", None]


KEY_OF_SCHEMA_7 = """
INSERT INTO keys (id, name, owner, digest, scopes, created_at)
VALUES ('k', 'old', 'ann', 'd', '["read"]', '2026-01-01T00:00:00.000000+00:00')
"""


async def test_a_key_from_before_keys_had_an_end_has_none(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    older(path, schema=7, script=KEY_OF_SCHEMA_7)

    async with open_sqlite(path) as database, database.reading() as tx:
        (key,) = await keys.list_all(tx)

    assert (key.name, key.expires_at) == ("old", None)
