"""uvicorn as one part among others: our loop, our socket, our signals."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

import anyio
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.connections import GuardedConfig
from renderio_box.lobby import Lobby
from renderio_box.logs import LINES_PER_MINUTE, Sparingly
from renderio_box.settings import ServerConfig
from renderio_box.tls import Certificate

BACKLOG: Final = 512
HANG_UP_SECONDS: Final = 0.5
ENDLESS: Final = "endless"
"""Marks, in the state of a request, a response that ends only when the box stops."""


class AddressInUseError(Exception):
    """The box cannot listen where it should; the text says why and what to change."""


class HttpServer(uvicorn.Server):
    """An HTTP server that leaves signals to the process."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - uvicorn's own
        config: ServerConfig,
        certificate: Certificate | None = None,
    ) -> None:
        self.up = anyio.Event()
        sparingly = Sparingly(SystemClock().monotonic, per_minute=LINES_PER_MINUTE)
        self.lobby = Lobby(config, sparingly)
        super().__init__(GuardedConfig(app, config, self.lobby, certificate))

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: stopping has an order that uvicorn does not know."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, and say so."""
        await super().startup(sockets=sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop answering, without waiting for readers of endless responses who do not read."""
        async with accompanied_by(self._hang_up):
            await super().shutdown(sockets=sockets)

    async def _hang_up(self) -> None:
        """Drop endless responses whose end has not arrived after a while."""
        await anyio.sleep(HANG_UP_SECONDS)
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, H11Protocol) and is_endless(connection):
                connection.transport.abort()


def is_endless(connection: H11Protocol) -> bool:
    """Tell whether the connection's latest response has no end of its own."""
    # uvicorn says that there always is one, but before the first request there is none.
    cycle = cast("RequestResponseCycle | None", connection.cycle)
    return cycle is not None and ENDLESS in cycle.scope.get("state", {})


@contextmanager
def listening(config: ServerConfig) -> Generator[socket.socket]:
    """Open the socket to listen on; port 0 takes any that is free.

    Raises:
        AddressInUseError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Without the protocol spelled out asyncio leaves Nagle's algorithm on, and every
    # answer on a kept connection waits 40 ms for the client's acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((config.host, config.port))
        except OSError as error:
            raise AddressInUseError(
                f"cannot listen on {config.host} port {config.port}: {error.strerror};"
                " choose another with --host and --port."
            ) from error
        sock.listen(BACKLOG)
        sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        yield sock


def url_of(sock: socket.socket, *, scheme: str = "http") -> str:
    """Return an address under which this machine reaches the socket."""
    host, port = str(sock.getsockname()[0]), int(sock.getsockname()[1])
    every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a look-up
    reachable = every.get(host, host)
    return (
        f"{scheme}://[{reachable}]:{port}" if ":" in reachable else f"{scheme}://{reachable}:{port}"
    )
