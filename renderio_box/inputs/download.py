"""Fetching input files over HTTP, with a bound on everything the other side controls."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import httpx
import msgspec

from renderio_box.inputs.connector import CONNECT_SECONDS, RefusedAddressError
from renderio_box.inputs.outbound import OutboundTransport, outbound_client
from renderio_box.metrics import Metrics

PIECE_BYTES: Final = 256 * 1024
OK: Final = 200
USER_AGENT: Final = "renderio-box"


class DownloadBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far a download may go: bytes, seconds in all, seconds without a byte, redirects."""

    max_bytes: int
    total_seconds: float
    stall_seconds: float
    max_redirects: int


class UnreachableError(Exception):
    """The file could not be fetched; the text says why, without address or credentials."""


class RefusedError(Exception):
    """The URL leads to where the box may not go; the text says by which rule."""


class TooLargeError(Exception):
    """The file is larger than allowed; the text says by which limit."""


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose body is still to be read, once.

    ``file_name`` and ``mime_type`` are what the other side says of it, empty if nothing.
    """

    file_name: str
    mime_type: str
    pieces: AsyncIterator[bytes]


class Downloader:
    """Fetches URLs for jobs; safe to use for many at once."""

    def __init__(
        self,
        bounds: DownloadBounds,
        transport: OutboundTransport,
        metrics: Metrics | None = None,
    ) -> None:
        self._bounds = bounds
        self._metrics = metrics or Metrics()
        self._client = outbound_client(
            transport,
            timeout=httpx.Timeout(bounds.stall_seconds, connect=CONNECT_SECONDS),
            headers={"User-Agent": USER_AGENT, "Accept": "*/*"},
        )

    async def close(self) -> None:
        """Give all connections back."""
        await self._client.aclose()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncGenerator[Download]:
        """Request ``url`` and hand out its body; the time bound covers the whole block.

        Raises:
            UnreachableError: No usable answer came, or it broke off.
            RefusedError: It is, or is redirected to, where the box may not go.
            TooLargeError: The body is, or becomes, larger than allowed.
        """
        try:
            with anyio.fail_after(self._bounds.total_seconds):
                async with self._answer(url) as response:
                    check_answer(response, self._bounds)
                    yield Download(
                        file_name=response.url.path.rpartition("/")[2],
                        mime_type=response.headers.get("content-type", ""),
                        pieces=self._counted(response),
                    )
        except TimeoutError as error:
            raise UnreachableError(
                f"it was not complete after {self._bounds.total_seconds:g} seconds"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(explained(error)) from error

    async def _counted(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Yield the raw body in pieces, and stop it at the limit whatever was announced."""
        received = 0
        async for piece in response.aiter_raw(PIECE_BYTES):
            received += len(piece)
            self._metrics.downloaded(len(piece))
            if received > self._bounds.max_bytes:
                raise too_large(self._bounds)
            yield piece

    @asynccontextmanager
    async def _answer(self, url: str) -> AsyncGenerator[httpx.Response]:
        """Request ``url``, follow its redirects one by one, and hand out what is at the end."""
        target = httpx.URL(url)
        for redirects in range(self._bounds.max_redirects + 1):
            response = await self._ask(target, is_redirected=redirects > 0)
            try:
                if not response.has_redirect_location:
                    yield response
                    return
                target = redirected(response)
            finally:
                await response.aclose()
        raise UnreachableError("it is redirected too often")

    async def _ask(self, target: httpx.URL, *, is_redirected: bool) -> httpx.Response:
        # Nothing but the URL differs between requests: there is nothing to carry to another
        # host. User info in a URL becomes a header of that one request.
        request = self._client.build_request("GET", target)
        try:
            return await self._client.send(request, stream=True)
        except RefusedAddressError as error:
            who = "it is redirected to a host that has" if is_redirected else "its host has"
            raise RefusedError(f"{who} {error}") from error


def redirected(response: httpx.Response) -> httpx.URL:
    """Return where an answer redirects to, with the user info of the URL only at its origin.

    Raises:
        UnreachableError: To nothing that is fetched.
        httpx.InvalidURL: To something that is no URL.
    """
    before = response.url
    target = before.join(response.headers["location"])
    if target.scheme not in {"http", "https"} or not target.host:
        raise UnreachableError("it is redirected to what is no http or https URL")
    if not target.userinfo and origin_of(target) == origin_of(before):
        return target.copy_with(userinfo=before.userinfo)
    return target


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port, the usual port being None."""
    return url.scheme, url.host, url.port


def check_answer(response: httpx.Response, bounds: DownloadBounds) -> None:
    """Refuse an answer that is no file, is encoded, or announces too many bytes."""
    if response.status_code != OK:
        raise UnreachableError(f"the server answered {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnreachableError("the server sent a compressed body although none was asked for")
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > bounds.max_bytes:
        raise too_large(bounds)


def too_large(bounds: DownloadBounds) -> TooLargeError:
    """Return the error that names the limit."""
    return TooLargeError(f"it is larger than {bounds.max_bytes // (1024 * 1024)} MiB")


def explained(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """Return why a request failed, in words that hold nothing secret."""
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return "the URL is not valid"
        case httpx.TimeoutException():
            return "the server did not answer in time"
        case httpx.ConnectError():
            return "no connection to the server could be made"
        case httpx.RemoteProtocolError():
            return "the server broke off before the file was complete"
        case _:
            return "the connection failed"
