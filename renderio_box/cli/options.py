"""What the commands have in common: options, settings, and how they end."""

import os
import shlex
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import anyio
import click

from renderio_box.cli.outcome import CliError, ExitStatus, first_error
from renderio_box.config import ConfigError, load
from renderio_box.data_directory import DataDirectory, hand_over
from renderio_box.machine import user_name
from renderio_box.places import config_file, data_directory
from renderio_box.settings import Config

PATH: Final = click.Path(path_type=Path)
DATA = click.option(
    "--data",
    type=PATH,
    help="Data directory of the box.  [default: $RENDERIO_DATA, else the platform's usual place]",
)
CONFIG = click.option("--config", type=PATH, help="Configuration file (TOML).")


def settings_of(path: Path | None) -> Config:
    """Return the configuration; a wrong one ends the program with one line."""
    try:
        return loaded(path)
    except ConfigError as error:
        fail(CliError(str(error)))


def loaded(path: Path | None) -> Config:
    """Return the configuration; ConfigError says what is wrong with it."""
    return load(config_file(path, os.environ), os.environ)


def directory(chosen: Path | None) -> DataDirectory:
    """Return the data directory: as chosen, from the environment, or the usual place."""
    return DataDirectory(data_directory(chosen, os.environ))


def own_directory(chosen: Path | None) -> DataDirectory:
    """Return the data directory, for a box to live in; root is refused in somebody else's.

    What it leaves there its owner could not change any more.
    """
    data = directory(chosen)
    with suppress(OSError):  # whoever opens it says what is wrong with it
        owner = data.root.stat().st_uid
        if os.geteuid() == 0 and owner != 0:
            user = user_name(owner)
            sudo = f"sudo -u {shlex.quote(user)}"
            fail(CliError(f"{data.root} belongs to {user}; run this as that user: {sudo}."))
    return data


def finish_in(data: DataDirectory, action: Callable[..., Awaitable[ExitStatus]]) -> None:
    """Run an action like ``finish``; what root makes in the directory is its owner's in the end."""
    try:
        finish(action)
    finally:
        with suppress(FileNotFoundError):
            hand_over(data.root, data.root)


def finish(action: Callable[..., Awaitable[ExitStatus]], *arguments: object) -> None:
    """Run the action and end the program with its status, or with one line that says why."""
    # What is raised inside an except* clause comes out in a group, so nothing is.
    status, failure = ExitStatus.STOPPED, None
    try:
        status = anyio.run(action, *arguments)
    except* KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    except* CliError as errors:
        failure = first_error(errors)
    if failure is not None:
        fail(failure)
    sys.exit(status)


def fail(error: BaseException) -> NoReturn:
    """Print one line and exit."""
    sys.stderr.write(f"renderio-box: {error}\n")
    sys.exit(error.status if isinstance(error, CliError) else ExitStatus.CANNOT_START)
