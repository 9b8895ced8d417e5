"""Clients that stand still, over real sockets and with limits that are over in a moment."""

import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import structlog
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from msgspec.structs import replace

from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.http_server import HttpServer, listening
from renderio_box.settings import ServerConfig
from renderio_box.tls import Certificate, pinned
from tests.certificates import make_pair, needs_openssl

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

    def __init__(self, server: HttpServer, number: int, trusted: ssl.SSLContext | None) -> None:
        self.server = server
        self.number = number
        self.trusted = trusted

    async def connect(self, *, from_address: str = "127.0.0.1") -> ByteStream:
        if self.trusted is None:
            return await self.connect_plainly(from_address=from_address)
        return await anyio.connect_tcp(
            "127.0.0.1",
            self.number,
            local_host=from_address,
            ssl_context=self.trusted,
            tls_standard_compatible=False,
        )

    async def connect_plainly(self, *, from_address: str = "127.0.0.1") -> SocketStream:
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


async def dripping(stream: ByteStream, pieces: tuple[bytes, ...], drip: bytes) -> None:
    try:
        for piece in pieces:
            await stream.send(piece)
        while drip:
            await anyio.sleep(HASTY_S)
            await stream.send(drip)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


async def answer_from(stream: ByteStream) -> bytes:
    """Return everything until the server hangs up."""
    answer = bytearray()
    with anyio.fail_after(WITHIN_S):
        try:
            while True:
                answer += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return bytes(answer)


@asynccontextmanager
async def serving(
    config: ServerConfig, certificate: Certificate | None = None
) -> AsyncGenerator[Port]:
    with listening(config) as sock:
        server = HttpServer(app, config, certificate)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [sock])
            await server.up.wait()
            trusted = None if certificate is None else pinned(certificate.pem)
            yield Port(server, sock.getsockname()[1], trusted)
            server.should_exit = True


@pytest.fixture(scope="module", params=["http", pytest.param("https", marks=needs_openssl)])
def certificate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Certificate | None:
    """Everything below holds over plain connections and over encrypted ones."""
    if request.param == "http":
        return None
    return Certificate(make_pair(tmp_path_factory.mktemp("tls")), SystemClock())


@pytest.fixture(scope="module")
async def port(certificate: Certificate | None) -> AsyncGenerator[Port]:
    async with serving(QUICK, certificate) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (b"", b""),
        (b"\x16\x03\x01\x02\x00\x01", b""),
        (b"\x16\x03\x01\x02\x00\x01", b"\x00"),
        (GET, b""),
        (b"SSH-2.0-OpenSSH_9.2\r\n", b""),
    ],
    ids=["silent", "broken off", "dripped", "plain HTTP", "another protocol"],
)
@needs_openssl
async def test_a_handshake_that_does_not_come_is_not_awaited(
    tmp_path: Path, sent: bytes, drip: bytes
) -> None:
    certificate = Certificate(make_pair(tmp_path), SystemClock())
    async with serving(QUICK, certificate) as port:
        stream = await port.connect_plainly()
        async with stream, accompanied_by(dripping, stream, (sent,) if sent else (), drip):
            answer = await answer_from(stream)

    assert b"HTTP/" not in answer
    assert not port.server.server_state.connections


@needs_openssl
async def test_who_does_not_shake_hands_has_a_place_like_anybody_else(tmp_path: Path) -> None:
    config = replace(QUICK, header_seconds=30.0, connections_per_address=2)
    certificate = Certificate(make_pair(tmp_path), SystemClock())

    async with serving(config, certificate) as port, AsyncExitStack() as crowd:
        for _ in range(2):
            await crowd.enter_async_context(await port.connect_plainly(from_address="127.0.0.2"))
        async with await port.connect_plainly(from_address="127.0.0.2") as refused:
            cut = await answer_from(refused)
        async with await port.connect() as honest:
            await honest.send(LAST)
            answer = await answer_from(honest)

    assert (cut, answer[:12]) == (b"", b"HTTP/1.1 200")


@needs_openssl
async def test_a_running_connection_goes_on_when_the_certificate_changes(tmp_path: Path) -> None:
    pair = make_pair(tmp_path)
    certificate = Certificate(pair, SystemClock())
    config = replace(QUICK, header_seconds=30.0)
    async with serving(config, certificate) as port, await port.connect() as running:
        make_pair(tmp_path, "renewed.example.org")
        await certificate.renew()
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            await port.connect()
        port.trusted = pinned(certificate.pem)
        async with await port.connect() as later:
            await later.send(LAST)
            new = await answer_from(later)
        await running.send(LAST)
        old = await answer_from(running)

    assert (old[:12], new[:12]) == (b"HTTP/1.1 200", b"HTTP/1.1 200")


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


async def test_a_slow_upload_that_goes_on_arrives(certificate: Certificate | None) -> None:
    config = replace(QUICK, stall_seconds=10.0)
    pieces = [bytes(500)] * 5
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2500\r\n\r\n"

    async with serving(config, certificate) as port, await port.connect() as stream:
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


@needs_openssl
async def test_a_client_that_does_not_say_goodbye_is_not_waited_for(tmp_path: Path) -> None:
    """It says nothing more, but goes on listening: TLS would have it answer."""
    certificate = Certificate(make_pair(tmp_path), SystemClock())
    trusted = pinned(certificate.pem)
    async with serving(QUICK, certificate) as port, await port.connect_plainly() as stream:
        read, written = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusted.wrap_bio(read, written)
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                await stream.send(written.read())
                read.write(await stream.receive())
        client.write(LAST)
        await stream.send(written.read())
        await port.emptied()


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
async def test_an_answer_that_is_not_taken_is_dropped(port: Port, more: bytes) -> None:
    async with await port.connect() as stream:
        await stream.send(b"GET /large HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n")
        await port.emptied()


async def test_a_slow_download_that_goes_on_is_served_whole(
    certificate: Certificate | None,
) -> None:
    config = replace(QUICK, stall_seconds=1.0)
    received = 0

    async with serving(config, certificate) as port, await port.connect() as stream:
        raw: socket.socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        await stream.send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for _ in range(12):
            await anyio.sleep(HASTY_S)
            received += len(await stream.receive(LARGE))
        received += len(await answer_from(stream))

    assert received > LARGE


async def test_silent_clients_keep_nobody_else_out(certificate: Certificate | None) -> None:
    config = replace(QUICK, header_seconds=30.0, connections_per_address=64, max_connections=128)

    async with serving(config, certificate) as port, AsyncExitStack() as crowd:
        for _ in range(200):
            await crowd.enter_async_context(await port.connect_plainly(from_address="127.0.0.2"))
        async with await port.connect() as honest:
            await honest.send(LAST)
            answer = await answer_from(honest)
        held = port.server.lobby.count

    assert answer.startswith(b"HTTP/1.1 200")
    assert 64 <= held <= 64 + 1  # TLS may still be saying goodbye to the honest one


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
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
        b"Content-Length : 5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: " + b"9" * 30,
        b"X-A: a\rb",
        b"\r\n".join(b"X-%d: a" % number for number in range(101)),
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


@pytest.mark.parametrize(
    "smuggling",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n",
    ],
)
async def test_a_request_within_a_request_is_not_answered(port: Port, smuggling: bytes) -> None:
    async with await port.connect() as stream:
        await stream.send(smuggling + b"\r\n\r\n" + LAST)
        answer = await answer_from(stream)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400")


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
