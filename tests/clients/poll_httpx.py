# ruff: noqa: T201 - a program for a terminal prints
"""Take a picture and a smaller copy of the video at URL in one chain; print where they are.

RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... python poll_httpx.py URL
"""

import os
import sys
import time

import httpx


def main(url: str) -> None:
    with httpx.Client(
        base_url=os.environ["RENDERIO_URL"] + "/api/v1",
        headers={"X-API-KEY": os.environ["RENDERIO_KEY"]},
        timeout=30,
    ) as api:
        submitted = api.post(
            "/run-chained-ffmpeg-commands",
            json={
                "ffmpeg_commands": [
                    "-i {{in_video}} -vf scale=160:-2 -c:v libx264 -preset veryfast {{out_small}}",
                    "-i {{out_small}} -frames:v 1 {{out_picture}}",
                ],
                "input_files": {"in_video": url},
                "output_files": {"out_small": "small.mp4", "out_picture": "picture.jpg"},
            },
        )
        if submitted.status_code != 202:
            sys.exit(submitted.json()["message"])
        command_id = submitted.json()["command_id"]

        while True:
            command = api.get(f"/commands/{command_id}").raise_for_status().json()
            if command["status"] == "SUCCESS":
                break
            if command.get("error_message"):
                sys.exit(command["error_message"])
            time.sleep(0.5)

    for output in command["output_files"].values():
        print(output["storage_url"])


if __name__ == "__main__":
    main(sys.argv[1])
