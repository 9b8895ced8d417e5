"""``renderio-box serve``: the box itself."""

import os
import shlex
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import click
import structlog
from msgspec.structs import replace

from renderio_box import logs
from renderio_box.cli.options import CONFIG, DATA, finish, own_directory, settings_of
from renderio_box.cli.outcome import CliError, ExitStatus, first_error
from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.data_directory import DataDirectory, DirectoryInUseError, UrlKeysError
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.database.migrate import UnusableDatabaseError
from renderio_box.ffmpeg.builds import FfmpegMissingError
from renderio_box.ffmpeg.isolation import IsolationError
from renderio_box.http_server import AddressInUseError
from renderio_box.inputs.addresses import SETTING
from renderio_box.running import STOP_SECONDS, running_box
from renderio_box.service_manager import ServiceManager
from renderio_box.settings import Config
from renderio_box.tls import CertificateError

log = structlog.get_logger()

CANNOT_START = (
    AddressInUseError,
    CertificateError,
    DatabaseFailedError,
    DirectoryInUseError,
    FfmpegMissingError,
    IsolationError,
    UnusableDatabaseError,
    UrlKeysError,
    OSError,
)


async def serve(config: Config, data: DataDirectory) -> ExitStatus:
    """Run the box until a signal stops it: the first drains, the second stops at once."""
    logs.configure(
        level=config.log.level,
        json=config.log.format == "json",
        monotonic=SystemClock().monotonic,
    )
    stop, hurry, has_started = anyio.Event(), anyio.Event(), anyio.Event()
    manager = ServiceManager(os.environ)
    with starting_errors(has_started):
        async with (
            accompanied_by(watch_signals, stop, hurry),
            accompanied_by(manager.keep_alive),
            accompanied_by(manager.keep_starting, has_started),
            running_box(config, data, hurry=hurry) as running,
        ):
            has_started.set()
            if running.first_key is not None:
                hand_over(running.first_key, running.url, data)
            manager.ready()
            async with accompanied_by(manager.keep_saying, running.in_words):
                await stop.wait()
            manager.stopping(within_s=config.server.drain_seconds + STOP_SECONDS)
    return ExitStatus.OK


@contextmanager
def starting_errors(has_started: anyio.Event) -> Generator[None]:
    """Turn what keeps a box from starting into one line; what ends one that has is left alone."""
    try:
        yield
    except Exception as error:
        reason = first_error(error)
        if has_started.is_set() or not isinstance(reason, CANNOT_START):
            raise
        raise cannot_start(reason) from error


async def watch_signals(stop: anyio.Event, hurry: anyio.Event) -> None:
    """Set ``stop`` on the first SIGTERM or SIGINT and ``hurry`` on the second."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            if stop.is_set():
                hurry.set()
            stop.set()


def hand_over(key: str, url: str, data: DataDirectory) -> None:
    """Show the administrator's key to who sits at the terminal, or say which file it is in.

    What is no terminal is most likely a journal, which keeps what it is told and has more
    readers than the data directory.
    """
    if sys.stderr.isatty():
        show_first_key(key, url, data.root)
        data.forget_first_key()
    else:
        log.warning(
            "first_key",
            file=str(data.first_key_file),
            hint="the administrator's key: take it, then remove the file",
            more_keys=f"renderio-box keys add NAME --data {shlex.quote(str(data.root))}",
        )


def show_first_key(key: str, url: str, data: Path) -> None:
    """Print the administrator's key, past the log, which would blot it out."""
    sys.stderr.write(
        f"\n  This is the first start. The administrator's API key, shown only now:\n\n"
        f"    {key}\n\n"
        f'  Try it:    curl -H "X-API-KEY: $KEY" {url}/api/v1/commands\n'
        f"  More keys: renderio-box keys add NAME --data {shlex.quote(str(data))}\n"
        f"  Your LAN:  inputs and webhooks there need {SETTING}; see renderio-box net explain\n\n"
    )
    sys.stderr.flush()


def cannot_start(error: BaseException) -> CliError:
    """Return the one line that says why the box does not start."""
    said = str(error)
    if isinstance(error, DatabaseFailedError):
        said = f"the database: {said}; make room on its disk, or put a copy of it back."
    if isinstance(error, OSError):
        said = f"{error.filename or 'the data directory'}: {error.strerror}; choose another --data."
    return CliError(f"cannot start: {said}", status=ExitStatus.CANNOT_START)


def not_empty(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty address, which would mean every network this machine is in."""
    if value == "":
        raise click.BadParameter("name an address; 0.0.0.0 means every network.")
    return value


@click.command("serve")
@DATA
@CONFIG
@click.option("--host", callback=not_empty, help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8420]")
def serve_command(
    data: Path | None, config: Path | None, host: str | None, port: int | None
) -> None:
    """Run the box until Ctrl-C or SIGTERM; a second one stops it at once."""
    settings = settings_of(config)
    server = settings.server
    server = replace(
        server,
        host=server.host if host is None else host,
        port=server.port if port is None else port,
    )
    finish(serve, replace(settings, server=server), own_directory(data))
