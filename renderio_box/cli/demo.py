"""``renderio-box demo``: a box, a key, a clip, and everything that happens to it."""

import sys
import tempfile
from contextlib import ExitStack
from importlib.resources import as_file
from pathlib import Path
from typing import Final

import anyio
import click
import msgspec
from msgspec.structs import replace

from renderio_box import logs
from renderio_box.assets import CLIP, asset
from renderio_box.cli.client import Polled, connected
from renderio_box.cli.options import DATA, directory, finish, settings_of
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.progress_bar import ProgressBar
from renderio_box.cli.serve import starting_errors, watch_signals
from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.data_directory import DataDirectory
from renderio_box.running import Running, running_box
from renderio_box.settings import Config

COMMAND: Final = "-i {{in_video}} -vf scale=640:-2 -c:v libx264 -preset slow -c:a aac {{out_video}}"
OUTPUT: Final = "bbb-360p.mp4"


async def demo(config: Config, directory: DataDirectory | None, *, once: bool) -> ExitStatus:
    """Run one real job through a real box and show every step of it."""
    logs.configure(level="warning", json=False, monotonic=SystemClock().monotonic)
    stop, hurry, has_started = anyio.Event(), anyio.Event(), anyio.Event()
    with ExitStack() as stack, starting_errors(has_started):
        if directory is None:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="renderio-box-"))
            directory = DataDirectory(Path(scratch))
        clip = stack.enter_context(as_file(asset(CLIP)))
        async with (
            accompanied_by(watch_signals, stop, hurry),
            running_box(config, directory, hurry=hurry) as running,
        ):
            has_started.set()
            key = key_of(running, directory)
            say(f"box       {running.url}  (data in {directory.root})")
            with anyio.CancelScope() as playing:
                async with accompanied_by(cancel_when, stop, playing):
                    polled = await play(running.url, key, clip)
                if polled.status != "SUCCESS":
                    return ExitStatus.COMMAND_FAILED
                if not once:
                    invite(running.url, key, polled)
                    if running.first_key is not None:
                        directory.forget_first_key()
                    await stop.wait()
                return ExitStatus.OK
            hurry.set()
            return ExitStatus.STOPPED


async def cancel_when(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    """Cancel the scope as soon as the person at the terminal has had enough."""
    await stop.wait()
    scope.cancel()


def key_of(running: Running, directory: DataDirectory) -> str:
    """Return a key that works: the one just made, else the box's own for this machine."""
    server = directory.server()
    if running.first_key is None and server is None:
        raise CliError("the box has no key for this machine.", status=ExitStatus.CANNOT_START)
    return running.first_key or (server.key if server else "")


async def play(url: str, key: str, clip: Path) -> Polled:
    """Upload the clip, run the command, print the last poll response on standard output."""
    bar = ProgressBar(sys.stderr)
    async with connected(url, key) as client:
        file_id = await client.upload(clip, lambda _done, _size: None)
        say(f"uploaded  {clip.name} as {file_id}")
        command_id = await client.submit(
            {
                "ffmpeg_command": COMMAND,
                "input_files": {"in_video": file_id},
                "output_files": {"out_video": OUTPUT},
            }
        )
        say(f"command   {COMMAND}")
        polled, answer = await client.wait(command_id, bar.show)
        bar.end()
    sys.stdout.write(f"{msgspec.json.format(msgspec.json.encode(answer)).decode()}\n")
    sys.stdout.flush()
    if polled.status == "SUCCESS":
        say(f"plays at  {polled.output_files['out_video'].storage_url}")
    return polled


def invite(url: str, key: str, polled: Polled) -> None:
    """Print what to paste next."""
    body = msgspec.json.encode(
        {
            "ffmpeg_command": "-ss 2 -i {{in_video}} -frames:v 1 {{out_thumb}}",
            "input_files": {"in_video": polled.output_files["out_video"].storage_url},
            "output_files": {"out_thumb": "thumb.jpg"},
        }
    ).decode()
    say(
        f"key       {key}\n\nThe box is running. Paste this into another terminal:\n\n"
        f"  curl -X POST {url}/api/v1/run-ffmpeg-command \\\n"
        f"    -H 'X-API-KEY: {key}' -H 'Content-Type: application/json' \\\n"
        f"    -d '{body}'\n\n"
        f"The API to read and try: {url}/schema\nStop the box with Ctrl-C."
    )


def say(text: str) -> None:
    """Tell the person at the terminal something."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@click.command("demo", short_help="Send a short clip through a fresh box, and show it all.")
@DATA
@click.option("--once", is_flag=True, help="End after the job; exit 0 only on SUCCESS.")
def demo_command(data: Path | None, *, once: bool) -> None:
    """Start a box, send a short clip through it, and show everything that happens.

    Standard output gets the final poll response as JSON. Without --data everything is
    kept in a temporary directory and removed in the end.
    """

    async def show() -> ExitStatus:
        settings = settings_of(None)
        server = replace(settings.server, host="127.0.0.1", port=0, tls_certificate="", tls_key="")
        chosen = None if data is None else directory(data)
        return await demo(replace(settings, server=server), chosen, once=once)

    finish(show)
