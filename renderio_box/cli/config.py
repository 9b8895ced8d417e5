"""``renderio-box config``: what the box would go by, and whether it can."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from renderio_box.cli.fitness import unfit
from renderio_box.cli.keys import table
from renderio_box.cli.options import CONFIG
from renderio_box.cli.outcome import ExitStatus
from renderio_box.config import Reading, read
from renderio_box.places import config_file
from renderio_box.settings import Config

DEFAULT: Final = "default"
HEADINGS: Final = ("SETTING", "VALUE", "FROM")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as it holds; ``origin`` is "default", a file, or an environment variable."""

    setting: str
    value: object
    default: object
    origin: str

    @property
    def is_changed(self) -> bool:
        """Tell whether it is another value than it would be anyway."""
        return self.value != self.default


def settings_in(reading: Reading) -> list[Setting]:
    """Return every setting in the order of ``config.example.toml``."""
    defaults = msgspec.to_builtins(Config())
    return [
        Setting(
            setting=f"{section}.{name}",
            value=value,
            default=defaults[section][name],
            origin=reading.origins.get(f"{section}.{name}", DEFAULT),
        )
        for section, values in msgspec.to_builtins(reading.config).items()
        for name, value in values.items()
    ]


def complain(reading: Reading) -> bool:
    """Print what is wrong with settings themselves; tell whether anything is."""
    for problem in reading.problems:
        sys.stderr.write(f"problem: {problem}\n")
    return bool(reading.problems)


def as_table(settings: Sequence[Setting]) -> str:
    """Return settings for people, values as the configuration file writes them."""
    rows = [
        (each.setting, msgspec.json.encode(each.value).decode(), each.origin) for each in settings
    ]
    return table([HEADINGS, *rows])


@click.group("config")
def config_group() -> None:
    """Check and show the settings that a box started here would have."""


@config_group.command("check")
@CONFIG
def check_command(config: Path | None) -> None:
    """Name everything that is wrong with the configuration, and with it on this machine.

    Exit status 0: the box starts with it, though there may be warnings; 4: it does not.
    """
    path = config_file(config, os.environ)
    reading = read(path, os.environ)
    is_wrong = complain(reading)
    for finding in unfit(reading.config):
        is_wrong |= finding.is_fatal
        kind = "problem" if finding.is_fatal else "warning"
        sys.stderr.write(f"{kind}: {finding.text}\n")
    if is_wrong:
        sys.exit(ExitStatus.CANNOT_START)
    changed = sum(each.is_changed for each in settings_in(reading))
    sys.stderr.write(
        f"the configuration is good: {path or 'no file'}, {changed} settings are not as usual\n"
    )


@config_group.command("show")
@CONFIG
@click.option("--changed", is_flag=True, help="Only settings that do not have their default.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON list.")
def show_command(config: Path | None, *, changed: bool, as_json: bool) -> None:
    """Show every setting as it holds, and where that comes from.

    What cannot be used is named, has its default here, and makes the exit status 4.
    """
    reading = read(config_file(config, os.environ), os.environ)
    settings = [each for each in settings_in(reading) if each.is_changed or not changed]
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(settings)).decode() + "\n")
    else:
        sys.stdout.write(as_table(settings))
    if complain(reading):
        sys.exit(ExitStatus.CANNOT_START)
