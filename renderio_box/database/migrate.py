"""Bringing a database file to the schema that this program knows."""

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Final

import aiosqlite
from anyio import to_thread

from renderio_box.durable import put_in_place, sync_private

MIGRATIONS: Final = "renderio_box.database.migrations"


class UnusableDatabaseError(Exception):
    """The database cannot be worked with as it is; it was left so."""


class UnreadableDatabaseError(UnusableDatabaseError):
    """The file is no database, or is damaged, or cannot be opened or written."""

    def __init__(self, path: Path, error: sqlite3.Error) -> None:
        super().__init__(
            f"{path} cannot be opened: {error}; make room on the disk if that is it,"
            " check who owns the file, or restore a copy of it."
        )


class NotMigratedError(UnusableDatabaseError):
    """Something went wrong on the way to the schema of this version, most likely a full disk."""

    def __init__(self, path: Path, what: str, error: Exception) -> None:
        super().__init__(
            f"{path} has to be brought to the schema of this version, but {what} failed:"
            f" {error}. The database is unharmed: make room on the disk for a copy of it and"
            " start again."
        )


class NewerSchemaError(UnusableDatabaseError):
    """The database was written by a later version; opening it could lose what that one knows."""

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found}, this version knows up to {known}:"
            " install the newer version again, or restore the snapshot beside the database."
        )


def schema_of(path: Path) -> int:
    """Return the schema of a database that nobody else has open. Blocks.

    Raises:
        UnusableDatabaseError: It is none, or has a schema of a later version.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise UnreadableDatabaseError(path, error) from error
    known = len(known_migrations())
    if found > known:
        raise NewerSchemaError(path, found=found, known=known)
    return int(found)


async def migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Apply every migration that the file lacks, after a snapshot of what is there.

    Each migration commits together with the version it brings, so that a crash in
    between leaves a file that the next start goes on with. The snapshot is beside the
    file and stays there until the operator removes it.

    Raises:
        NewerSchemaError, NotMigratedError: The database is as it was, or between two schemas.
    """
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    found: int = 0 if row is None else row[0]
    scripts = known_migrations()
    if found > len(scripts):
        raise NewerSchemaError(path, found=found, known=len(scripts))
    if 0 < found < len(scripts):
        await take_snapshot(connection, path, path.with_name(f"{path.name}.schema-{found}"))
    for version, script in enumerate(scripts[found:], start=found + 1):
        try:
            await connection.executescript(
                f"BEGIN EXCLUSIVE;\n{script}\nPRAGMA user_version = {version};\nCOMMIT;"
            )
        except sqlite3.Error as error:
            raise NotMigratedError(path, f"the step to schema {version}", error) from error


async def take_snapshot(connection: aiosqlite.Connection, path: Path, snapshot: Path) -> None:
    """Copy the database; a file of the snapshot's name is whole and on disk.

    Raises:
        NotMigratedError: It cannot be done, and nothing is left of the attempt.
    """
    arriving = snapshot.with_name(f"{snapshot.name}.new")
    try:
        arriving.unlink(missing_ok=True)
        await connection.execute("VACUUM INTO ?", (str(arriving),))
        await to_thread.run_sync(sync_private, arriving)
        await to_thread.run_sync(put_in_place, arriving, snapshot)
    except (sqlite3.Error, OSError) as error:
        arriving.unlink(missing_ok=True)
        raise NotMigratedError(path, "the snapshot before it", error) from error


def known_migrations() -> list[str]:
    """Return the SQL of every migration in order; the first one brings schema 1."""
    files = [file for file in resources.files(MIGRATIONS).iterdir() if file.name.endswith(".sql")]
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]
