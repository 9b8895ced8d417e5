# ruff: noqa: T201 - a program for a terminal prints
"""Cut the sound out of the video at URL and print where it is; with nothing but Python itself.

RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... python poll_urllib.py URL
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

API = os.environ["RENDERIO_URL"] + "/api/v1"
HEADERS = {"X-API-KEY": os.environ["RENDERIO_KEY"], "Content-Type": "application/json"}


def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, HEADERS, method=method)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        sys.exit(f"{problem['error']}: {problem['message']}")


def wait_for(command_id: str, *, at_most_s: float = 600) -> dict[str, Any]:
    """Poll with a growing pause until the command has ended."""
    deadline, pause = time.monotonic() + at_most_s, 0.25
    while time.monotonic() < deadline:
        command = call("GET", f"/commands/{command_id}")
        if command["status"] in ("SUCCESS", "FAILED"):
            return command
        time.sleep(pause)
        pause = min(pause * 1.5, 10)
    sys.exit(f"{command_id} is still not done after {at_most_s} seconds")


def main(url: str) -> None:
    submitted = call(
        "POST",
        "/run-ffmpeg-command",
        {
            "ffmpeg_command": "-i {{in_video}} -vn -c:a libmp3lame -b:a 64k {{out_sound}}",
            "input_files": {"in_video": url},
            "output_files": {"out_sound": "sound.mp3"},
        },
    )
    command = wait_for(submitted["command_id"])
    if command["status"] == "FAILED":
        sys.exit(f"{command['error_status']}: {command['error']}")
    print(command["output_files"]["out_sound"]["storage_url"])


if __name__ == "__main__":
    main(sys.argv[1])
