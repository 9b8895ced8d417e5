"""Connections to others, each to an address that was just checked.

A name is looked up once for each connection and the connection goes to what came back, so
nobody can answer one thing to the check and another to the connection. URL, Host, SNI and
certificates stay those of the name.
"""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from socket import SOCK_STREAM
from typing import Final, cast

import anyio
import httpcore
import structlog

from renderio_box.inputs.addresses import Decision, NetworkPolicy

log = structlog.get_logger()

CONNECT_SECONDS: Final = 10.0
LOOK_UP_SECONDS: Final = 10.0
ADDRESSES_JUDGED: Final = 32
"""A resolver of somebody else's may name thousands, and judging takes time."""
ADDRESSES_TRIED: Final = 3
MAX_HEAD_BYTES: Final = 128 * 1024
"""What may come before the body of an answer: h11 bounds one head, not how many 1xx precede."""
HEAD_PIECE_BYTES: Final = 16 * 1024

LookUp = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Returns every address of a host for connections to a port; OSError when there is none."""


class RefusedAddressError(Exception):
    """A host has no address that may be contacted; nothing was sent to any.

    The text says what it has instead, for callers: never which address, nor whether
    anybody is there.
    """

    def __init__(self, decision: Decision) -> None:
        article = "an" if decision.kind[0] in "aeiouI" else "a"
        remedy = (
            f"; the operator can allow it with {decision.setting}"
            if decision.setting
            else ", which the box never contacts"
        )
        super().__init__(f"{article} {decision.kind} address{remedy}")


async def looked_up(host: str, port: int) -> tuple[str, ...]:
    """Return every address of a host, in the order in which this machine would use them."""
    found = await anyio.getaddrinfo(host, port, type=SOCK_STREAM)
    return tuple(dict.fromkeys(address[0] for *_, address in found))


def plain_network() -> httpcore.AsyncNetworkBackend:
    """Return what connects in anyio's way."""
    # To a type checker it may be a stand-in without a base, for places without anyio.
    return cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())


class CheckingBackend(httpcore.AsyncNetworkBackend):
    """Connects to hosts by the addresses that it looked up and found allowed.

    What connects, ``network``, is given addresses and never names.
    """

    def __init__(
        self, policy: NetworkPolicy, look_up: LookUp, network: httpcore.AsyncNetworkBackend
    ) -> None:
        self._policy = policy
        self._look_up = look_up
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of a few addresses that answers; they share the time."""
        addresses = await self._allowed(host, port)
        share = (timeout or CONNECT_SECONDS) / len(addresses)
        failure: Exception = httpcore.ConnectError()
        for address in addresses:
            try:
                stream = await self._network.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return GuardedStream(stream)
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries of a connection."""
        await self._network.sleep(seconds)

    async def _allowed(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be tried."""
        try:
            with anyio.fail_after(LOOK_UP_SECONDS):
                found = await self._look_up(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError from error
        decisions = [self._policy.judge(address, host=host) for address in found[:ADDRESSES_JUDGED]]
        refused = [each for each in decisions if not each.is_allowed]
        if refused and len(refused) == len(decisions):
            # One that the operator can allow is told of before one that nobody can.
            told = next((each for each in refused if each.setting), refused[0])
            log.info("address_refused", host=host, rule=told.rule, setting=told.setting)
            raise RefusedAddressError(told)
        return tried([each.address for each in decisions if each.is_allowed])


def tried(addresses: list[str]) -> list[str]:
    """Return the few addresses to try: the first, one of the other family, then the next."""
    if not addresses:
        raise httpcore.ConnectError
    first = addresses[0]
    other = next((each for each in addresses if (":" in each) != (":" in first)), first)
    return list(dict.fromkeys((first, other, *addresses)))[:ADDRESSES_TRIED]


class GuardedStream(httpcore.AsyncNetworkStream):
    """A connection whose other side may say only so much before its answer has begun."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._head_bytes: int | None = 0

    def head_is_over(self) -> None:
        """Let the body come, which others bound, until the next request is written."""
        self._head_bytes = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """Read what there is, while the head is awaited in pieces that are quickly parsed."""
        if self._head_bytes is None:
            return await self._stream.read(max_bytes, timeout)
        piece = await self._stream.read(min(max_bytes, HEAD_PIECE_BYTES), timeout)
        self._head_bytes += len(piece)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise httpcore.RemoteProtocolError("The head of the answer is too long.")
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        """Send a part of a request, to which an answer is awaited."""
        self._head_bytes = 0
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> httpcore.AsyncNetworkStream:
        """Go on encrypted; the certificate must be that of the name."""
        return GuardedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)
