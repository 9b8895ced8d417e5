"""``renderio-box backup``: a copy of the box that can be put back, taken while it runs or not."""

import sys
from functools import partial
from pathlib import Path
from typing import Final

import click
from anyio import from_thread, to_thread

from renderio_box.backup.delivery import check_target, deliver
from renderio_box.backup.manifest import BackupError, Manifest, Taken
from renderio_box.backup.taking import Ready, sweep, take
from renderio_box.cli.client import BoxClient
from renderio_box.cli.keys import check_box
from renderio_box.cli.local_box import with_directory
from renderio_box.cli.options import DATA, PATH, directory, finish_in
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.restore import counted
from renderio_box.clock import SystemClock
from renderio_box.data_directory import DataDirectory, UrlKeysError
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.database.migrate import UnusableDatabaseError

SHOWN: Final = 3


async def backup(data: DataDirectory, target: Path, *, with_files: bool, quiet: bool) -> ExitStatus:
    """Write a backup to the target and say in one line what is in it."""
    check_box(data)
    try:
        check_target(target, data)
        ready = await snapshot(data, with_files=with_files)
        manifest = await to_thread.run_sync(
            lambda: deliver(
                ready, data, target, now=SystemClock().now(), check=from_thread.check_cancelled
            )
        )
    except (BackupError, UrlKeysError) as error:
        raise CliError(str(error), status=ExitStatus.COMMAND_FAILED) from error
    except (DatabaseFailedError, UnusableDatabaseError) as error:
        raise CliError(f"the database: {error}", status=ExitStatus.COMMAND_FAILED) from error
    except OSError as error:
        raise CliError(
            f"cannot write the backup: {error.filename or target}: {error.strerror};"
            " nothing is left of it.",
            status=ExitStatus.COMMAND_FAILED,
        ) from error
    if not quiet:
        sys.stderr.write(f"{in_words(manifest)} in {target}\n")
    if missing := manifest.taken.missing:
        shown = ", ".join(missing[:SHOWN])
        sys.stderr.write(
            f"renderio-box: not in it, as the box has lost or damaged them:"
            f" {counted(len(missing), 'stored file')} ({shown})\n"
        )
    return ExitStatus.OK


async def snapshot(data: DataDirectory, *, with_files: bool) -> Ready:
    """Have a snapshot in the data directory, taken by the box that runs or by us."""

    async def offline() -> Ready:
        await to_thread.run_sync(sweep, data.backups)
        await to_thread.run_sync(data.url_keys)
        return await to_thread.run_sync(
            lambda: take(data, with_files=with_files, check=from_thread.check_cancelled)
        )

    async def online(box: BoxClient) -> Ready:
        taken = await box.take_snapshot(with_files=with_files)
        return Ready(
            taken.snapshot,
            Taken(
                schema=taken.schema_version,
                objects=taken.stored_files,
                objects_bytes=taken.stored_bytes,
                missing=taken.missing_keys,
            ),
        )

    return await with_directory(data, offline=offline, online=online)


def in_words(manifest: Manifest) -> str:
    """Say what is in a backup."""
    database = f"database {megabytes(manifest.database.size_bytes)}"
    taken = manifest.taken
    if taken.objects is None:
        return f"{database}, no stored files"
    files = counted(taken.objects, "stored file")
    return f"{database}, {files} {megabytes(taken.objects_bytes)}"


def megabytes(size_bytes: int) -> str:
    """Return a size for people."""
    return f"{size_bytes / 1_000_000:.1f} MB"


@click.command("backup")
@click.argument("target", type=PATH)
@DATA
@click.option("--files", "with_files", is_flag=True, help="Take stored files, too.")
@click.option("--quiet", is_flag=True, help="Say nothing when it worked.")
def backup_command(target: Path, data: Path | None, *, with_files: bool, quiet: bool) -> None:
    """Write a backup to the new directory TARGET, also while the box runs.

    It holds the database with every command, key and preset, and the keys that make file
    addresses good; with --files also all stored files, without copying them where TARGET is on
    the disk of the data directory. 'renderio-box restore TARGET' puts it back.
    """
    where = target.resolve()
    box = directory(data)
    finish_in(box, partial(backup, box, where, with_files=with_files, quiet=quiet))
