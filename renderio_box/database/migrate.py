"""Bringing a database file to the schema that this program knows."""

from importlib import resources
from pathlib import Path
from typing import Final

import aiosqlite

MIGRATIONS: Final = "renderio_box.database.migrations"


class NewerSchemaError(Exception):
    """The database was written by a later version; opening it could lose what that one knows."""

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found}, this version knows up to {known}:"
            " install the newer version again, or restore the snapshot beside the database."
        )


async def migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Apply every migration that the file lacks, after a snapshot of what is there.

    Each migration commits together with the version it brings, so that a crash in
    between leaves a file that the next start goes on with.
    """
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    found: int = 0 if row is None else row[0]
    scripts = known_migrations()
    if found > len(scripts):
        raise NewerSchemaError(path, found=found, known=len(scripts))
    if 0 < found < len(scripts):
        snapshot = path.with_name(f"{path.name}.schema-{found}")
        snapshot.unlink(missing_ok=True)
        await connection.execute("VACUUM INTO ?", (str(snapshot),))
    for version, script in enumerate(scripts[found:], start=found + 1):
        await connection.executescript(
            f"BEGIN EXCLUSIVE;\n{script}\nPRAGMA user_version = {version};\nCOMMIT;"
        )


def known_migrations() -> list[str]:
    """Return the SQL of every migration in order; the first one brings schema 1."""
    files = [file for file in resources.files(MIGRATIONS).iterdir() if file.name.endswith(".sql")]
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]
