"""``renderio-box drain`` and ``resume``: having the running box take up no work for a while."""

from functools import partial
from pathlib import Path
from typing import Final

import anyio
import click

from renderio_box.cli.answers import Standing
from renderio_box.cli.client import BoxClient
from renderio_box.cli.local_box import running
from renderio_box.cli.options import DATA, directory, finish
from renderio_box.cli.outcome import CliError, ExitStatus, say
from renderio_box.data_directory import DataDirectory

LOOKED_EVERY_S: Final = 0.5
DRAINED_WITHIN_S: Final = "3600"
FORGOTTEN: Final = "'renderio-box resume' or a restart undoes this"


async def drain(data: DataDirectory, *, wait_s: float | None) -> ExitStatus:
    """Have no command taken up; with ``wait_s``, return when none runs, or when that is over."""
    async with running(data) as box:
        standing = await box.drain()
        say(f"no command is taken up any more; {FORGOTTEN}")
        if wait_s is None:
            say(in_words(standing) + ("; --wait waits until none runs" if standing.running else ""))
        else:
            await until_idle(box, standing, within_s=wait_s)
    return ExitStatus.OK


async def until_idle(box: BoxClient, standing: Standing, *, within_s: float) -> None:
    """Return when no command runs, saying how many do whenever that changes.

    Raises:
        CliError: Some run still when the time is over, or somebody has resumed.
    """
    deadline, said = anyio.current_time() + within_s, ""
    while True:
        if (now := in_words(standing)) != said:
            say(now)
            said = now
        if standing.running == 0:
            return
        if not standing.drained:
            raise CliError("somebody has resumed the box.", status=ExitStatus.COMMAND_FAILED)
        if anyio.current_time() >= deadline:
            raise CliError(
                f"{now} after {within_s:g} seconds; wait for longer, or cancel what runs.",
                status=ExitStatus.COMMAND_FAILED,
            )
        await anyio.sleep(LOOKED_EVERY_S)
        standing = await box.standing()


async def resume(data: DataDirectory) -> ExitStatus:
    """Have commands taken up again."""
    async with running(data) as box:
        standing = await box.resume()
    if standing.quiet_until is None:
        say("commands are taken up again")
    else:
        quiet = f"{standing.quiet_until.astimezone():%A %H:%M}"
        say(f"commands are taken up again after the quiet hours (pause.windows), at {quiet}")
    return ExitStatus.OK


def in_words(standing: Standing) -> str:
    """Say how much there is to do."""
    runs = "1 command runs" if standing.running == 1 else f"{standing.running} commands run"
    waits = "1 waits" if standing.queued == 1 else f"{standing.queued} wait"
    return f"{runs}, {waits}"


@click.command("drain")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    is_flag=False,
    flag_value=DRAINED_WITHIN_S,
    metavar="[SECONDS]",
    help="Wait until no command runs, for an hour at most or as long as given.",
)
@DATA
def drain_command(data: Path | None, wait_s: float | None) -> None:
    """Have the running box take up no command, before an upgrade or a reboot.

    Running commands go on; others are accepted and wait. 'renderio-box resume' undoes it,
    and so does a restart. With --wait exit status 0 says that no command runs any more.
    """
    finish(partial(drain, directory(data), wait_s=wait_s))


@click.command("resume")
@DATA
def resume_command(data: Path | None) -> None:
    """Have the running box take up commands again after a drain."""
    finish(resume, directory(data))
