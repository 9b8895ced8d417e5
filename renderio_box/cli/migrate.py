"""``renderio-box migrate``: bringing the database of a stopped box to this version's schema."""

import sys
from functools import partial
from pathlib import Path

import click

from renderio_box.cli.keys import check_box
from renderio_box.cli.options import DATA, directory, finish_in
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.data_directory import DataDirectory, DirectoryInUseError
from renderio_box.database.connection import open_sqlite
from renderio_box.database.migrate import UnusableDatabaseError, known_migrations, schema_of


async def migrate(data: DataDirectory, *, check: bool) -> ExitStatus:
    """Apply what is outstanding, or with ``check`` only tell what is."""
    check_box(data)
    known = len(known_migrations())
    try:
        with data.locked():
            found = schema_of(data.database)
            if found < known and not check:
                async with open_sqlite(data.database):
                    pass
    except DirectoryInUseError as error:
        raise CliError(
            f"a box runs in {data.root}: it has migrated its database when it started.",
            status=ExitStatus.BOX_UNREACHABLE,
        ) from error
    except UnusableDatabaseError as error:
        raise CliError(str(error), status=ExitStatus.CANNOT_START) from error
    if found == known:
        sys.stderr.write(f"the database has schema {known}, which is that of this version\n")
        return ExitStatus.OK
    if check:
        sys.stderr.write(f"the database has schema {found}, this version wants {known}\n")
        return ExitStatus.COMMAND_FAILED
    sys.stderr.write(
        f"the database had schema {found} and has {known} now;"
        f" a copy of it as it was is in {data.database}.schema-{found}\n"
    )
    return ExitStatus.OK


@click.command("migrate")
@DATA
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 when there is some.")
def migrate_command(data: Path | None, *, check: bool) -> None:
    """Bring the database of the stopped box to the schema of this version, as a start does.

    A copy of it stays beside it. A database of a later version is refused.
    """
    box = directory(data)
    finish_in(box, partial(migrate, box, check=check))
