"""The database as it is at one moment, read beside the connection that writes.

There is one connection that writes, and this adds none: what is opened here can only read,
and never checkpoints. SQLite's races over the log need two that do either.
"""

import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from renderio_box.database.connection import failures_named
from renderio_box.database.migrate import (
    NewerSchemaError,
    UnreadableDatabaseError,
    UnusableDatabaseError,
    known_migrations,
)

OLDEST: Final = 3
"""The first schema that says of every object where it is and what its digest is."""
PAGES_AT_ONCE: Final = 256
OBJECTS_AT_ONCE: Final = 1000

READ_ONLY: Final = ("PRAGMA query_only = ON", "PRAGMA wal_autocheckpoint = 0", "BEGIN")

LIST_OBJECTS: Final = """
SELECT key, size_bytes, sha256 FROM files WHERE status = 'stored' AND deleted_at IS NULL
 UNION ALL
SELECT key, size_bytes, sha256 FROM segments
 UNION ALL
SELECT upload_parts.key, upload_parts.size_bytes, upload_parts.sha256
  FROM upload_parts JOIN files ON files.id = upload_parts.file_id
 WHERE files.status = 'waiting' AND files.deleted_at IS NULL
"""

COUNT_UNFINISHED: Final = """
SELECT (SELECT count(*) FROM jobs WHERE finished_at IS NULL) AS jobs,
       (SELECT count(*) FROM deliveries WHERE status = 'pending') AS deliveries
"""


class KeptObject(msgspec.Struct, frozen=True):
    """A file that should be on disk, and what it must be like."""

    key: str
    size_bytes: int
    sha256: str


class Unfinished(msgspec.Struct, frozen=True):
    """What a box that starts from these rows does: jobs to run, webhooks to send."""

    jobs: int
    deliveries: int


class OldSchemaError(UnusableDatabaseError):
    """The database has to be migrated before it can be backed up."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"{path} has schema {found}, which is too old for this; run 'renderio-box migrate'."
        )


class Snapshot:
    """All rows of one moment. Every call blocks, in the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def schema(self) -> int:
        """Return the version of the schema."""
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(found)

    def objects(self) -> Iterator[Sequence[KeptObject]]:
        """Yield what must be on disk, a thousand at a time."""
        with closing(self._connection.execute(LIST_OBJECTS)) as cursor:
            while rows := cursor.fetchmany(OBJECTS_AT_ONCE):
                yield [KeptObject(*row) for row in rows]

    def unfinished(self) -> Unfinished:
        """Count what has not ended."""
        return Unfinished(*self._connection.execute(COUNT_UNFINISHED).fetchone())

    def is_sound(self) -> bool:
        """Tell whether the file holds together; this reads all of it."""
        (found,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        return found == "ok"

    def copy_into(self, target: Path, *, check: Callable[[], None]) -> None:
        """Write these rows into a new file that needs no log beside it.

        ``check`` is called all along and may raise, which ends the copying.

        Raises:
            DatabaseFailedError: It could not be written.
        """

        def go_on(_: int, __: int, ___: int) -> None:
            check()

        with failures_named(), closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")  # it is synced once, when it is whole
            self._connection.backup(copy, pages=PAGES_AT_ONCE, progress=go_on, sleep=0)
            copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def open_snapshot(path: Path) -> Generator[Snapshot]:
    """Keep the present moment of a database that may be written to meanwhile. Blocks.

    Raises:
        UnusableDatabaseError: It has another schema than this program can tell objects from.
        DatabaseFailedError: It cannot be read.
    """
    with failures_named(), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in READ_ONLY:
            connection.execute(statement)
        snapshot = Snapshot(connection)
        check_schema(path, snapshot.schema())
        yield snapshot


@contextmanager
def open_archived(path: Path) -> Generator[Snapshot]:
    """Open a database that nobody writes to, and leave nothing beside it. Blocks.

    Raises:
        UnusableDatabaseError: It is none, or has another schema than this program knows.
    """
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            snapshot = Snapshot(connection)
            check_schema(path, snapshot.schema())
            yield snapshot
    except sqlite3.Error as error:
        raise UnreadableDatabaseError(path, error) from error


def check_schema(path: Path, found: int) -> None:
    """Refuse schemas that this program does not know, or that say too little."""
    known = len(known_migrations())
    if found > known:
        raise NewerSchemaError(path, found=found, known=known)
    if found < OLDEST:
        raise OldSchemaError(path, found)
