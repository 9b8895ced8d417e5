"""Whether the database is whole."""

from typing import Final

from anyio import to_thread

from renderio_box.data_directory import DataDirectory, DirectoryInUseError
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.database.integrity import Integrity, integrity_of
from renderio_box.doctor.finding import Finding, problem, warning, well

SUBJECT: Final = "database"
CHECK_SECONDS: Final = 20.0
RESTORE: Final = "keep a copy of it, then restore a backup, or a snapshot beside it"


async def stopped_database(data: DataDirectory) -> tuple[Finding, Integrity | None]:
    """Check the database of a box that does not run; the lock keeps one from starting meanwhile."""
    if not data.database.exists():
        return well(SUBJECT, "there is none yet; the first start makes it"), None
    try:
        with data.locked():
            found = await integrity_of(data.database, within_s=CHECK_SECONDS)
    except DirectoryInUseError:
        what = "another program works with it, perhaps a box that is starting or stopping"
        return warning(SUBJECT, what, "try again in a moment"), None
    except DatabaseFailedError as error:
        return problem(SUBJECT, f"{data.database} cannot be read: {error}", RESTORE), None
    except OSError as error:
        fix = "run doctor as the user of the box"
        return problem(SUBJECT, f"{data.root}: {error.strerror}", fix), None
    size = await to_thread.run_sync(lambda: data.database.stat().st_size)
    return integrity_finding(found, size_bytes=size), found


def integrity_finding(found: Integrity, *, size_bytes: int) -> Finding:
    """Tell what a check of the database came to."""
    if found.faults:
        return problem(SUBJECT, f"it is damaged: {found.faults[0]}", RESTORE)
    if found.schema > found.known_schema:
        what = f"its schema {found.schema} is newer than this program ({found.known_schema})"
        return problem(SUBJECT, what, "install the newer version again")
    if not found.is_complete:
        what = f"no fault within {CHECK_SECONDS:g} s, but the check had not ended"
        return warning(SUBJECT, what, "sqlite3 box.sqlite3 'PRAGMA integrity_check' checks it all")
    seen = f"whole, schema {found.schema}, {size_bytes // 1024} KiB"
    if found.schema < found.known_schema:
        return well(SUBJECT, f"{seen}; the next start brings it to {found.known_schema}")
    return well(SUBJECT, seen)
