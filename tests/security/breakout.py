"""Having FFmpeg load native code of ours, walled in or not, and looking at what that did."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from renderio_box.ffmpeg.executor import Ended, Execution
from renderio_box.ffmpeg.local_executor import LocalExecutor
from renderio_box.ffmpeg.progress import Report
from renderio_box.ffmpeg.sandbox import Isolation, Reach
from tests.running_box import eventually

PROBE: Final = Path(__file__).with_name("probe.c")
FFMPEG: Final = Path(shutil.which("ffmpeg") or "/usr/bin/ffmpeg")
SECRET: Final = "the secret of these tests"  # noqa: S105 - what the probe looks for
NOT_OURS: Final = ("stored", "inputs", "outside")
"""What a run may not change, the probe's inputs with the files that they are second names of."""
EVERYBODYS: Final = ("/tmp", "/var/tmp", "/dev/shm")
SET_ID: Final = stat.S_ISUID | stat.S_ISGID
LINE: Final = "probe: "
LIMIT_S: Final = 15.0
LOG_BYTES: Final = 64 * 1024
VICTIM_S: Final = "60"


class Found(NamedTuple):
    """What a run came to: what the probe tells, and what is seen from outside.

    ``attempts`` are errors' numbers, 0 for what worked; ``alive`` are processes that outlived
    FFmpeg; ``odd`` is what lies in the probe's own directory and is no plain file or folder.
    """

    exit_status: int
    timed_out: bool
    attempts: dict[str, int]
    heard: set[str]
    alive: list[int]
    changed: set[str]
    odd: set[str]

    @property
    def worked(self) -> set[str]:
        """Return the attempts that got through."""
        return {name for name, error in self.attempts.items() if error == 0}


class Site(msgspec.Struct, frozen=True):
    """Where it happens, with a victim of the same user and with who listens outside."""

    root: Path
    victim: int
    listening: dict[str, socket.socket]

    @property
    def ports(self) -> tuple[int, int]:
        """Return where TCP and UDP are listened on."""
        tcp, udp = self.listening["tcp"], self.listening["udp"]
        return tcp.getsockname()[1], udp.getsockname()[1]

    def arguments(self, deed: str) -> tuple[str, ...]:
        """Return FFmpeg's arguments: a filter from an uploaded file, and the probe's orders."""
        tcp, udp = self.ports
        plugin = f"ladspa=file={self.root}/inputs/probe.so:p=x"
        sound = ("-f", "lavfi", "-i", "sine=duration=0.1", "-af", plugin)
        told = f"probe={self.root},{self.victim},{tcp},{udp},{deed}"
        return ("-v", "error", "-nostdin", *sound, "-metadata", told, "-f", "null", "-")

    def heard(self) -> set[str]:
        """Return which listeners heard of anybody."""
        return {name for name, listener in self.listening.items() if hears(listener)}

    def not_ours(self) -> dict[str, object]:
        """Return the state of everything that a run may not change."""
        places = (place for name in NOT_OURS for place in (self.root / name).rglob("*"))
        files: dict[str, object] = {
            str(place.relative_to(self.root)): state_of(place) for place in places
        }
        files |= {str(place): "" for place in everybodys(self.listening) if place.exists()}
        return files | {f"victim's {name}": value for name, value in self._of_victim().items()}

    def odd(self) -> set[str]:
        """Return what nobody should find where a command leaves its files."""
        return {place.name for place in (self.root / "work").rglob("*") if is_odd(place.lstat())}

    def _of_victim(self) -> dict[str, object]:
        return {
            "limits": Path(f"/proc/{self.victim}/limits").read_text(),
            "niceness": os.getpriority(os.PRIO_PROCESS, self.victim),
            "processors": os.sched_getaffinity(self.victim),
            "scheduling": os.sched_getscheduler(self.victim),
        }


def built(directory: Path) -> Path | None:
    """Compile the probe, None where there is no compiler."""
    compiler, made = shutil.which("cc"), directory / "probe.so"
    if compiler is None:
        return None
    how = (compiler, "-shared", "-fPIC", "-O1", "-std=gnu11")
    subprocess.run([*how, "-o", made, PROBE], check=True)
    return made


@contextmanager
def site(root: Path, probe: Path, launcher: Path, user: int) -> Iterator[Site]:
    """Prepare a place that belongs to a user."""
    with ExitStack() as held:
        listening = prepare(root, probe, held)
        for place in (root, *root.rglob("*")):
            os.chown(place, user, user)
        victim = held.enter_context(victim_of(user, root / "outside", launcher))
        held.callback(victim.kill)
        comm = Path(f"/proc/{victim.pid}/comm")
        eventually(lambda: comm.read_text() == "sleep\n", within_s=LIMIT_S)
        yield Site(root, victim.pid, listening)
        for place in everybodys(listening):
            place.unlink(missing_ok=True)


def everybodys(listening: dict[str, socket.socket]) -> list[Path]:
    """Return what a run may have planted where all users may write."""
    name = f"renderio-probe-{listening['tcp'].getsockname()[1]}"
    return [Path(place, name) for place in EVERYBODYS]


def prepare(root: Path, probe: Path, held: ExitStack) -> dict[str, socket.socket]:
    """Make all files, and listen in every way."""
    for name in (*NOT_OURS, "work", "home"):
        (root / name).mkdir(parents=True, mode=0o700)
    shutil.copy(probe, root / "stored" / "probe.so")
    for name in ("clip", "moved", "removed"):
        (root / "stored" / name).write_text("an input")
    for stored in (root / "stored").iterdir():
        (root / "inputs" / stored.name).hardlink_to(stored)
    for name in ("secret", "taken"):
        (root / "outside" / name).write_text(SECRET)
        (root / "outside" / name).chmod(0o600)
    tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
    udp = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    named, abstract = (held.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
    named.bind(str(root / "outside" / "door"))
    abstract.bind(f"\0renderio-probe-{tcp.getsockname()[1]}")
    for listener in (named, abstract):
        listener.listen()
    listening = {"tcp": tcp, "udp": udp, "named": named, "abstract": abstract}
    for listener in listening.values():
        listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listening


async def broken_out(
    at: Site, isolation: Isolation, deed: str, *, user: int, limit_s: float = LIMIT_S
) -> Found:
    """Run the probe once, by the executor unless it must run as another user."""
    before = at.not_ours()
    arguments = at.arguments(deed)
    if user == os.geteuid():
        ended = await run_here(at, isolation, arguments, limit_s)
    else:
        ended = run_by_another(at, isolation, arguments, user)
    after, alive = at.not_ours(), processes_of(at.root)
    for process in alive:
        os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)  # noqa: ASYNC222 - it is dead
    lines = (line.removeprefix(LINE) for line in ended.log.splitlines() if line.startswith(LINE))
    return Found(
        exit_status=ended.exit_status,
        timed_out=ended.timed_out,
        attempts={name: int(error) for name, _, error in (line.rpartition("=") for line in lines)},
        heard=at.heard(),
        alive=alive,
        changed={name for name in before | after if before.get(name) != after.get(name)},
        odd=at.odd(),
    )


async def run_here(
    at: Site, isolation: Isolation, arguments: tuple[str, ...], limit_s: float
) -> Ended:
    """Run FFmpeg as the box does."""
    execution = Execution(
        arguments=arguments,
        directory=at.root / "work",
        scratch=at.root / "home",
        readable=(at.root / "inputs",),
        timeout_s=limit_s,
    )
    executor = LocalExecutor(FFMPEG, isolation, log_bytes=LOG_BYTES)
    return await executor.run(execution, ignore)


def run_by_another(at: Site, isolation: Isolation, arguments: tuple[str, ...], user: int) -> Ended:
    """Run FFmpeg with the same words as a user to whom this process need not belong."""
    work, home = at.root / "work", at.root / "home"
    reach = Reach(directory=work, readable=(at.root / "inputs",), writable=(work, home), home=home)
    with tempfile.TemporaryFile("w+") as log:
        ended = subprocess.run(
            isolation.arguments(FFMPEG, *arguments, reach=reach),
            cwd=work,
            env=isolation.environment(home),
            stdin=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            timeout=LIMIT_S,
            check=False,
            user=user,
            group=user,
            extra_groups=[],
        )
        log.seek(0)
        return Ended(
            exit_status=isolation.exit_status(ended.returncode),
            timed_out=False,
            log=log.read(),
            run_seconds=0.0,
        )


def ignore(report: Report) -> None:
    """Care about nothing but the end."""
    del report


def victim_of(user: int, at: Path, launcher: Path) -> subprocess.Popen[bytes]:
    """Start a process with a secret in its environment and another one open."""
    is_root = os.geteuid() == 0
    with (at / "secret").open() as secret:
        return subprocess.Popen(
            [launcher, "--no-capabilities", "--", "/bin/sleep", VICTIM_S],
            stdin=secret,
            cwd=at,
            env={"SECRET": SECRET},
            user=user if is_root else None,
            group=user if is_root else None,
            extra_groups=[] if is_root else None,
        )


def hears(listener: socket.socket) -> bool:
    """Tell whether somebody has connected or sent something."""
    try:
        listener.recv(1) if listener.type is socket.SOCK_DGRAM else listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def state_of(place: Path) -> tuple[int, ...]:
    """Return everything about a file but when it was last read."""
    found = place.lstat()
    about = (found.st_mode, found.st_nlink, found.st_uid, found.st_gid, found.st_size)
    return (*about, found.st_mtime_ns, found.st_ctime_ns)


def is_odd(found: os.stat_result) -> bool:
    """Tell whether this is no plain file, a second name, or raises who runs it."""
    is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    return not (is_plain or stat.S_ISDIR(found.st_mode)) or bool(found.st_mode & SET_ID)


def processes_of(root: Path) -> list[int]:
    """Return the processes that were told of this place and are alive; a fork still was."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if (
                entry.name.isdecimal()
                and f"probe={root}".encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found
