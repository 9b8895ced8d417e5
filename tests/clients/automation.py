# ruff: noqa: T201 - a program for a terminal prints
"""Do what the HTTP nodes of an automation platform do: n8n, Make, Zapier and the like.

They know no types, so every number is sent as text. They fill in double braces
themselves, so those of the command are escaped. They send what they were not asked for,
and n8n tries once more when it is told that the key is missing.

RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... python automation.py URL
"""

import os
import sys
import time
from typing import Any

import httpx

NODES = {
    "submit": {
        "method": "POST",
        "path": "/api/v1/run-ffmpeg-command",
        "body": {
            "ffmpeg_command": r"-i \{\{in_1\}\} -vf scale=80:-2 -frames:v 1 \{\{out_1\}\}",
            "input_files": {"in_1": "{{ url }}"},
            "output_files": {"out_1": "small.jpg"},
            "max_command_run_seconds": "300",
            "vcpu_count": "2",
            "metadata": {"run": "17", "attempts": 1},
            "executionMode": "manual",
        },
    },
    "poll": {"method": "GET", "path": "/api/v1/commands/{{ command_id }}", "body": None},
}
WAIT_S = 1


def filled(template: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - whatever a node holds
    """Return the template with ``{{ name }}`` replaced, however deep it stands."""
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{{ {name} }}}}", value)
    return template


def node(name: str, **values: str) -> dict[str, Any]:
    """Send the node's request; without the key at first, as n8n may."""
    request = filled(NODES[name], values)
    address = os.environ["RENDERIO_URL"] + request["path"]
    answer = httpx.request(request["method"], address, json=request["body"])
    if answer.status_code == 401:
        key = {"X-API-KEY": os.environ["RENDERIO_KEY"]}
        answer = httpx.request(request["method"], address, json=request["body"], headers=key)
    if answer.is_error:
        sys.exit(f"{answer.status_code} {answer.text}")
    return dict(answer.json())


def main(url: str) -> None:
    command_id = node("submit", url=url)["command_id"]
    while (item := node("poll", command_id=command_id))["status"] not in ("SUCCESS", "FAILED"):
        time.sleep(WAIT_S)
    if item["status"] == "FAILED":
        sys.exit(item["error_message"])
    print(item["output_files"]["out_1"]["storage_url"])


if __name__ == "__main__":
    main(sys.argv[1])
