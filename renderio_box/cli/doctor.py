"""``renderio-box doctor``: what is well here, what is not, and what to do about it."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import click
import httpx
import msgspec
from anyio import to_thread

from renderio_box.cli.client import connected
from renderio_box.cli.options import CONFIG, DATA, directory, finish_in, loaded
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.config import ConfigError
from renderio_box.data_directory import DataDirectory, DirectoryInUseError
from renderio_box.doctor.door import Answer, Standing
from renderio_box.doctor.examination import Patient, examination
from renderio_box.doctor.finding import Finding, State, problem, well
from renderio_box.settings import Config

ASK_SECONDS: Final = 10.0
TOO_LATE: Final = f"no answer within {ASK_SECONDS:g} s"
ANSWER_BYTES: Final = 64 * 1024
WIDTHS: Final = (7, 18)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints: whether there is no problem, and every finding."""

    ok: bool
    findings: list[Finding]


class Named(msgspec.Struct, frozen=True):
    """The part of what a box answers at /healthz that tells which one it is."""

    instance: str


async def look_over(
    config: Config, data: DataDirectory, configuration: Finding, *, as_json: bool
) -> ExitStatus:
    """Examine everything and print it; the status tells whether there was a problem."""
    check_access(data)
    standing = await standing_of(data)
    patient = Patient(config=config, data=data, standing=standing, ask=ask)
    findings = [configuration, *await examination(patient)]
    is_well = all(finding.state is not State.PROBLEM for finding in findings)
    sys.stdout.write(in_json(findings, is_well=is_well) if as_json else in_lines(findings))
    return ExitStatus.OK if is_well else ExitStatus.COMMAND_FAILED


def check_access(data: DataDirectory) -> None:
    """Refuse to look at a box that this user sees nothing of."""
    if data.root.exists() and not os.access(data.root, os.R_OK | os.X_OK):
        raise CliError(
            f"{data.root} is another user's; run doctor as that user, with sudo -u.",
            status=ExitStatus.COMMAND_FAILED,
        )


def in_json(findings: list[Finding], *, is_well: bool) -> str:
    """Return the findings for machines."""
    encoded = msgspec.json.encode(Report(ok=is_well, findings=findings))
    return f"{msgspec.json.format(encoded).decode()}\n"


def in_lines(findings: list[Finding]) -> str:
    """Return the findings for people, one in a line."""
    return "".join(f"{line_of(finding)}\n" for finding in findings)


def line_of(finding: Finding) -> str:
    """Return one finding; its fix stands behind an arrow."""
    state, subject = finding.state.ljust(WIDTHS[0]), finding.subject.ljust(WIDTHS[1])
    fix = f"  -> {finding.fix}" if finding.fix else ""
    return f"{state}  {subject}  {finding.what}{fix}"


async def standing_of(data: DataDirectory) -> Standing | None:
    """Return how the box stands that runs in the directory, None where none does.

    One that was killed leaves its address behind, but not its lock.
    """
    try:
        server = data.server()
    except OSError:
        return None  # the finding about the directory says why
    if server is None:
        return None
    try:
        with anyio.fail_after(ASK_SECONDS):
            async with connected(server.url, server.key, server.certificate) as box:
                alive, ready = await box.alive(), await box.readiness()
    except (CliError, TimeoutError, msgspec.ValidationError) as error:
        if not await to_thread.run_sync(is_held, data):
            return None
        return Standing(url=server.url, fault=str(error).partition(";")[0] or TOO_LATE)
    trouble = {name: each.message for name, each in ready.checks.items() if not each.ok}
    return Standing(url=server.url, instance=alive.instance, trouble=trouble)


def is_held(data: DataDirectory) -> bool:
    """Tell whether a process works in the directory. Blocks for a moment."""
    try:
        with data.locked():
            return False
    except DirectoryInUseError:
        return True
    except OSError:
        return False  # the finding about the directory says why


async def ask(url: str) -> Answer:
    """Ask an address which box it leads to."""
    try:
        with anyio.fail_after(ASK_SECONDS):
            return await asked(f"{url.rstrip('/')}/healthz")
    except TimeoutError:
        return Answer(fault=TOO_LATE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(fault=str(error) or type(error).__name__)
    except msgspec.DecodeError:
        return Answer(fault="something answers that is no renderio-box")


async def asked(url: str) -> Answer:
    """Return what one request is answered with."""
    async with (
        httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as http,
        http.stream("GET", url) as response,
    ):
        if not response.is_success:
            return Answer(fault=f"it answers HTTP {response.status_code}")
        body = await beginning_of(response)
    return Answer(instance=msgspec.json.decode(body, type=Named).instance)


async def beginning_of(response: httpx.Response) -> bytes:
    """Return as much of an answer as a box's would be long at most."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES:
            break
    return body


@click.command("doctor")
@DATA
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor_command(data: Path | None, config: Path | None, *, as_json: bool) -> None:
    """Look the box and its machine over, running or not, and say what to do.

    Every line is ok, warning or problem, a subject, what was seen and how to mend it. Exit
    status 1 when there is a problem.
    """
    try:
        settings = loaded(config)
        configuration = well("configuration", "every setting can be used")
    except ConfigError as error:
        settings = Config()
        fix = "correct it; the rest was looked at with the defaults"
        configuration = problem("configuration", str(error).rstrip("."), fix)
    box = directory(data)
    finish_in(box, partial(look_over, settings, box, configuration, as_json=as_json))
