"""Servers of others: one that has files, and one that takes webhooks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from tests.conformance.client import PATIENCE_S


@dataclass(frozen=True)
class Received:
    """A request as it arrived; header names are in lower case, ``at`` is in seconds."""

    method: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Place:
    """One address of the receiver: what it answers, and what it was sent.

    ``statuses`` are answered one after another, the last one for ever; content that is
    ``held`` arrives only after ``release``.
    """

    url: str
    content: bytes = b""
    statuses: list[int] = field(default_factory=lambda: [200])
    location: str | None = None
    received: list[Received] = field(default_factory=list[Received])
    released: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def release(self) -> None:
        self.released.set()

    def take(self, received: Received) -> int:
        """Keep the request; return the status of its answer."""
        with self.changed:
            self.received.append(received)
            self.changed.notify_all()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def wait(self, count: int = 1, *, within_s: float = PATIENCE_S) -> list[Received]:
        """Return what has arrived as soon as that is ``count`` requests."""
        with self.changed:
            arrived = self.changed.wait_for(lambda: len(self.received) >= count, within_s)
            assert arrived, f"{len(self.received)} of {count} requests within {within_s:g} s"
            return list(self.received)


class Receiver:
    """A real HTTP server at addresses that nobody guesses."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._places: dict[str, Place] = {}

    def file(self, content: bytes, name: str, *, held: bool = False) -> Place:
        """Offer a file; ``held`` keeps most of it back until it is released."""
        place = self._place(name, content=content)
        if not held:
            place.release()
        return place

    def answering(self, *statuses: int, name: str = "hook", location: str | None = None) -> Place:
        """Take requests and answer them so, one after another."""
        place = self._place(name, statuses=list(statuses), location=location)
        place.release()
        return place

    def at(self, path: str) -> Place | None:
        return self._places.get(path.partition("?")[0])

    def release_all(self) -> None:
        for place in self._places.values():
            place.release()

    def _place(self, name: str, **more: object) -> Place:
        path = f"/{uuid4().hex}/{name}"
        self._places[path] = Place(self._origin + path, **more)  # type: ignore[arg-type] - fields
        return self._places[path]


class Handler(BaseHTTPRequestHandler):
    """Answers with what the place of that path was told to."""

    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's
        """Say nothing."""

    def _answer(self) -> None:
        place = self.receiver.at(self.path)
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it has died over it
            self.close_connection = True
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        status = (
            404
            if place is None
            else place.take(Received(self.command, headers, body, time.monotonic()))
        )
        content = b"" if place is None or status != 200 else place.content
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if place is not None and place.location is not None:
            self.send_header("Location", place.location)
        self.end_headers()
        if place is not None and self.command != "HEAD":
            self._send(content, place)

    def _send(self, content: bytes, place: Place) -> None:
        half = len(content) // 2
        try:
            self.wfile.write(content[:half])
            self.wfile.flush()
            place.released.wait(PATIENCE_S)
            self.wfile.write(content[half:])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """Ends with its test run, whatever its clients do."""

    daemon_threads = True
    block_on_close = False


@contextmanager
def receiving(listen_on: str, known_as: str) -> Iterator[Receiver]:
    """Run a receiver on a free port while the block runs."""
    handler = type("Bound", (Handler,), {})
    with Server((listen_on, 0), handler) as server:
        receiver = Receiver(f"http://{known_as}:{server.server_port}")
        handler.receiver = receiver
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.release_all()
            server.shutdown()
            thread.join()
