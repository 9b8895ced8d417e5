"""A real box in a process of its own, for benchmarks to measure."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 30.0
CLIP = Path(__file__).parents[2] / "renderio_box" / "assets" / "bbb-720p-5s.mp4"


class Box:
    """A running box: its process, an HTTP client with a key, its data directory."""

    def __init__(self, process: subprocess.Popen[bytes], http: httpx.Client, data: Path) -> None:
        self.process = process
        self.http = http
        self.data = data

    def upload(self, path: Path) -> str:
        with path.open("rb") as file:
            answer = self.http.post("/api/v1/files/upload", files={"file": (path.name, file)})
        return str(answer.raise_for_status().json()["file_id"])

    def submit(self, body: dict[str, Any]) -> str:
        answer = self.http.post("/api/v1/run-ffmpeg-command", json=body)
        return str(answer.raise_for_status().json()["command_id"])

    def poll(self, command_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/v1/commands/{command_id}")
        return dict(answer.raise_for_status().json())

    def finished(self, command_id: str, *, every_s: float, within_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            polled = self.poll(command_id)
            if polled["status"] in {"SUCCESS", "FAILED"}:
                return polled
            time.sleep(every_s)
        raise TimeoutError(command_id)

    def resident_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise ProcessLookupError(self.process.pid)


@contextmanager
def running_box(**settings: str) -> Iterator[Box]:
    """Start a box on a free port with the given RENDERIO_… settings; stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="renderio-bench-") as data:
        command = [sys.executable, "-m", "renderio_box", "serve", "--data", data, "--port", "0"]
        log = Path(data, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stderr=output, env=os.environ | settings)
        try:
            server = waited_for(Path(data, "server.json"), process, log)
            headers = {"x-api-key": server["key"]}
            with httpx.Client(base_url=server["url"], headers=headers, timeout=600) as http:
                yield Box(process, http, Path(data))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def waited_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return dict(json.loads(path.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
    sys.exit(f"the box did not start:\n{log.read_text()}")
