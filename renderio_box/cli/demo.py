"""``renderio-box demo``: a box, a key, a clip, and everything that happens to it."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec.structs import replace

from renderio_box.cli.answers import Polled
from renderio_box.cli.client import connected
from renderio_box.cli.options import DATA, finish, own_directory, settings_of
from renderio_box.cli.outcome import ExitStatus, say
from renderio_box.cli.own_box import OwnBox, own_box
from renderio_box.cli.progress_bar import ProgressBar
from renderio_box.data_directory import DataDirectory
from renderio_box.settings import Config

COMMAND: Final = "-i {{in_video}} -vf scale=640:-2 -c:v libx264 -preset slow -c:a aac {{out_video}}"
OUTPUT: Final = "bbb-360p.mp4"


async def demo(config: Config, data: DataDirectory | None, *, once: bool) -> ExitStatus:
    """Run one real job through a real box and show every step of it."""
    ended: list[Polled] = []
    async with own_box(config, data) as box:
        say(f"box       {box.url}  (data in {box.data.root})")

        async def play_once() -> None:
            ended.append(await play(box))

        if not await box.unless_stopped(play_once):
            return ExitStatus.STOPPED
        if ended[0].status != "SUCCESS":
            return ExitStatus.COMMAND_FAILED
        if not once:
            invite(box, ended[0])
            box.forget_first_key()
            await box.stop.wait()
        return ExitStatus.OK


async def play(box: OwnBox) -> Polled:
    """Upload the clip, run the command, print the last poll response on standard output."""
    bar = ProgressBar(sys.stderr)
    async with connected(box.url, box.key) as client:
        file_id = await client.upload(box.clip, lambda _done, _size: None)
        say(f"uploaded  {box.clip.name} as {file_id}")
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


def invite(box: OwnBox, polled: Polled) -> None:
    """Print what to paste next."""
    body = msgspec.json.encode(
        {
            "ffmpeg_command": "-ss 2 -i {{in_video}} -frames:v 1 {{out_thumb}}",
            "input_files": {"in_video": polled.output_files["out_video"].storage_url},
            "output_files": {"out_thumb": "thumb.jpg"},
        }
    ).decode()
    say(
        f"key       {box.key}\n\nThe box is running. Paste this into another terminal:\n\n"
        f"  curl -X POST {box.url}/api/v1/run-ffmpeg-command \\\n"
        f"    -H 'X-API-KEY: {box.key}' -H 'Content-Type: application/json' \\\n"
        f"    -d '{body}'\n\n"
        f"The API to read and try: {box.url}/schema\nStop the box with Ctrl-C."
    )


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
        chosen = None if data is None else own_directory(data)
        return await demo(replace(settings, server=server), chosen, once=once)

    finish(show)
