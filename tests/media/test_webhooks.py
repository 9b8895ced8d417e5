"""Webhooks of boxes that end before they have delivered them."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.running_box import RunningBox, running_box

COMMAND = "-f lavfi -i color=size=64x36:duration=0.2 {{out_video}}"
OUTPUTS = {"out_video": "short.mkv"}
KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ENCODED = f"whsec_{base64.b64encode(KEY).decode()}"
HEARD_WITHIN_S = 15.0


class Listener(ThreadingHTTPServer):
    """A receiver that hangs until it is told to answer, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/in"
        self.answers = False
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.count = threading.Semaphore(0)
        self.over = threading.Event()

    def next_heard(self) -> tuple[dict[str, str], bytes]:
        assert self.count.acquire(timeout=HEARD_WITHIN_S)
        return self.heard[-1]


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(
            ({name.lower(): self.headers[name] for name in self.headers}, body)
        )
        self.server.count.release()
        if not self.server.answers:
            self.server.over.wait(HEARD_WITHIN_S)
            return
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


def run_hooked(box: RunningBox, listener: Listener) -> str:
    """Have a command run whose webhook is on its way; return its id."""
    hook = {"url": listener.url, "secret": ENCODED}
    box.http.put("/api/v1/webhook-config", json=hook).raise_for_status()
    command_id = box.submit(COMMAND, OUTPUTS)
    listener.next_heard()
    return command_id


def test_a_webhook_arrives_signed_after_its_box_was_killed_and_started_again(
    tmp_path: Path, listener: Listener
) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = run_hooked(box, listener)
        box.process.kill()
        box.process.wait()
    listener.answers = True

    with running_box(tmp_path / "data"):
        headers, body = listener.next_heard()

    told = json.loads(body)["data"]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(KEY, content, "sha256")).decode()
    assert (told["command_id"], told["status"]) == (command_id, "SUCCESS")
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["x-webhook-signature"] == hmac.new(ENCODED.encode(), body, "sha256").hexdigest()


def test_a_webhook_has_the_same_id_after_its_box_was_killed(
    tmp_path: Path, listener: Listener
) -> None:
    with running_box(tmp_path / "data") as box:
        run_hooked(box, listener)
        box.process.kill()
        box.process.wait()
    listener.answers = True

    with running_box(tmp_path / "data"):
        listener.next_heard()

    assert len({headers["webhook-id"] for headers, _ in listener.heard}) == 1


def test_a_box_that_is_stopped_while_a_receiver_hangs_delivers_at_the_next_start(
    tmp_path: Path, listener: Listener
) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = run_hooked(box, listener)
        assert box.stop() == 0
    listener.answers = True

    with running_box(tmp_path / "data"):
        _, body = listener.next_heard()

    assert json.loads(body)["data"]["command_id"] == command_id
