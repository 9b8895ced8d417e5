"""Clients that stand still, over real sockets and with limits that are over in a moment."""

import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import anyio
import pytest
import structlog
from anyio.abc import SocketAttribute, SocketStream
from msgspec.structs import replace

from renderio_box.companions import accompanied_by
from renderio_box.http_server import HttpServer, listening
from renderio_box.settings import ServerConfig

QUICK: Final = ServerConfig(port=0, header_seconds=0.2, stall_seconds=0.4)
HASTY_S: Final = 0.1
"""How often a dripping client sends a byte: sooner than any limit is over."""
WITHIN_S: Final = 30.0
LARGE: Final = 16 * 1024 * 1024
GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST: Final = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    """Read the body unless told not to, then answer with as much as the path says."""
    body, more = 0, scope["path"] != "/refused"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + len(message["body"]), message["more_body"]
    length = LARGE if scope["path"] == "/large" else 2
    headers = [(b"content-length", str(length).encode()), (b"x-body", str(body).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(length)})


class Port:
    """A server that listens, and what a test wants of it."""

    def __init__(self, server: HttpServer, number: int) -> None:
        self.server = server
        self.number = number

    async def connect(self, *, from_address: str = "127.0.0.1") -> SocketStream:
        return await anyio.connect_tcp("127.0.0.1", self.number, local_host=from_address)

    async def emptied(self) -> None:
        """Wait, in a bounded time, until nobody is connected."""
        with anyio.fail_after(WITHIN_S):
            while self.server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event
                await anyio.sleep(0.01)

    async def is_cut(self, *pieces: bytes, drip: bytes = b"") -> bool:
        """Send, then go on with ``drip`` for ever; tell whether the server hangs up unanswered."""
        stream = await self.connect()
        async with stream, accompanied_by(dripping, stream, pieces, drip):
            return await answer_from(stream) == b""


async def dripping(stream: SocketStream, pieces: tuple[bytes, ...], drip: bytes) -> None:
    try:
        for piece in pieces:
            await stream.send(piece)
        while drip:
            await anyio.sleep(HASTY_S)
            await stream.send(drip)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


async def answer_from(stream: SocketStream) -> bytes:
    """Return everything until the server hangs up."""
    answer = bytearray()
    with anyio.fail_after(WITHIN_S):
        try:
            while True:
                answer += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return bytes(answer)


@asynccontextmanager
async def serving(config: ServerConfig) -> AsyncGenerator[Port]:
    with listening(config) as sock:
        server = HttpServer(app, config)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [sock])
            await server.up.wait()
            yield Port(server, sock.getsockname()[1])
            server.should_exit = True


@pytest.fixture(scope="module")
async def port() -> AsyncGenerator[Port]:
    async with serving(QUICK) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        ([], b""),
        ([], b"G"),
        ([b"GET / HTTP/1.1\r\nHo"], b""),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n"], b"x"),
        ([GET, b"GET"], b""),
        ([GET, b"GET "], b"/"),
    ],
    ids=["silent", "dripped", "broken off", "dripped header", "second", "dripped second"],
)
async def test_a_header_that_does_not_come_is_not_awaited(
    port: Port, sent: list[bytes], drip: bytes
) -> None:
    stream = await port.connect()

    async with stream, accompanied_by(dripping, stream, tuple(sent), drip):
        answer = await answer_from(stream)

    assert answer.count(b"HTTP/1.1") == sent.count(GET)


POST: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED: Final = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (POST, b""),
        (POST, b"x"),
        (POST + bytes(5000), b"x"),
        (CHUNKED, b""),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED + b"1", b"0"),
    ],
    ids=["silent", "dripped", "late", "no chunk", "dripped chunks", "dripped length"],
)
async def test_a_body_that_does_not_come_is_not_awaited(
    port: Port, sent: bytes, drip: bytes
) -> None:
    assert await port.is_cut(sent, drip=drip)


async def test_a_slow_upload_that_goes_on_arrives() -> None:
    config = replace(QUICK, stall_seconds=10.0)
    pieces = [bytes(500)] * 5
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2500\r\n\r\n"

    async with serving(config) as port, await port.connect() as stream:
        await stream.send(head)
        for piece in pieces:
            await anyio.sleep(HASTY_S)
            await stream.send(piece)
        answer = await answer_from(stream)

    assert b"x-body: 2500" in answer


async def test_a_body_that_goes_on_after_its_answer_is_not_read_for_ever(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderio_box.connections.LINGER_SECONDS", 0.3)
    head = CHUNKED.replace(b"POST /", b"POST /refused")
    stream = await port.connect()

    async with (
        stream,
        accompanied_by(dripping, stream, (head,), b"400\r\n" + bytes(1024) + b"\r\n"),
    ):
        answer = await answer_from(stream)

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
async def test_an_answer_that_is_not_taken_is_dropped(port: Port, more: bytes) -> None:
    async with await port.connect() as stream:
        await stream.send(b"GET /large HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n")
        await port.emptied()


async def test_a_slow_download_that_goes_on_is_served_whole() -> None:
    config = replace(QUICK, stall_seconds=1.0)
    received = 0

    async with serving(config) as port, await port.connect() as stream:
        raw: socket.socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        await stream.send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for _ in range(12):
            await anyio.sleep(HASTY_S)
            received += len(await stream.receive(LARGE))
        received += len(await answer_from(stream))

    assert received > LARGE


async def test_silent_clients_keep_nobody_else_out() -> None:
    config = replace(QUICK, header_seconds=30.0, connections_per_address=64, max_connections=128)

    async with serving(config) as port, AsyncExitStack() as crowd:
        for _ in range(200):
            await crowd.enter_async_context(await port.connect(from_address="127.0.0.2"))
        async with await port.connect() as honest:
            await honest.send(LAST)
            answer = await answer_from(honest)
        held = len(port.server.server_state.connections)

    assert (answer[:12], held) == (b"HTTP/1.1 200", 64)


async def test_there_is_a_limit_for_all_and_a_few_lines_say_which() -> None:
    with structlog.testing.capture_logs() as lines:
        async with (
            serving(replace(QUICK, header_seconds=30.0, max_connections=3)) as port,
            AsyncExitStack() as crowd,
        ):
            streams = [
                await crowd.enter_async_context(await port.connect(from_address=f"127.0.0.{n}"))
                for n in range(2, 52)
            ]
            refused = [await answer_from(stream) for stream in streams[3:]]
            held = len(port.server.server_state.connections)

    said = [line for line in lines if line["event"] == "connection_refused"]
    assert (len(refused), held, len(said)) == (47, 3, 10)
    assert said[0]["reason"] == "server.max_connections"


async def test_a_place_is_free_again_when_its_connection_ends() -> None:
    async with serving(replace(QUICK, connections_per_address=1)) as port:
        answers: list[bytes] = []
        for _ in range(5):
            async with await port.connect() as stream:
                await stream.send(LAST)
                answers.append(await answer_from(stream))
            await port.emptied()

    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 200"}


async def test_a_trusted_proxy_may_hold_more_than_its_share() -> None:
    config = replace(
        QUICK, header_seconds=30.0, connections_per_address=1, trusted_proxies=("127.0.0.0/8",)
    )

    async with serving(config) as port, AsyncExitStack() as crowd:
        for _ in range(5):
            await crowd.enter_async_context(await port.connect())
        async with await port.connect() as honest:
            await honest.send(LAST)
            answer = await answer_from(honest)

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "header",
    [
        b"X-A: " + b"a" * 40_000,
        b"\r\n".join(b"X-%d: a" % number for number in range(5000)),
        b"no colon",
        b"Content-Length: -1",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Host: b",
        b"X-A: a\0b",
    ],
)
async def test_a_header_that_is_too_much_or_none_is_refused(port: Port, header: bytes) -> None:
    async with await port.connect() as stream:
        await stream.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + header + b"\r\n\r\n"
        )
        answer = await answer_from(stream)

    assert answer.startswith(b"HTTP/1.1 400") or answer == b""
    assert b"Traceback" not in answer


async def test_an_overlong_address_is_refused(port: Port) -> None:
    async with await port.connect() as stream:
        await stream.send(b"GET /?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await answer_from(stream)

    assert answer[:12] in {b"HTTP/1.1 400", b""}


async def test_nothing_is_said_of_the_server(port: Port) -> None:
    async with await port.connect() as stream:
        await stream.send(LAST)
        answer = await answer_from(stream)

    assert b"server:" not in answer.lower()
