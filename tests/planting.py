"""Rows and files as a long life would have left them, put in while no box runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

LONG_AGO: Final = "2020-01-01T00:00:00.000000+00:00"
SPEC: Final = (
    '{"version":1,"command_type":"FFMPEG_COMMAND","steps":[["-f","lavfi","{{out_v}}"]],'
    '"inputs":{},"outputs":{"out_v":"a.mp4"},"max_run_seconds":60}'
)
COMMANDS: Final = """
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count)
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at, started_at, finished_at)
SELECT printf('%s-%s-7000-8000-%012x', substr(ms, 1, 8), substr(ms, 9, 4), n), 'planted',
       'succeeded', :spec, '{"ffmpeg_command":"-f lavfi {{out_v}}"}', '{}', '[]', 50, 1, 1, 0,
       at, at, at
  FROM (SELECT n, printf('%012x', unixepoch(:since) * 1000 + n * :every_ms) AS ms,
               strftime('%Y-%m-%dT%H:%M:%f000+00:00', unixepoch(:since) + n * :every_ms / 1000.0,
                        'unixepoch')
               AS at FROM n WHERE :count > 0)
"""
WAITING: Final = """
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count)
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at)
SELECT printf('%08x-0000-7000-9000-', n) || substr(hex(:owner || '------'), 1, 12), :owner,
       'queued', :spec, '{"ffmpeg_command":"-f lavfi {{out_v}}"}', '{}', '[]', 50, 1, 0, 0, :at
  FROM n WHERE :count > 0
"""
BELONGING: Final = """
INSERT INTO job_logs SELECT id, 1, zeroblob(500) FROM jobs WHERE owner = 'planted';
INSERT INTO job_metadata SELECT id, 'order', id FROM jobs WHERE owner = 'planted';
INSERT INTO files (id, owner, kind, status, key, token, filename, size_bytes, sha256, media,
                   job_id, alias, created_at, deleted_at)
SELECT id, owner, 'OUTPUT', 'stored', 'outputs/00/' || id || '-1-out_v.mp4', id, 'a.mp4', 1, '00',
       '{"file_type":"video"}', id, 'out_v', created_at, created_at
  FROM jobs WHERE owner = 'planted';
INSERT INTO deliveries (id, owner, kind, job_id, url, host, status, attempts, created_at,
                        finished_at)
SELECT id, owner, 'command', id, 'https://hooks.example.org/', 'hooks.example.org', 'delivered', 1,
       created_at, finished_at FROM jobs WHERE owner = 'planted';
INSERT INTO events (job_id, owner, state, attempt, at)
SELECT id, owner, column1, 1, created_at
  FROM jobs, (VALUES ('queued'), ('running'), ('succeeded')) WHERE owner = 'planted';
"""
UPLOAD: Final = """
INSERT INTO files (id, owner, kind, status, key, token, filename, size_bytes, sha256, media,
                   created_at)
VALUES (:id, 'planted', 'UPLOAD', 'stored', :key, :id, 'a.mp4', :size_bytes, '00',
        '{"file_type":"video"}', :at)
"""


@contextmanager
def database(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a box that does not run; commit when the block ends well."""
    with closing(sqlite3.connect(data / "box.sqlite3")) as connection, connection:
        yield connection


def plant_commands(data: Path, count: int, *, since: str = LONG_AGO, every_ms: int = 1) -> None:
    """Add commands that ended one after the other, with all that such commands leave behind."""
    values = {"count": count, "spec": SPEC, "since": since, "every_ms": every_ms}
    with database(data) as connection:
        connection.execute(COMMANDS, values)
        for statement in BELONGING.strip().split(";\n"):
            connection.execute(statement)


def plant_waiting(data: Path, count: int, *, owner: str) -> None:
    """Add commands of one owner that have waited for long."""
    with database(data) as connection:
        values = {"count": count, "owner": owner, "spec": SPEC, "at": LONG_AGO}
        connection.execute(WAITING, values)


def plant_uploads(data: Path, count: int, *, size_bytes: int) -> None:
    """Add uploads of long ago with their bytes."""
    folder = data / "files" / "uploads" / "00"
    folder.mkdir(exist_ok=True)
    with database(data) as connection:
        for number in range(count):
            file_id = f"{number:08x}-0000-7000-8000-000000000001"
            name = f"{file_id}.mp4"
            (folder / name).write_bytes(bytes(size_bytes))
            values = {"id": file_id, "size_bytes": size_bytes, "at": LONG_AGO}
            connection.execute(UPLOAD, values | {"key": f"uploads/00/{name}"})
