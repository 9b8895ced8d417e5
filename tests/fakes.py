"""Stand-ins for what is slow or outside: the clock, FFmpeg, ffprobe, and servers of others."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import anyio.lowlevel
import msgspec
from anyio import to_thread
from anyio.abc import SocketAttribute, SocketStream

from renderio_box.companions import accompanied_by
from renderio_box.database.connection import Database, DatabaseFailedError, Transaction
from renderio_box.ffmpeg.executor import Effort, Ended, Execution, Guard, Stop, unguarded
from renderio_box.ffmpeg.probe import Described, UnreadableError
from renderio_box.ffmpeg.progress import Report
from renderio_box.inputs.archive import unpack
from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import FileType, MediaInfo
from renderio_box.jobs.options import Role, items
from renderio_box.jobs.verification import Played
from renderio_box.wakeup import Wakeup

ASKED_WITHIN_S: Final = 30.0
START: Final = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved; ``jump`` corrects the time of day and nothing else."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._moved = timedelta()
        self._corrected = timedelta()

    def now(self) -> datetime:
        return self._start + self._moved + self._corrected

    def monotonic(self) -> float:
        return self._moved.total_seconds()

    def advance(self, seconds: float) -> None:
        self._moved += timedelta(seconds=seconds)

    def jump(self, by: timedelta) -> None:
        self._corrected += by


class Script(msgspec.Struct, kw_only=True):
    """How the next runs of a ScriptedExecutor go.

    ``writes`` are the files they leave behind, by path, ``links`` what is a link;
    ``havoc`` is what they do to their directory in the end. ``hangs`` makes them run until
    they are cancelled, or stopped, or their time is over.
    """

    exit_status: int = 0
    timed_out: bool = False
    hangs: bool = False
    log: str = "frame=1\n"
    run_seconds: float = 1.5
    reports: tuple[Report, ...] = ()
    writes: dict[str, bytes] = {}
    leaves_out: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    havoc: Callable[[Path], object] | None = None
    error: Exception | None = None


class ScriptedExecutor:
    """An executor that runs nothing and remembers what it was asked to run.

    Unless its script names files, it writes every output on the command line.
    """

    def __init__(self) -> None:
        self.script = Script()
        self.executions: list[Execution] = []
        self.inputs: list[dict[str, bytes]] = []
        self.input_links: list[dict[str, int]] = []
        self.found: list[dict[str, bytes]] = []
        self.started = anyio.Event()
        self.running = 0

    async def run(
        self, execution: Execution, report: Callable[[Report], None], guard: Guard = unguarded
    ) -> Ended:
        script = self.script
        self.executions.append(execution)
        inputs = execution.directory.parent / "in"
        self.inputs.append(await to_thread.run_sync(contents, inputs))
        self.input_links.append(await to_thread.run_sync(links, inputs))
        self.found.append(await to_thread.run_sync(contents, execution.directory))
        if script.error is not None:
            raise script.error
        for each in script.reports:
            report(each)
        self.running += 1
        try:
            self.started.set()
            timed_out, stopped_by = script.timed_out, None
            if script.hangs:
                stopped_by = await hang(guard, execution.timeout_s)
                timed_out = stopped_by is None
        finally:
            self.running -= 1
        await self._write(execution)
        return Ended(
            exit_status=255 if timed_out else script.exit_status,
            timed_out=timed_out,
            stopped_by=stopped_by,
            log=script.log,
            run_seconds=script.run_seconds,
        )

    async def _write(self, execution: Execution) -> None:
        named = dict.fromkeys(output_names(execution.arguments), b"written by the script")
        for name, content in (self.script.writes or named).items():
            if name not in self.script.leaves_out:
                path = anyio.Path(execution.directory / name)
                await path.parent.mkdir(parents=True, exist_ok=True)
                await path.write_bytes(content)
        for name in self.script.links:
            await anyio.Path(execution.directory / name).symlink_to("/etc/passwd")
        if self.script.havoc is not None:
            await to_thread.run_sync(self.script.havoc, execution.directory)


async def hang(guard: Guard, timeout_s: float) -> Stop | None:
    """Do nothing until the guard loses patience; None when the time is over before."""
    with anyio.move_on_after(timeout_s):
        return await guard(lambda: Effort(processor_seconds=0.0, read_bytes=0))
    return None


def output_names(arguments: tuple[str, ...]) -> list[str]:
    """Return the files that FFmpeg would write."""
    return [item.value for item in items(arguments) if item.role is Role.OUTPUT]


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory by path; nothing when there is no such directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def links(directory: Path) -> dict[str, int]:
    """Return how many names every file of a directory has."""
    if not directory.is_dir():
        return {}
    return {path.name: path.stat().st_nlink for path in directory.iterdir()}


class TroubledDatabase:
    """The box's database, which refuses to write while it is in trouble."""

    def __init__(self, database: Database, *, in_trouble: bool) -> None:
        self._database = database
        self.in_trouble = in_trouble
        self.refused = anyio.Event()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        if self.in_trouble:
            self.refused.set()
            raise DatabaseFailedError("disk I/O error")
        return self._database.transaction()

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.reading()


class UnwalledUnpacker:
    """The unpacking program itself, run in this process."""

    async def unpack(self, archive: Path, directory: Path, *, max_bytes: int) -> None:
        await to_thread.run_sync(lambda: unpack(archive, directory, max_bytes=max_bytes))


class ScriptedProber:
    """A prober that believes file names, except those it is told are broken.

    ``meanwhile`` is what happens while it looks.
    """

    def __init__(self) -> None:
        self.unreadable: set[str] = set()
        self.length: float | None = None
        self.facts: dict[str, MediaInfo] = {}
        self.error: Exception | None = None
        self.meanwhile: Callable[[], Awaitable[object]] = anyio.lowlevel.checkpoint

    async def probe(self, path: Path, filename: str, *, beside: Path | None = None) -> MediaInfo:
        del path, beside
        if self.error is not None:
            raise self.error
        await self.meanwhile()
        if filename in self.unreadable:
            raise UnreadableError(filename)
        return self.facts.get(filename) or media_of(filename)

    async def describe(self, path: Path, filename: str) -> tuple[MediaInfo, Described]:
        try:
            facts = await self.probe(path, filename)
        except UnreadableError:
            return MediaInfo(file_type=file_type_of(filename)), Described()
        if facts.codec is None:
            return facts, Described()
        return facts, Described(
            streams=({"codec_name": facts.codec},), format={"filename": filename}
        )

    async def duration(self, path: Path, *, beside: Path | None = None) -> float | None:
        del path, beside
        return self.length


class ScriptedPlayer:
    """A player that reads nothing and finds what it is told of each file name."""

    def __init__(self) -> None:
        self.found: dict[str, Played] = {}
        self.asked: list[str] = []

    async def play(
        self, path: Path, *, decode: bool, has_pictures: bool, beside: Path, within_s: float
    ) -> Played:
        del decode, has_pictures, beside, within_s
        self.asked.append(path.name)
        return self.found.get(path.name, Played(packets={"video": (25,)}))


def media_of(filename: str) -> MediaInfo:
    """Return facts that fit the name."""
    file_type = file_type_of(filename)
    if file_type is FileType.VIDEO:
        return MediaInfo(file_type=file_type, codec="h264", duration=2.5, width=64, height=48)
    return MediaInfo(file_type=file_type)


class WatchedWakeup(Wakeup):
    """A wakeup on whose signals a test can wait as well."""

    def __init__(self) -> None:
        super().__init__()
        self.next_signal = anyio.Event()

    def notify(self) -> None:
        super().notify()
        self.next_signal.set()
        self.next_signal = anyio.Event()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a Receiver sends: raw bytes, after which it closes, falls silent, or never ends.

    What it sends ``endlessly`` comes once in ``pause_s`` seconds.
    """

    raw: bytes
    stays_silent: bool = False
    endlessly: bytes = b""
    pause_s: float = 0.0


def answer(
    body: bytes = b"content", *, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a complete HTTP answer; ``headers`` replace the honest Content-Length."""
    shown = {"Content-Length": str(len(body))} if headers is None else dict(headers)
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in shown.items()]
    return Answer(raw="\r\n".join(lines).encode() + b"\r\n\r\n" + body)


class Posted(msgspec.Struct, frozen=True):
    """A request that a Receiver was sent; names of headers are in lower case."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """A real HTTP server on the loopback that answers each path as it was told.

    ``most_at_once`` is how many requests it has been answering at the same time.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.requests: list[bytes] = []
        self.most_at_once = 0
        self._at_once = 0
        self._next_request = anyio.Event()

    async def until_asked(self, times: int) -> None:
        """Wait, in a bounded time, until that many requests have come."""
        with anyio.fail_after(ASKED_WITHIN_S):
            while len(self.requests) < times:
                await self._next_request.wait()

    def posted(self, number: int = -1) -> Posted:
        """Return one of the requests, the last one by default."""
        head, _, body = self.requests[number].partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
        return Posted({name.lower(): value for name, _, value in lines}, body)

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            request = await read_request(stream)
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._next_request.set()
            self._next_request = anyio.Event()
            try:
                path = request.split(b" ", 2)[1].partition(b"?")[0].decode()
                await send_answer(
                    stream, self.answers.get(path, answer(b"", status="404 Not Found"))
                )
            finally:
                self._at_once -= 1


async def read_request(stream: SocketStream) -> bytes:
    """Return one request, with its body if it announces one."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += await stream.receive()
    announced = re.search(rb"content-length: (\d+)", request, flags=re.IGNORECASE)
    total = request.index(b"\r\n\r\n") + 4 + (0 if announced is None else int(announced[1]))
    while len(request) < total:
        request += await stream.receive()
    return request


async def send_answer(stream: SocketStream, told: Answer) -> None:
    """Send an answer, and do not always hang up; it ends when the other side does."""
    await stream.send(told.raw)
    while told.endlessly:
        await stream.send(told.endlessly)
        await anyio.sleep(told.pause_s)
    while told.stays_silent:
        await stream.receive()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """Run a Receiver on a free port while the block runs."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        receiver = Receiver(f"http://127.0.0.1:{port}")
        async with accompanied_by(listener.serve, quietly(receiver)):
            yield receiver


def quietly(receiver: Receiver) -> Callable[[SocketStream], Awaitable[None]]:
    """Return a handler to which a client that hangs up is no error."""

    async def handle(stream: SocketStream) -> None:
        try:
            await receiver.serve(stream)
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            return

    return handle
