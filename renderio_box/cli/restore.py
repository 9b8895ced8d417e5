"""``renderio-box restore``: putting a backup in the place of a stopped box."""

import shlex
import sys
from functools import partial
from pathlib import Path

import click

from renderio_box.backup.manifest import BackupError
from renderio_box.backup.restoring import Plan, Restored, go_back, is_replaced
from renderio_box.backup.restoring import restore as put_in_place
from renderio_box.cli.options import DATA, PATH, directory, finish_in
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.progress_bar import ProgressBar
from renderio_box.clock import SystemClock
from renderio_box.data_directory import DataDirectory, DirectoryInUseError, UrlKeysError
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.database.migrate import UnusableDatabaseError
from renderio_box.replacement import is_under_way


async def restore(data: DataDirectory, source: Path, *, skip_damaged: bool) -> ExitStatus:
    """Put the backup in place, and say what has become of what was there."""
    check_source(source)
    try:
        data.make()
        with data.locked():
            restored = await replaced_by(data, source, skip_damaged=skip_damaged)
    except DirectoryInUseError as error:
        raise CliError(
            f"a box runs in {data.root}; stop it first.", status=ExitStatus.BOX_UNREACHABLE
        ) from error
    except (BackupError, UnusableDatabaseError, UrlKeysError, DatabaseFailedError) as error:
        raise CliError(f"nothing was changed: {error}", status=ExitStatus.COMMAND_FAILED) from error
    except OSError as error:
        raise CliError(
            f"{state_of(data)}: {error.filename or data.root}: {error.strerror}.",
            status=ExitStatus.COMMAND_FAILED,
        ) from error
    tell(restored, data)
    return ExitStatus.OK


def check_source(source: Path) -> None:
    """Refuse what is no directory before anything is made for its sake."""
    if not source.is_dir():
        raise CliError(f"there is no directory {source}; name one that 'backup' has made.")


def state_of(data: DataDirectory) -> str:
    """Say how far a restore came that has failed."""
    if is_under_way(data.root):
        return "all is there, but not yet in its place; the next start of the box goes on with it"
    return "nothing was changed"


async def replaced_by(data: DataDirectory, source: Path, *, skip_damaged: bool) -> Restored:
    """Put the source in place, which may be what an earlier restore has replaced."""
    now, bar = SystemClock().now(), ProgressBar(sys.stderr)
    if is_replaced(source, data):
        return go_back(data, data.root / source.name, now=now)

    def told(done: int, total: int) -> None:
        if sys.stderr.isatty() and 100 * done // total != 100 * (done - 1) // total:
            bar.done("checking stored files", done, total)

    try:
        plan = Plan(source=source, data=data, skip_damaged=skip_damaged)
        return await put_in_place(plan, now=now, told=told)
    finally:
        bar.end()


def tell(restored: Restored, data: DataDirectory) -> None:
    """Say what the box is now, what it will do, and how to undo it."""
    lines = [f"restored in {data.root}"]
    if restored.objects:
        lines[0] += f", with {counted(restored.objects, 'stored file')}"
    if restored.missing:
        lines.append(f"not there: {counted(restored.missing, 'stored file')}; the records stay")
    unfinished = restored.unfinished
    if unfinished.jobs:
        lines.append(
            f"not ended then: {counted(unfinished.jobs, 'command')}; what had not ended runs when"
            " the box starts, even if it has ended since"
        )
    if unfinished.deliveries:
        lines.append(
            f"not arrived then: {counted(unfinished.deliveries, 'webhook')}; what had not arrived"
            " is sent when the box starts, even if it has arrived since"
        )
    if restored.replaced.exists():
        back = f"renderio-box restore {shlex.quote(str(restored.replaced))}"
        back += f" --data {shlex.quote(str(data.root))}"
        lines.append(f"what was there is in {restored.replaced}; '{back}' goes back to it")
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def counted(count: int, noun: str) -> str:
    """Return how many of something there are."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@click.command("restore")
@click.argument("source", type=PATH)
@DATA
@click.option("--skip-damaged", is_flag=True, help="Leave out stored files that are not right.")
def restore_command(source: Path, data: Path | None, *, skip_damaged: bool) -> None:
    """Put the backup SOURCE in place of the stopped box; what was there is kept beside it.

    Everything in SOURCE is read and checked first. Of a backup without stored files, those of
    the box stay that the backup knows. Commands that had not ended when it was taken run when
    the box starts, and their webhooks are sent.
    """
    box = directory(data)
    finish_in(box, partial(restore, box, source.resolve(), skip_damaged=skip_damaged))
