"""``renderio-box run``: local files through a box and back."""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import anyio
import click
import msgspec
from msgspec.structs import replace

from renderio_box.cli.answers import Polled
from renderio_box.cli.client import BoxClient, connected
from renderio_box.cli.options import DATA, directory, finish
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.progress_bar import ProgressBar
from renderio_box.data_directory import DataDirectory, Server
from renderio_box.jobs.command_line import FILE_NAME, MAX_FILE_NAME_LENGTH
from renderio_box.jobs.file_types import extension_of

NAMED: Final = re.compile(r"((?:in|out)_[A-Za-z0-9_]+)=(.+)", flags=re.DOTALL)
WEB: Final = re.compile(r"(?:https?://|data:)", flags=re.IGNORECASE)
CANCEL_SECONDS: Final = 5.0
EXAMPLE: Final = """
\b
Example:
  renderio-box run -i clip.mp4 -o small.mp4 -- -i {{in_1}} -vf scale=640:-2 {{out_1}}

Inputs are called in_1, in_2, ... in their order, outputs out_1, out_2, ...; to name
them yourself write -i in_video=clip.mp4 and {{in_video}}.
"""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``run`` is to do: inputs and outputs by alias, and FFmpeg's arguments."""

    inputs: dict[str, str]
    outputs: dict[str, Path]
    arguments: tuple[str, ...]
    run_seconds: int | None = None
    vcpus: int | None = None


def aliased(values: Sequence[str], prefix: str) -> dict[str, str]:
    """Return the values by alias: as named (``in_video=clip.mp4``), else counted from 1."""
    named: dict[str, str] = {}
    for number, value in enumerate(values, start=1):
        match = NAMED.fullmatch(value)
        alias, rest = (match[1], match[2]) if match else (f"{prefix}{number}", value)
        if alias in named:
            raise CliError(f"{alias} names two files; give every file a name, or none.")
        named[alias] = rest
    return named


def check_inputs(inputs: dict[str, str]) -> None:
    """Refuse inputs that are neither files here nor addresses."""
    for alias, value in inputs.items():
        if not WEB.match(value) and not Path(value).is_file():
            raise CliError(f"{alias} is {value}, which is no file; check the path.")


def check_targets(targets: dict[str, Path]) -> None:
    """Refuse targets that could not be written in the end."""
    for alias, target in targets.items():
        if not extension_of(target.name):
            raise CliError(f"{alias} is {target}, which has no extension; FFmpeg needs one.")
        if target.is_dir() or not target.parent.is_dir():
            raise CliError(f"{alias} is {target}, which cannot be written; check the directory.")


def output_names(targets: dict[str, Path]) -> dict[str, str]:
    """Return the names to ask the box for: the targets' own where the box allows them."""
    names: dict[str, str] = {}
    for alias, target in targets.items():
        fits = FILE_NAME.fullmatch(target.name) and len(target.name) <= MAX_FILE_NAME_LENGTH
        is_free = target.name not in names.values()
        own = str(PurePosixPath(alias).with_suffix(f".{extension_of(target.name)}"))
        names[alias] = target.name if fits and is_free else own
    return names


def box_of(url: str | None, key: str | None, data: DataDirectory) -> Server:
    """Return which box to use and with which key: as named, else the one on this machine."""
    if url is not None:
        if key is None:
            raise CliError("--url needs a --key; 'renderio-box keys add NAME' makes one there.")
        return Server(url=url.rstrip("/"), key=key)
    local = data.server()
    if local is None:
        raise CliError(
            f"no box runs in {data.root}; start one with 'renderio-box serve',"
            " or name another with --url and --key.",
            status=ExitStatus.BOX_UNREACHABLE,
        )
    return local if key is None else replace(local, key=key)


async def run(request: RunRequest, box: Server, *, as_json: bool) -> ExitStatus:
    """Upload, submit, show progress, download; the status says how the command ended.

    When it is stopped, the command on the box is cancelled too.
    """
    check_inputs(request.inputs)
    check_targets(request.outputs)
    bar = ProgressBar(sys.stderr)
    async with connected(box.url, box.key, box.certificate) as client:
        sources = {
            alias: value if WEB.match(value) else await uploaded(client, Path(value), bar)
            for alias, value in request.inputs.items()
        }
        command_id = await client.submit(body_of(request, sources))
        try:
            polled, answer = await client.wait(command_id, bar.show)
        except anyio.get_cancelled_exc_class():
            bar.end()
            with anyio.move_on_after(CANCEL_SECONDS, shield=True):
                await client.cancel(command_id)
            raise
        bar.end()
        if as_json:
            sys.stdout.write(f"{msgspec.json.format(msgspec.json.encode(answer)).decode()}\n")
        return await deliver(client, request, polled)


async def uploaded(client: BoxClient, path: Path, bar: ProgressBar) -> str:
    """Store a local file on the box and return its id."""
    file_id = await client.upload(path, lambda done, size: bar.sent(path.name, done, size))
    bar.end()
    return file_id


def body_of(request: RunRequest, sources: dict[str, str]) -> dict[str, object]:
    """Return the body to submit; the arguments are quoted so that they arrive as they are."""
    body: dict[str, object] = {
        "ffmpeg_command": shlex.join(request.arguments),
        "input_files": sources,
        "output_files": output_names(request.outputs),
    }
    if request.run_seconds is not None:
        body["max_command_run_seconds"] = request.run_seconds
    if request.vcpus is not None:
        body["vcpu_count"] = request.vcpus
    return body


async def deliver(client: BoxClient, request: RunRequest, polled: Polled) -> ExitStatus:
    """Fetch the outputs of a command that succeeded, or say why it did not."""
    for warning in polled.warnings:
        sys.stderr.write(f"note: {warning}\n")
    if polled.status != "SUCCESS":
        hint = f"\n  this would work: {polled.suggestion}" if polled.suggestion else ""
        raise CliError(
            f"{polled.error_status}: {polled.error_message}{hint}", status=ExitStatus.COMMAND_FAILED
        )
    for alias, target in request.outputs.items():
        file = polled.output_files[alias]
        await client.download(file.storage_url, target)
        sys.stderr.write(f"{target}  {file.size_mbytes:.2f} MiB\n")
    return ExitStatus.OK


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


@click.command("run", cls=RunCommand, epilog=EXAMPLE)
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
        request = RunRequest(
            inputs=aliased(inputs, "in_"),
            outputs={alias: Path(name) for alias, name in aliased(outputs, "out_").items()},
            arguments=ffmpeg_arguments,
            run_seconds=max_seconds,
            vcpus=vcpus,
        )
        box = box_of(url, key, directory(data))
        return await run(request, box, as_json=as_json)

    finish(send)
