"""TLS under a connection, bounded from its first byte.

The event loop's own listener would tell us of a connection only after its handshake, so that
any number of clients could stand in front of the door without having a place.
"""

import asyncio
from asyncio.sslproto import SSLProtocol
from typing import Any, Final, Protocol, cast

from renderio_box.lobby import Lobby
from renderio_box.settings import ServerConfig
from renderio_box.tls import Certificate

PIECE_BYTES: Final = 32 * 1024
"""How much is decrypted at a time; each connection has a buffer of that size."""

LONGEST_CLOSE_SECONDS: Final = 86_400


class Carried(Protocol):
    """A connection that can be told what carries its bytes, as it only sees the plain ones."""

    wire: asyncio.Transport | None


class Encrypted(SSLProtocol):
    """One encrypted connection: has a place in the lobby from its first byte to its last."""

    max_size = PIECE_BYTES

    def __init__(
        self,
        inner: Any,  # noqa: ANN401 - a protocol of asyncio's and Carried, which Python cannot say
        certificate: Certificate,
        bounds: ServerConfig,
        lobby: Lobby,
    ) -> None:
        super().__init__(
            asyncio.get_running_loop(),
            inner,
            certificate.context,
            cast("Any", None),  # nobody waits for the handshake
            server_side=True,
            ssl_handshake_timeout=cast("int", bounds.header_seconds),
            # Whether the rest of an answer is still being taken is seen inside.
            ssl_shutdown_timeout=LONGEST_CLOSE_SECONDS,
        )
        self._inner: Carried = inner
        self._lobby = lobby
        self._address = ""
        self._has_place = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place and begin the handshake; or close at once."""
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._has_place = self._lobby.enter(self._address)
        if self._has_place:
            self._inner.wire = cast("asyncio.Transport", transport)
            super().connection_made(transport)
        else:
            cast("asyncio.Transport", transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        if self._has_place:
            self._lobby.leave(self._address)
        super().connection_lost(exc)
