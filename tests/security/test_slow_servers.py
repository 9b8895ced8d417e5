"""Servers of inputs, and of names, that keep the box waiting or play with its requests."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from renderio_box.companions import accompanied_by
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.download import DownloadBounds, Downloader, UnreachableError
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.networks import opened_by
from tests.fakes import answer, receiving

DRIP_EVERY_S: Final = 0.05
BOUNDS: Final = DownloadBounds(
    max_bytes=10**6, total_seconds=0.5, stall_seconds=0.3, max_redirects=3
)
AT_MOST_S: Final = 5.0
LOOPBACK: Final = NetworkPolicy(opened_by(["127.0.0.0/8"]))


async def fetched(url: str, transport: OutboundTransport | None = None) -> bytes:
    downloader = Downloader(BOUNDS, transport or OutboundTransport(LOOPBACK))
    try:
        async with downloader.open(url) as download:
            return b"".join([piece async for piece in download.pieces])
    finally:
        await downloader.close()


def dripping(beginning: bytes, drop: bytes) -> Callable[[SocketStream], object]:
    """Return what sends a drop now and then for ever, never so late that it seems silent."""

    async def serve(stream: SocketStream) -> None:
        async with stream:
            try:
                await stream.receive()
                await stream.send(beginning)
                while True:
                    await stream.send(drop)
                    await anyio.sleep(DRIP_EVERY_S)
            except (anyio.BrokenResourceError, anyio.EndOfStream):
                return

    return serve


async def hanging(host: str, port: int) -> tuple[str, ...]:
    """Look up a name for ever."""
    del host, port
    await anyio.sleep_forever()
    return ()


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n"),
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "status", "body", "chunks", "interim answers"],
)
async def test_a_server_that_drips_is_given_up_in_time(beginning: bytes, drop: bytes) -> None:
    began = time.monotonic()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        async with accompanied_by(listener.serve, dripping(beginning, drop)):
            with pytest.raises(UnreachableError):
                await fetched(f"http://127.0.0.1:{port}/clip.mp4")

    assert time.monotonic() - began < AT_MOST_S


async def test_a_name_that_is_never_found_is_given_up_in_time() -> None:
    began = time.monotonic()

    with pytest.raises(UnreachableError):
        await fetched("http://slow.test/clip.mp4", OutboundTransport(LOOPBACK, look_up=hanging))

    assert time.monotonic() - began < AT_MOST_S


def lines_of(requests: Iterable[bytes]) -> list[bytes]:
    return [line.lower() for request in requests for line in request.split(b"\r\n")]


@pytest.mark.parametrize("path", ["/a%0d%0aX-Evil:%20y", "/a\r\nX-Evil: y", "/a?b=\nX-Evil: y"])
async def test_no_address_adds_a_header(path: str) -> None:
    async with receiving() as receiver:
        receiver.answers[path] = answer(b"content")
        with suppress(UnreachableError):
            await fetched(f"{receiver.url}{path}")

        assert not any(line.startswith(b"x-evil") for line in lines_of(receiver.requests))
