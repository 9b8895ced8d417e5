"""The arguments of ``renderio-box``; what they ask for is done in the modules beside."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NoReturn

import anyio
import click
from msgspec.structs import replace

from renderio_box import __version__
from renderio_box.cli import demo, keys, net, queue, run, serve
from renderio_box.cli.outcome import CliError, ExitStatus, first_error
from renderio_box.config import CONFIG_VARIABLE, ConfigError, data_directory, load
from renderio_box.data_directory import DataDirectory
from renderio_box.settings import Config

ENDINGS: Final = """
\b
Exit status:
  0  it worked            3  no box answers, or it refuses the key
  1  the command failed   4  the box cannot start
  2  wrong usage          130  stopped by Ctrl-C
"""
EXAMPLE: Final = """
\b
Example:
  renderio-box run -i clip.mp4 -o small.mp4 -- -i {{in_1}} -vf scale=640:-2 {{out_1}}

Inputs are called in_1, in_2, ... in their order, outputs out_1, out_2, ...; to name
them yourself write -i in_video=clip.mp4 and {{in_video}}.
"""
DRAINED_WITHIN_S: Final = "3600"
PATH: Final = click.Path(path_type=Path)
DATA = click.option(
    "--data",
    type=PATH,
    help="Data directory of the box.  [default: $RENDERIO_DATA, else the platform's usual place]",
)
CONFIG = click.option("--config", type=PATH, help="Configuration file (TOML).")


def not_empty(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty address, which would mean every network this machine is in."""
    if value == "":
        raise click.BadParameter("name an address; 0.0.0.0 means every network.")
    return value


@click.group(epilog=ENDINGS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="renderio-box")
def program() -> None:
    """FFmpeg as a service on your own machine."""


@program.command("serve")
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
    finish(serve.serve, replace(settings, server=server), directory(data))


@program.command("drain")
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

    async def drain() -> ExitStatus:
        return await queue.drain(directory(data), wait_s=wait_s)

    finish(drain)


@program.command("resume")
@DATA
def resume_command(data: Path | None) -> None:
    """Have the running box take up commands again after a drain."""
    finish(queue.resume, directory(data))


@program.group("keys")
def keys_group() -> None:
    """Make, list and revoke API keys; also while the box runs."""


@keys_group.command("add")
@click.argument("name")
@DATA
@click.option("--owner", help="Whose jobs and files the key sees.  [default: its own]")
@click.option("--admin", is_flag=True, help="See everybody's jobs and files, and manage keys.")
def add_key(name: str, data: Path | None, owner: str | None, *, admin: bool) -> None:
    """Make a key and print it alone. It cannot be shown again."""

    async def add() -> ExitStatus:
        return await keys.add(directory(data), name, owner=owner, admin=admin)

    finish(add)


@keys_group.command("list")
@DATA
def list_keys(data: Path | None) -> None:
    """List every key, revoked ones too."""
    finish(keys.show, directory(data))


@keys_group.command("revoke")
@click.argument("name")
@DATA
def revoke_key(name: str, data: Path | None) -> None:
    """End a key at once, by its name."""
    finish(keys.revoke, directory(data), name)


@program.group("net")
def net_group() -> None:
    """Find out what the box may contact."""


@net_group.command("explain")
@click.argument("url")
@CONFIG
def explain_url(url: str, config: Path | None) -> None:
    """Tell for every address of a URL's host whether the box may contact it, and why.

    Exit status 0 when it may. A redirect is judged by where it leads, when it is followed.
    """
    finish(net.explain, settings_of(config), url)


class RunCommand(click.Command):
    """A command that knows what its users forget."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an option of FFmpeg's among ours lacks the dashes before it."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(
                f"No such option {error.option_name}; put -- before FFmpeg's arguments.", ctx
            ) from error


@program.command("run", cls=RunCommand, epilog=EXAMPLE)
@click.option("-i", "inputs", multiple=True, metavar="[ALIAS=]FILE", help="Input file or URL.")
@click.option(
    "-o", "outputs", multiple=True, required=True, metavar="[ALIAS=]FILE", help="Output file."
)
@click.option("--url", envvar="RENDERIO_URL", help="The box.  [default: the one on this machine]")
@click.option("--key", envvar="RENDERIO_KEY", help="API key for --url.")
@DATA
@click.option("--max-seconds", type=click.IntRange(1), help="Longest time FFmpeg may run.")
@click.option("--vcpus", type=click.IntRange(1), help="CPUs to hold the command to.")
@click.option("--json", "as_json", is_flag=True, help="Print the final poll response.")
@click.argument("ffmpeg_arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def run_command(  # noqa: PLR0913 - one parameter for each option of the command line
    *,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    url: str | None,
    key: str | None,
    data: Path | None,
    max_seconds: int | None,
    vcpus: int | None,
    as_json: bool,
    ffmpeg_arguments: tuple[str, ...],
) -> None:
    """Send local files through a box and fetch what comes out.

    FFmpeg's own arguments follow after two dashes.
    """

    async def send() -> ExitStatus:
        request = run.RunRequest(
            inputs=run.aliased(inputs, "in_"),
            outputs={alias: Path(name) for alias, name in run.aliased(outputs, "out_").items()},
            arguments=ffmpeg_arguments,
            run_seconds=max_seconds,
            vcpus=vcpus,
        )
        box = run.box_of(url, key, directory(data))
        return await run.run(request, box, as_json=as_json)

    finish(send)


@program.command("demo", short_help="Send a short clip through a fresh box, and show it all.")
@DATA
@click.option("--once", is_flag=True, help="End after the job; exit 0 only on SUCCESS.")
def demo_command(data: Path | None, *, once: bool) -> None:
    """Start a box, send a short clip through it, and show everything that happens.

    Standard output gets the final poll response as JSON. Without --data everything is
    kept in a temporary directory and removed in the end.
    """

    async def show() -> ExitStatus:
        settings = settings_of(None)
        server = replace(settings.server, host="127.0.0.1", port=0)
        chosen = None if data is None else directory(data)
        return await demo.demo(replace(settings, server=server), chosen, once=once)

    finish(show)


def settings_of(path: Path | None) -> Config:
    """Return the configuration; a wrong one ends the program with one line."""
    named = os.environ.get(CONFIG_VARIABLE)
    try:
        return load(path or (Path(named) if named else None), os.environ)
    except ConfigError as error:
        fail(CliError(str(error)))


def directory(chosen: Path | None) -> DataDirectory:
    """Return the data directory: as chosen, from the environment, or the usual place."""
    return DataDirectory(data_directory(chosen, os.environ))


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


def main() -> None:
    """Run the program."""
    program(prog_name="renderio-box")
