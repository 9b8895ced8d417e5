# ruff: noqa: T201 - a program for a terminal prints
"""Make a still of the video at URL as a client of Rendi does; print where it is.

RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... python poll_rendi.py URL
"""

import os
import sys
import time

import httpx

API = os.environ["RENDERIO_URL"] + "/v1"
HEADERS = {"X-API-KEY": os.environ["RENDERIO_KEY"]}


def main(url: str) -> None:
    body = {
        "input_files": {"in_1": url},
        "output_files": {"out_1": "still.png"},
        "ffmpeg_command": "-i {{in_1}} -vframes 1 {{out_1}}",
        "max_command_run_seconds": 300,
        "vcpu_count": 8,
    }
    submitted = httpx.post(f"{API}/run-ffmpeg-command", json=body, headers=HEADERS)
    if submitted.status_code != 200:
        sys.exit(str(submitted.json()["detail"]))

    address = f"{API}/commands/{submitted.json()['command_id']}"
    command = httpx.get(address, headers=HEADERS).json()
    while command["status"] in ("QUEUED", "PROCESSING"):
        time.sleep(0.5)
        command = httpx.get(address, headers=HEADERS).json()

    if "error_message" in command:
        sys.exit(command["error_message"])
    print(command["output_files"]["out_1"]["storage_url"])


if __name__ == "__main__":
    main(sys.argv[1])
