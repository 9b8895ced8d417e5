"""The only way out: HTTP to others, over connections that were checked."""

from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, cast

import httpcore
import httpx

from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.connector import (
    CheckingBackend,
    GuardedStream,
    LookUp,
    looked_up,
    plain_network,
)

CONNECTIONS: Final = 100
KEPT: Final = 20
KEPT_SECONDS: Final = 5.0

MEANT: Final[Mapping[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


class OutboundTransport(httpx.AsyncBaseTransport):
    """Carries requests to others and nowhere else than the policy allows.

    No proxies and no unix sockets. A kept connection was checked when it was made, and only
    requests to the same origin are sent over it.
    """

    def __init__(
        self,
        policy: NetworkPolicy,
        *,
        look_up: LookUp = looked_up,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=CheckingBackend(policy, look_up, network or plain_network()),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer once its head is complete.

        Raises:
            RefusedAddressError: The policy refuses every address of the host.
            httpx.TransportError: There is no answer.
        """
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with in_httpx_words():
            answer = await self._pool.handle_async_request(sent)
        extensions = cast("dict[str, object]", answer.extensions)  # pyright: ignore[reportUnknownMemberType] - httpcore leaves it open
        stream = extensions.get("network_stream")
        if isinstance(stream, GuardedStream):
            stream.head_is_over()
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=Body(answer),
            extensions=extensions,
        )

    async def aclose(self) -> None:
        """Give all connections back."""
        await self._pool.aclose()


class Body(httpx.AsyncByteStream):
    """The body of an answer, as it arrives."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with in_httpx_words():
            async for piece in self._answer.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        """Give the connection back, or close it where something is still to come."""
        with in_httpx_words():
            await self._answer.aclose()


@contextmanager
def in_httpx_words() -> Generator[None]:
    """Raise httpx's errors for httpcore's, as httpx's own transport does."""
    try:
        yield
    except tuple(MEANT) as error:
        raise MEANT[type(error)](str(error)) from error


def outbound_client(
    transport: OutboundTransport, *, timeout: httpx.Timeout | None, headers: Mapping[str, str]
) -> httpx.AsyncClient:
    """Return a client that is shared by all jobs: what one learns is not told to the next.

    It takes no cookies, reads no environment, asks for no compression and follows no redirect.
    """
    return httpx.AsyncClient(
        transport=transport,
        timeout=timeout,
        headers={**headers, "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    )
