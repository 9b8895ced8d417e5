"""Reading event streams, block by block."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream
from litestar import Litestar

BLOCK_END: Final = b"\r\n\r\n"
WITHIN_S: Final = 30.0


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of a stream; None where it has no such field."""

    id: int | None = None
    event: str | None = None
    data: dict[str, Any] | None = None
    comment: str | None = None
    retry: int | None = None

    @property
    def status(self) -> str | None:
        return None if self.event != "status" or self.data is None else self.data["status"]


def blocks_of(content: bytes) -> list[Block]:
    """Read a whole stream."""
    return [block_of(raw) for raw in content.split(BLOCK_END) if raw]


def block_of(raw: bytes) -> Block:
    """Read one block; every field must be one that we know."""
    fields = [line.partition(": ")[::2] for line in raw.decode().split("\r\n")]
    named = {name or "comment": value for name, value in fields}
    typed: dict[str, Any] = {"data": json.loads(named.pop("data"))} if "data" in named else {}
    return msgspec.convert(named | typed, Block, strict=False)


class Listener:
    """A reader that takes what it is sent only when a test asks for it."""

    def __init__(self, messages: MemoryObjectReceiveStream[Any]) -> None:
        self._messages = messages
        self._buffer = b""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        """Take the beginning of the answer."""
        with anyio.fail_after(WITHIN_S):
            message = await self._messages.receive()
        self.status = message["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}

    async def block(self) -> Block:
        """Take the next block; EndOfStream when the stream has ended."""
        while BLOCK_END not in self._buffer:
            with anyio.fail_after(WITHIN_S):
                message = await self._messages.receive()
            self._buffer += message["body"]
            if not message["more_body"]:
                raise anyio.EndOfStream
        raw, _, self._buffer = self._buffer.partition(BLOCK_END)
        return block_of(raw)

    async def until(self, status: str) -> list[Block]:
        """Take all blocks up to the one with that status."""
        blocks = [await self.block()]
        while blocks[-1].status != status:
            blocks.append(await self.block())
        return blocks

    async def rest(self) -> list[Block]:
        """Take all blocks up to the end of the stream."""
        blocks: list[Block] = []
        try:
            while True:
                blocks.append(await self.block())
        except anyio.EndOfStream:
            return blocks


@asynccontextmanager
async def listening(
    app: Litestar, path: str, key: str, *, last_event_id: int | None = None
) -> AsyncGenerator[Listener]:
    """Open a stream of the application as a server does that never buffers.

    On leaving the block the reader hangs up.
    """
    sends, messages = anyio.create_memory_object_stream[Any](0)
    hung_up = anyio.Event()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401 - as ASGI has it
        with suppress(anyio.BrokenResourceError):
            await sends.send(message)
        if not message.get("more_body", True):
            hung_up.set()

    async def serve() -> None:
        async with sends:
            await app(scope_of(path, key, last_event_id), receive, send)

    async with anyio.create_task_group() as serving, messages:
        serving.start_soon(serve)
        listener = Listener(messages)
        await listener.begin()
        yield listener
        hung_up.set()


def scope_of(path: str, key: str, last_event_id: int | None) -> Any:  # noqa: ANN401 - as ASGI has it
    """Return what a server says of a request."""
    headers = [(b"host", b"box.test"), (b"x-api-key", key.encode())]
    if last_event_id is not None:
        headers.append((b"last-event-id", str(last_event_id).encode()))
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("box.test", 80),
        "extensions": {},
    }
