"""Connections that have to get somewhere: who stands still is cut off, nobody takes every place.

uvicorn itself waits without end for a header, for a body, and for somebody to read an answer.
"""

import asyncio
import fcntl
import socket
import struct
import termios
from typing import Any, Final, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from renderio_box.encryption import Encrypted
from renderio_box.framing import StrictConnection
from renderio_box.lobby import Lobby
from renderio_box.settings import ServerConfig
from renderio_box.tls import Certificate

HEADER_BYTES: Final = 16 * 1024
"""How much of a header may be there without its end; so none is twice as long."""
BYTES_PER_SECOND: Final = 1024
"""How fast a body has to come, on the whole."""
LINGER_SECONDS: Final = 30.0
"""How long a body is still taken that has had its answer, for clients who send all of it first."""
LOOK_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5
KEEP_ALIVE_SECONDS: Final = 30
UNTAKEN_BYTES: Final = 64 * 1024
"""How much of an answer waits for its reader before we stop making more of it."""


class Patience:
    """How long to wait for the rest of a body: a while at first, longer the more of it has come.

    So a sender of less than ``BYTES_PER_SECOND`` is found out soon, and one that was fast may
    pause for ``most_s`` at most.
    """

    def __init__(self, grace_s: float, most_s: float, *, now: float) -> None:
        self._grace_s = grace_s
        self._most_s = most_s
        self._until = now + grace_s

    def received(self, count: int, *, now: float) -> None:
        """Wait longer, as ``count`` bytes have come."""
        left_s = max(self._until - now, 0.0)
        self._until = now + min(left_s + count / BYTES_PER_SECOND, self._most_s)

    def renew(self, *, now: float) -> None:
        """Begin again, as nothing could come while we did not read."""
        self._until = max(self._until, now + self._grace_s)

    def is_over(self, *, now: float) -> bool:
        """Tell whether waiting any longer is in vain."""
        return now > self._until


class Taking:
    """Whether a client takes what it is sent, judged by how much of it lies waiting."""

    def __init__(self, stall_s: float, *, now: float) -> None:
        self._stall_s = stall_s
        self._least = 0
        self._since = now

    def progressed(self, *, now: float) -> None:
        """Note that some was taken."""
        self._since = now

    def is_stalled(self, waiting: int, *, now: float) -> bool:
        """Tell whether nothing has been taken for too long, with ``waiting`` bytes there now."""
        if waiting == 0 or waiting < self._least:
            self.progressed(now=now)
        self._least = waiting
        return now - self._since > self._stall_s


class GuardedConfig(uvicorn.Config):
    """uvicorn's settings, and what its connections have to know of ours."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - uvicorn's own
        bounds: ServerConfig,
        lobby: Lobby,
        certificate: Certificate | None,
    ) -> None:
        self.bounds = bounds
        self.lobby = lobby
        self.certificate = certificate
        super().__init__(
            app,
            http=cast("type[asyncio.Protocol]", connection),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(bounds.trusted_proxies),
            forwarded_allow_ips=list(bounds.trusted_proxies),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )


def connection(
    config: GuardedConfig,
    server_state: ServerState,
    app_state: dict[str, Any],
    _loop: asyncio.AbstractEventLoop | None = None,
) -> asyncio.BaseProtocol:
    """Return what speaks with one client, encrypted if there is a certificate."""
    inner = GuardedProtocol(config, server_state, app_state)
    if config.certificate is None:
        return inner
    return Encrypted(inner, config.certificate, config.bounds, config.lobby)


class GuardedProtocol(H11Protocol):
    """One connection, looked at every second to see whether it still gets somewhere.

    ``wire`` is what carries an encrypted one; it has its place in the lobby already.
    """

    wire: asyncio.Transport | None = None

    def __init__(
        self,
        config: GuardedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = StrictConnection(h11.SERVER, HEADER_BYTES)
        self._bounds = config.bounds
        self._lobby = config.lobby
        self._address = ""
        self._next_look: asyncio.TimerHandle | None = None
        self._header_until: float | None = None
        self._linger_until: float | None = None
        self._goodbye_until: float | None = None
        self._body: Patience | None = None
        self._taking = Taking(config.bounds.stall_seconds, now=self.loop.time())

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a place, and wait for the header of a request; or close at once."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(UNTAKEN_BYTES)
        self._address = self.client[0] if self.client else ""
        if self.wire is None and not self._lobby.enter(self._address):
            transport.abort()
            return
        self._header_until = self.loop.time() + self._bounds.header_seconds
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        if self._next_look is not None:
            self._next_look.cancel()
            if self.wire is None:
                self._lobby.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a header by the piece, as its length is judged only between two pieces."""
        while data and self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            super().data_received(data[:HEADER_BYTES])
            data = data[HEADER_BYTES:]
        if data and not self.transport.is_closing():
            super().data_received(data)
        if self._body is not None:
            self._body.received(len(data), now=self.loop.time())

    def handle_events(self) -> None:
        """Do what the bytes say, then see what there is to wait for."""
        super().handle_events()
        self._wait_for_next()

    def on_response_complete(self) -> None:
        """Go on to the next request, or wait a little for the end of a body nobody reads."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._linger_until = self.loop.time() + LINGER_SECONDS

    def resume_writing(self) -> None:
        """Note that the client has taken some of what was written."""
        super().resume_writing()
        self._taking.progressed(now=self.loop.time())

    def _wait_for_next(self) -> None:
        now, state = self.loop.time(), self.conn.their_state
        if state is not h11.IDLE:
            self._header_until = None
        elif self._header_until is None and self.conn.trailing_data[0]:
            self._header_until = now + self._bounds.header_seconds
        if state is not h11.SEND_BODY:
            self._body = self._linger_until = None
        elif self._body is None:
            grace_s, most_s = self._bounds.header_seconds, self._bounds.stall_seconds
            self._body = Patience(grace_s, most_s, now=now)

    def _look_later(self) -> None:
        shortest_s = min(self._bounds.header_seconds, self._bounds.stall_seconds)
        self._next_look = self.loop.call_later(min(LOOK_SECONDS, shortest_s / 4), self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if (reason := self._reason_to_cut(now=now)) is not None:
            self._lobby.tell("slow_client_cut", self._address, reason)
            self.transport.abort()
        elif self._is_left_hanging(now=now):
            self.transport.abort()
        else:
            self._look_later()

    def _is_left_hanging(self, *, now: float) -> bool:
        """Tell whether we have said all, and goodbye, but TLS still waits for theirs."""
        if not self.transport.is_closing() or self._waiting():
            return False
        self._goodbye_until = self._goodbye_until or now + CLOSE_SECONDS
        return now > self._goodbye_until

    def _reason_to_cut(self, *, now: float) -> str | None:
        if self._header_until is not None and now > self._header_until:
            return "the header does not come"
        if self._linger_until is not None and now > self._linger_until:
            return "the body goes on after its answer"
        if self._body is not None and self._is_unread():
            self._body.renew(now=now)
        if self._body is not None and self._body.is_over(now=now):
            return "the body comes too slowly"
        if self._taking.is_stalled(self._waiting(), now=now):
            return "the answer is not taken"
        return None

    def _waiting(self) -> int:
        """Return how many bytes the client has not taken, of those that TLS holds back too."""
        wire = self.transport if self.wire is None else self.wire
        encrypting = 0 if self.wire is None else self.transport.get_write_buffer_size()
        return encrypting + waiting_in(wire)

    def _is_unread(self) -> bool:
        """Tell whether a body stays away because we do not take it, or have not asked for it."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue


def waiting_in(transport: asyncio.Transport) -> int:
    """Return how many bytes were written that the other side has not acknowledged."""
    buffered = transport.get_write_buffer_size()
    sock: socket.socket | None = transport.get_extra_info("socket")
    if not buffered or sock is None:
        return 0
    # The kernel empties a full buffer by large steps, minutes apart for a slow reader.
    try:
        unsent = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return buffered
    return buffered + int(struct.unpack("i", unsent)[0])
