"""A box that is killed while it removes what it keeps no longer."""

from pathlib import Path

import pytest

from tests.planting import database, plant_commands, plant_uploads
from tests.running_box import eventually, running_box

COMMANDS = 500
UPLOADS = 2000
UPLOAD_BYTES = 1024
MEBIBYTE = 1024 * 1024
TIMES = 2

pytestmark = pytest.mark.timeout(120)


def objects(data: Path) -> set[str]:
    files = data / "files"
    return {str(path.relative_to(files)) for path in (files / "uploads").glob("*/*")}


def jobs(data: Path) -> int:
    with database(data) as connection:
        return int(connection.execute("SELECT count(*) FROM jobs").fetchone()[0])


def test_a_box_that_is_killed_while_it_removes_things_stays_consistent(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_box(data):
        pass
    plant_commands(data, COMMANDS)
    plant_uploads(data, UPLOADS, size_bytes=UPLOAD_BYTES)

    for _ in range(TIMES):
        before = len(objects(data))
        with running_box(data, RENDERIO_RETENTION_TOTAL_MBYTES="1") as box:
            eventually(lambda least=before: len(objects(data)) < least, within_s=10)
            box.process.kill()
            box.process.wait()
    interrupted = len(objects(data)), jobs(data)
    with running_box(data, RENDERIO_RETENTION_TOTAL_MBYTES="1"):
        eventually(lambda: len(objects(data)) * UPLOAD_BYTES <= MEBIBYTE, within_s=45)
        eventually(lambda: jobs(data) == 1, within_s=45)

    assert interrupted > (MEBIBYTE // UPLOAD_BYTES, 1)
    with database(data) as connection:
        kept = connection.execute("SELECT key FROM files WHERE deleted_at IS NULL").fetchall()
        (stored,) = connection.execute("SELECT bytes FROM stored_bytes").fetchone()
        (counted,) = connection.execute("SELECT sum(count) FROM job_counts").fetchone()
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
        (newest,) = connection.execute("SELECT max(sequence) FROM events").fetchone()
    assert {key for (key,) in kept} == objects(data)
    assert (stored, counted, dangling) == (len(kept) * UPLOAD_BYTES, 1, [])
    assert newest == COMMANDS * 3
