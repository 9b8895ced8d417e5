"""The program in processes of its own, reached the way its users reach it."""

import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from renderio_box.tls import pinned

BUILT: Final = os.environ.get("BOX_PROGRAM")
"""The built program, to be tried in place of this checkout: BOX_PROGRAM=dist/renderio-box/..."""
PROGRAM: Final = (sys.executable, "-m", "renderio_box") if BUILT is None else (BUILT,)
PATIENCE_S: Final = 60.0
"""How long to wait for what should come soon: this ends a hang, it measures nothing."""
BUSY_S: Final = 10.0
"""What a machine that is busy with other things may add to a time that is promised."""
LOOK_EVERY_S: Final = 0.05
LOOPBACK_OPEN: Final = {"RENDERIO_NETWORK_ALLOW": "127.0.0.0/8,::1"}
"""So that a box fetches from, and posts to, the servers of tests."""
WALLED: Final = (
    {"RENDERIO_SANDBOX_TIER": os.environ["SANDBOX_TIER"]} if "SANDBOX_TIER" in os.environ else {}
)
"""So that everything can be tried in one tier: SANDBOX_TIER=landlock python -m pytest tests/media"""
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A box speaks plain HTTP, and loading certificates takes longer than asking it."""
FINAL: Final = frozenset({"SUCCESS", "FAILED"})

T = TypeVar("T")


class RunningBox:
    """A box that answers, with an HTTP client that holds its own key for this machine."""

    def __init__(
        self, process: subprocess.Popen[bytes], server: Mapping[str, str], data: Path
    ) -> None:
        self.process = process
        self.data = data
        self.url = server["url"]
        self.http = client_of(server)
        self.stdout = data.with_suffix(".stdout")
        self.stderr = data.with_suffix(".stderr")

    def upload(self, path: Path) -> dict[str, Any]:
        with path.open("rb") as file:
            answer = self.http.post("/api/v1/files/upload", files={"file": (path.name, file)})
        return dict(answer.raise_for_status().json())

    def upload_bytes(self, name: str, content: bytes) -> dict[str, Any]:
        answer = self.http.post("/api/v1/files/upload", files={"file": (name, content)})
        return dict(answer.raise_for_status().json())

    def submit(self, command: str, outputs: dict[str, str] | str, **more: object) -> str:
        body = {"ffmpeg_command": command, "input_files": {}, "output_files": outputs, **more}
        answer = self.http.post("/api/v1/run-ffmpeg-command", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["command_id"])

    def submit_chain(
        self, commands: list[str], outputs: dict[str, str] | str, **more: object
    ) -> str:
        body = {"ffmpeg_commands": commands, "input_files": {}, "output_files": outputs, **more}
        answer = self.http.post("/api/v1/run-chained-ffmpeg-commands", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["command_id"])

    def poll(self, command_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/api/v1/commands/{command_id}").raise_for_status().json())

    def finished(self, command_id: str, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        def final() -> dict[str, Any] | None:
            polled = self.poll(command_id)
            return polled if polled["status"] in FINAL else None

        return eventually(final, within_s=within_s)

    def run(self, command: str, outputs: dict[str, str] | str, **more: object) -> dict[str, Any]:
        return self.finished(self.submit(command, outputs, **more))

    def cancel(self, command_id: str) -> None:
        self.http.post(f"/api/v1/commands/{command_id}/cancel").raise_for_status()

    def log(self, command_id: str) -> str:
        return self.http.get(f"/api/v1/commands/{command_id}/log").raise_for_status().text

    def download(self, url: str) -> bytes:
        return self.http.get(url).raise_for_status().content

    def stop(self) -> int:
        """Ask the box to stop and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@contextmanager
def scratch_box(**settings: str) -> Iterator[RunningBox]:
    """Run a box in a temporary directory of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="renderio-") as directory,
        running_box(Path(directory, "data"), **settings) as box,
    ):
        yield box


@contextmanager
def running_box(
    data: Path, *arguments: str, program: Sequence[str] = (), **settings: str
) -> Iterator[RunningBox]:
    """Run ``serve`` on any free port while the block runs; it must end well.

    A block that ends its box itself answers for how that went. ``program`` is what runs
    instead of the program itself.
    """
    command = (*(program or PROGRAM), "serve", "--data", str(data), "--port", "0", *arguments)
    settings = {"RENDERIO_SERVER_DRAIN_SECONDS": "1", **LOOPBACK_OPEN, **WALLED} | settings
    with (
        data.with_suffix(".stdout").open("wb") as stdout,
        data.with_suffix(".stderr").open("wb") as stderr,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=environment(**settings),
        ) as process,
    ):
        try:
            server = eventually(lambda: answering(process, data))
            box = RunningBox(process, server, data)
            with box.http:
                yield box
            if process.poll() is None:
                assert box.stop() == 0, box.stderr.read_text()
        finally:
            process.kill()


def answering(process: subprocess.Popen[bytes], data: Path) -> dict[str, str] | None:
    """Return how the box is reached once it answers; the file may still be a dead one's."""
    assert process.poll() is None, data.with_suffix(".stderr").read_text()
    try:
        server: dict[str, str] = json.loads((data / "server.json").read_bytes())
        with client_of(server) as http:
            return server if http.get("/api/v1/commands?limit=1").is_success else None
    except (FileNotFoundError, json.JSONDecodeError, httpx.TransportError):
        return None


def client_of(server: Mapping[str, str]) -> httpx.Client:
    return httpx.Client(
        base_url=server["url"],
        headers={"x-api-key": server["key"]},
        timeout=PATIENCE_S,
        trust_env=False,
        verify=pinned(server["certificate"]) if "certificate" in server else NO_TLS,
    )


def cli(
    *arguments: object, program: Sequence[str] = (), **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run the program, or another one in its place, to its end."""
    return subprocess.run(
        [*(program or PROGRAM), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(**settings),
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with no settings of the box but the given ones."""
    inherited = {name: text for name, text in os.environ.items() if "RENDERIO_" not in name}
    return inherited | settings


def eventually(look: Callable[[], T | None], *, within_s: float = PATIENCE_S) -> T:
    """Return what ``look`` sees as soon as that is something.

    Raises:
        TimeoutError: It was nothing all the time.
    """
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing to be seen within {within_s:g} seconds")
        time.sleep(LOOK_EVERY_S)
    return seen


def ffmpegs(marker: str) -> list[int]:
    """Return the ids of FFmpeg processes that have ``marker`` among their arguments."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdecimal() and is_ffmpeg(process, marker)
    ]


def is_ffmpeg(process: Path, marker: str) -> bool:
    """Tell whether the process runs FFmpeg; while it starts, or when it is gone, it does not."""
    try:
        is_it = (process / "comm").read_text().startswith("ffmpeg")
        return is_it and marker.encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
