"""``renderio-box net``: what the box may contact, and why."""

import sys
from pathlib import Path
from typing import Final

import anyio
import click
import httpx

from renderio_box.bounds import network_policy
from renderio_box.cli.options import CONFIG, finish, settings_of
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.inputs.addresses import SETTING, Decision
from renderio_box.inputs.connector import LOOK_UP_SECONDS, looked_up
from renderio_box.settings import Config

USUAL_PORTS: Final = {"http": 80, "https": 443}


async def explain(config: Config, text: str) -> ExitStatus:
    """Print what becomes of every address of a URL's host; OK when one may be contacted.

    Nothing is contacted but the machine's resolver.
    """
    url = http_url(text)
    host = url.raw_host.decode("ascii")
    policy = network_policy(config)
    addresses = await addresses_of(host, url.port or USUAL_PORTS[url.scheme])
    decisions = [policy.judge(address, host=host) for address in addresses]
    widths = [
        max(len(column) for column in columns) for columns in zip(*map(row, decisions), strict=True)
    ]
    for decision in decisions:
        cells = (cell.ljust(width) for cell, width in zip(row(decision), widths, strict=True))
        sys.stdout.write(f"{'  '.join(cells).rstrip()}\n")
    may_be = any(decision.is_allowed for decision in decisions)
    sys.stdout.write(f"{host} {'may' if may_be else 'may not'} be contacted.\n")
    return ExitStatus.OK if may_be else ExitStatus.COMMAND_FAILED


def http_url(text: str) -> httpx.URL:
    """Return the URL; CliError when it is none that the box would fetch."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise CliError(f"{text} is no URL: {error}") from error
    if url.scheme not in USUAL_PORTS or not url.host:
        raise CliError(f"{text} is no http or https URL; write it like http://nas.lan/clip.mp4.")
    return url


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Return every address of a host, looked up as the box does; CliError when it has none."""
    try:
        with anyio.fail_after(LOOK_UP_SECONDS):
            return await looked_up(host, port)
    except (OSError, UnicodeError) as error:
        answer = error.strerror if isinstance(error, OSError) else "it is no host name"
        raise CliError(
            f"no address of {host} was found ({answer or 'no answer in time'}); check the name,"
            " and the machine's DNS.",
            status=ExitStatus.COMMAND_FAILED,
        ) from error


def row(decision: Decision) -> tuple[str, str, str, str]:
    """Return address, verdict, rule and what would change it."""
    verdict = "allowed" if decision.is_allowed else "refused"
    return decision.address, verdict, decision.rule, change_of(decision)


def change_of(decision: Decision) -> str:
    """Say which setting would turn the decision round."""
    if decision.is_allowed:
        return f"{SETTING} names it" if decision.setting else "no setting forbids it"
    if decision.setting:
        entries = ", ".join(f'"{entry}"' for entry in decision.entries)
        return f"{SETTING} = [{entries}] would allow it"
    return "no setting allows it"


@click.group("net")
def net_group() -> None:
    """Find out what the box may contact."""


@net_group.command("explain")
@click.argument("url")
@CONFIG
def explain_url(url: str, config: Path | None) -> None:
    """Tell for every address of a URL's host whether the box may contact it, and why.

    Exit status 0 when it may. A redirect is judged by where it leads, when it is followed.
    """
    finish(explain, settings_of(config), url)
