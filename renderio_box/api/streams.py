"""Event streams that are open: how many there may be, and when they have to end."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import anyio
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from renderio_box.api.authentication import KEYS
from renderio_box.api.problems import RateLimitedError
from renderio_box.catalog.keys import KeyRing
from renderio_box.http_server import ENDLESS
from renderio_box.queue.job_queue import ShuttingDownError
from renderio_box.wakeup import Announcer, Wakeup

MAX_OPEN: Final = 100
LOOKS_PER_SECOND: Final = 400
"""How often all streams together may ask the database, so that it has time for others."""
HEARTBEAT_SECONDS: Final = 15.0
RETRY_AFTER_SECONDS: Final = 10
STREAMS: Final = "streams"
STREAM: Final = "stream"


class Streams:
    """All event streams of the box. They are woken by every change of a job's state."""

    def __init__(
        self,
        announcer: Announcer,
        *,
        max_open: int = MAX_OPEN,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.heartbeat_seconds = heartbeat_seconds
        self.is_closed = False
        self._announcer = announcer
        self._max_open = max_open
        self._open = 0

    @property
    def pause_seconds(self) -> float:
        """Return how long each stream leaves the database alone after a look."""
        return self._open / LOOKS_PER_SECOND

    def close(self) -> None:
        """Have every stream end now, and refuse new ones."""
        self.is_closed = True
        self._announcer.notify()

    @contextmanager
    def opened(self, *, is_welcome: Callable[[], bool]) -> Generator["OpenStream"]:
        """Take a place for a stream for as long as the block lasts.

        Raises:
            RateLimitedError: Every place is taken.
            ShuttingDownError: The box is stopping.
        """
        if self.is_closed:
            raise ShuttingDownError
        if self._open >= self._max_open:
            raise RateLimitedError(
                f"{self._max_open} event streams are open, and the box keeps no more;"
                " close some, or poll the command instead.",
                retry_after_s=RETRY_AFTER_SECONDS,
            )
        self._open += 1
        try:
            with self._announcer.listening() as wakeup:
                yield OpenStream(self, wakeup, is_welcome)
        finally:
            self._open -= 1


class OpenStream:
    """One stream's place: tells it when to look again and when to end."""

    def __init__(self, streams: Streams, wakeup: Wakeup, is_welcome: Callable[[], bool]) -> None:
        self.heartbeat_seconds = streams.heartbeat_seconds
        self._streams = streams
        self._wakeup = wakeup
        self._is_welcome = is_welcome

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more may be said: the box stops, or the key was revoked."""
        return self._streams.is_closed or not self._is_welcome()

    async def wait(self, *, timeout_s: float) -> None:
        """Return when something has changed, or after ``timeout_s`` seconds."""
        await anyio.sleep(self._streams.pause_seconds)
        await self._wakeup.wait(timeout_s=timeout_s)


class StreamPlaces(ASGIMiddleware):
    """Gives every request a place of the application's, and takes it back however that ends."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer the request in a place of its own."""
        keys: KeyRing = scope["litestar_app"].state[KEYS]
        streams: Streams = scope["litestar_app"].state[STREAMS]
        with streams.opened(is_welcome=partial(keys.is_in_use, scope["auth"])) as stream:
            scope["state"] |= {STREAM: stream, ENDLESS: True}
            await next_app(scope, receive, send)


def stream_of(request: Request[Any, Any, Any]) -> OpenStream:
    """Return the place that the request was given."""
    stream: OpenStream = request.scope["state"][STREAM]
    return stream
