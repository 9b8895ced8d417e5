"""Which isolation tier this machine offers, proven by trying."""

import resource
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec
import structlog
from msgspec.structs import replace

from renderio_box.ffmpeg.child import Finished, adopt_orphans, run_tool
from renderio_box.ffmpeg.native import LauncherMissingError, launcher_path
from renderio_box.ffmpeg.sandbox import (
    ADDRESS_SPACE_FACTOR,
    SYSTEM_LINKS,
    Isolation,
    Machine,
    Reach,
    ResourceLimits,
    Tier,
)

log = structlog.get_logger()

SEARCH_PATH: Final = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin"
LOADERS: Final = tuple(
    Path(name)
    for name in (
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/ld-linux-aarch64.so.1",
        "/lib/ld-musl-x86_64.so.1",
        "/lib/ld-musl-aarch64.so.1",
    )
)
TRIAL_SECONDS: Final = 10.0
TRIAL_ANSWER_BYTES: Final = 4096
WORTH_TRYING: Final = (Tier.BUBBLEWRAP, Tier.LANDLOCK)
TEXT: Final = b"a file to copy, or to keep secret\n"


class IsolationError(Exception):
    """Jobs cannot be walled in on this machine; the text says what is missing."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for: tiers in the order in which to try them, and extra paths."""

    tiers: tuple[Tier, ...] = WORTH_TRYING
    readable: tuple[Path, ...] = ()


async def find_isolation(
    ffmpeg: Path, limits: ResourceLimits, wanted: Wanted, *, font_config: Path | None
) -> Isolation:
    """Return the best wanted tier in which FFmpeg works and reaches nothing else.

    Why a better one does not hold is told in the log.

    Raises:
        IsolationError: No wanted tier holds here; the text says why for each.
    """
    machine = await look_around()
    complaints: list[str] = []
    for tier in wanted.tiers:
        isolation = Isolation(
            tier=tier,
            machine=machine,
            limits=granted(limits),
            font_config=font_config,
            readable=wanted.readable,
        )
        complaint = lacking(tier, machine) or await tried(isolation, ffmpeg)
        if complaint is None:
            if complaints:
                log.warning("walls_not_best", walls=isolation.name, reason="; ".join(complaints))
            return isolation
        complaints.append(f"{tier}: {complaint}")
    raise IsolationError(
        f"no way to wall commands in works on this machine ({'; '.join(complaints)})."
        " Install bubblewrap or use a kernel with Landlock; if FFmpeg needs files outside /usr,"
        " name them in sandbox.readable; to run commands of people you trust without walls,"
        " set sandbox.allow_unsafe to true."
    )


async def look_around() -> Machine:
    """Return what this machine has to build walls from.

    Raises:
        IsolationError: The launcher does not run.
    """
    adopt_orphans()
    try:
        launcher = launcher_path()
    except LauncherMissingError as error:
        raise IsolationError(str(error)) from error
    bubblewrap = shutil.which("bwrap", path=SEARCH_PATH)
    try:
        answer = await run_tool(
            [str(launcher), "--abi"],
            directory=Path("/"),
            environment={},
            timeout_s=TRIAL_SECONDS,
            max_output_bytes=TRIAL_ANSWER_BYTES,
        )
    except (OSError, TimeoutError) as error:
        raise IsolationError(f"the launcher does not run: {error}.") from error
    return Machine(
        launcher=launcher,
        bubblewrap=None if bubblewrap is None else Path(bubblewrap),
        landlock=answer.output.strip() not in {b"", b"0"},
        links={name: str(name.readlink()) for name in SYSTEM_LINKS if name.is_symlink()},
        loaders=tuple(loader for loader in LOADERS if loader.exists()),
    )


def lacking(tier: Tier, machine: Machine) -> str | None:
    """Return what the machine lacks for a tier, None where it is worth a trial."""
    if tier is Tier.BUBBLEWRAP and machine.bubblewrap is None:
        return "bwrap is not installed"
    if tier is Tier.LANDLOCK and not machine.landlock:
        return "the kernel has no Landlock"
    return None


async def tried(isolation: Isolation, ffmpeg: Path) -> str | None:
    """Return what is wrong with an isolation, None when FFmpeg works in it and is held by it."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as door:
        trial = Trial(isolation, ffmpeg, Path(directory))
        trial.prepare()
        complaints: list[str] = []

        async def judge(question: Callable[[], Awaitable[str | None]]) -> None:
            try:
                complaint = await question()
            except (OSError, TimeoutError) as error:
                complaint = str(error) or "it did not answer in time"
            complaints.extend([complaint] if complaint else [])

        async with anyio.create_task_group() as questions:
            questions.start_soon(judge, trial.of_working)
            if isolation.tier is not Tier.UNSANDBOXED:
                questions.start_soon(judge, trial.of_reading)
                questions.start_soon(judge, trial.of_writing)
                questions.start_soon(judge, lambda: trial.of_network(door))
        return complaints[0] if complaints else None


class Trial:
    """FFmpeg copying bytes from where it may and from where it may not."""

    def __init__(self, isolation: Isolation, ffmpeg: Path, directory: Path) -> None:
        self._isolation = isolation
        self._ffmpeg = ffmpeg
        self._given = directory / "given"
        self._hidden = directory / "hidden"
        self._made = directory / "made"

    def prepare(self) -> None:
        """Make a file that is given, one that is not, and a directory to write in."""
        self._given.write_bytes(TEXT)
        self._hidden.write_bytes(TEXT)
        self._made.mkdir()

    async def of_working(self) -> str | None:
        """Return what is wrong if FFmpeg cannot copy the file that it is given."""
        finished = await self._copied(f"file:{self._given}", "copy")
        if (self._made / "copy").is_file() and (self._made / "copy").read_bytes() == TEXT:
            return None
        said = finished.complaints.decode(errors="replace").strip().splitlines() or ["nothing"]
        return (
            f"FFmpeg does not work in it, it ended with {finished.exit_status} and said: {said[-1]}"
        )

    async def of_reading(self) -> str | None:
        """Return what is wrong if FFmpeg reads what it was not given."""
        await self._copied(f"file:{self._hidden}", "leak")
        leaked = (self._made / "leak").exists() and (self._made / "leak").stat().st_size > 0
        return "files that were not given can be read in it" if leaked else None

    async def of_writing(self) -> str | None:
        """Return what is wrong if FFmpeg writes where it may not."""
        planted = self._made.parent / "planted"
        await self._copied(f"file:{self._given}", str(planted))
        return "files can be written outside of it" if planted.exists() else None

    async def of_network(self, door: socket.socket) -> str | None:
        """Return what is wrong if FFmpeg reaches a socket of this machine."""
        address, port = door.getsockname()
        await self._copied(f"tcp://{address}:{port}?timeout=500000", "heard")
        door.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        try:
            door.accept()[0].close()
        except BlockingIOError:
            return None
        return "the network can be reached from it"

    async def _copied(self, source: str, target: str) -> Finished:
        reach = Reach(directory=self._made, readable=(self._given,), writable=(self._made,))
        words = ("-v", "error", "-nostdin", "-f", "data", "-i", source)
        copying: Sequence[str] = ("-map", "0", "-c", "copy", "-f", "data", target)
        return await run_tool(
            self._isolation.arguments(self._ffmpeg, *words, *copying, reach=reach),
            directory=self._made,
            environment=self._isolation.environment(),
            timeout_s=TRIAL_SECONDS,
            max_output_bytes=TRIAL_ANSWER_BYTES,
        )


def granted(limits: ResourceLimits) -> ResourceLimits:
    """Return the limits no higher than this process's own, which its children cannot pass."""
    return replace(
        limits,
        memory_bytes=at_most(resource.RLIMIT_AS, limits.memory_bytes * ADDRESS_SPACE_FACTOR)
        // ADDRESS_SPACE_FACTOR,
        file_bytes=at_most(resource.RLIMIT_FSIZE, limits.file_bytes),
        processes=at_most(resource.RLIMIT_NPROC, limits.processes),
        open_files=at_most(resource.RLIMIT_NOFILE, limits.open_files),
    )


def at_most(kind: int, asked: int) -> int:
    """Return what was asked for, or this process's hard limit where that is lower."""
    _, hard = resource.getrlimit(kind)
    return asked if hard == resource.RLIM_INFINITY else min(asked, hard)
