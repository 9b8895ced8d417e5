"""Around every request: its name, which log lines about it carry, and what is counted of it."""

import re
from collections.abc import Mapping
from typing import Final, cast
from uuid import uuid4

import anyio
import structlog
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)
from structlog.contextvars import bound_contextvars

from renderio_box.metrics import Metrics

log = structlog.get_logger()

HEADER: Final = b"x-request-id"
SANE: Final = re.compile(r"(?!ffsk_)[A-Za-z0-9][A-Za-z0-9._:-]{7,127}", flags=re.ASCII)
"""What a caller may call a request: long enough to be found again, and nothing odd or secret."""
NAME: Final = "request_id"

ReceiveMessage = HTTPReceiveMessage | WebSocketReceiveMessage


def request_id_of(scope: Scope) -> str:
    """Return the name of the request that ``scope`` belongs to: its caller's if sane, else ours."""
    state = scope["state"]
    if NAME not in state:
        state[NAME] = asked_name(scope) or uuid4().hex
    return str(state[NAME])


def asked_name(scope: Scope) -> str | None:
    """Return what the caller calls the request; None when that is nothing, or no good name."""
    names = [value for name, value in scope["headers"] if name.lower() == HEADER]
    name = names[0].decode("latin-1") if len(names) == 1 else ""
    return name if SANE.fullmatch(name) else None


class Observed:
    """An application of which every request is named and counted, wherever it leads."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        exchange = Exchange(scope, receive, send, self._metrics)
        with bound_contextvars(request_id=request_id_of(scope)):
            await self._app(scope, exchange.receive, exchange.send)


class Exchange:
    """One request and its answer, counted as they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, metrics: Metrics) -> None:
        self._scope = cast("Mapping[str, object]", scope)
        self._receive = receive
        self._send = send
        self._metrics = metrics
        self._began_at = anyio.current_time()

    async def receive(self) -> ReceiveMessage:
        """Return the next piece of the request."""
        message = await self._receive()
        if message["type"] == "http.request" and message["body"]:
            self._metrics.received(self._route(), len(message["body"]))
        return message

    async def send(self, message: Message) -> None:
        """Send the next piece of the answer."""
        if message["type"] == "http.response.start":
            self._begin_answer(message["status"])
        elif message["type"] == "http.response.body" and message["body"]:
            self._metrics.sent(self._route(), len(message["body"]))
        await self._send(message)

    def _begin_answer(self, status: int) -> None:
        method, took_s = str(self._scope["method"]), anyio.current_time() - self._began_at
        self._metrics.request_answered(self._route(), method, status, took_s=took_s)
        log.debug(
            "request_answered",
            method=method,
            path=self._scope["path"],
            status=status,
            seconds=round(took_s, 6),
        )

    def _route(self) -> str | None:
        """Return the address of ours that the request leads to, without what varies in it."""
        template = self._scope.get("path_template")
        return None if template is None else str(template)
