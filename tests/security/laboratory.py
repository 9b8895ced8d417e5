"""A place where attacks can do no harm, and an oracle that sees from outside what they reach."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes.util import find_library
from pathlib import Path
from typing import Final

from renderio_box.ffmpeg.native import launcher_path
from tests.ports import free_port
from tests.security.attacks import COMPILER
from tests.security.hostile_media import (
    CANARY,
    elsewhere,
    playlist_address,
    playlist_in_subtitles,
    segments,
    texts,
)

KEY: Final = "APPLIANCE-KEY-93ffa1d0"
"""What stands in the environment of the appliance, and nowhere else."""
APPLIANCE: Final = """
import pathlib, signal, sys
secret = open(sys.argv[1])
signal.signal(signal.SIGUSR1, lambda *_: pathlib.Path(sys.argv[2]).touch())
print(secret.fileno(), flush=True)
sys.stdin.read()
"""
ANSWER: Final = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nhere"
LIBC: Final = ctypes.CDLL(find_library("c"), use_errno=True)
IN_ACCESS, IN_OPEN = 0x1, 0x20
EVENTS_BYTES: Final = 64 * 1024
TABLES: Final = ("tcp", "tcp6", "udp", "udp6")
NOBODY_YET: Final = ("0" * 8, "0" * 32)
"""The other end of a socket that has none, by IPv4 and IPv6."""


class Laboratory:
    """Secrets, a place that everybody may write to, servers, and the directories of one job."""

    def __init__(self, root: Path, media: Path) -> None:
        """Make everything but what runs; ``media`` has the media that stay as they are."""
        self.root, self._media = root, media
        self.secrets, self.outside, self.job = root / "secret", root / "outside", root / "job" / "1"
        self.inputs, self.outputs, self.scratch = (self.job / name for name in ("in", "out", "tmp"))
        self.tcp, self.udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self.named = socket.socket(socket.AF_UNIX)
        self.listen_port, self.session_port = free_port(), free_port(socket.SOCK_DGRAM)
        self.appliance = self.descriptor = 0

    def marks(self) -> dict[str, str]:
        """Return what the marks of commands stand for here."""
        port, secret = self.tcp.getsockname()[1], self.secrets / "canary.txt"
        return {
            "SECRET": str(secret),
            "SECRETS": str(self.secrets),
            "OTHER": str(self.secrets / "other.mp4"),
            "PICTURE": str(self.secrets / "other.png"),
            "OUTSIDE": str(self.outside),
            "PLAYLIST": playlist_address(secret),
            "WEB": f"http://127.0.0.1:{port}",
            "TCP": str(port),
            "SCREEN": str(port - 6000),
            "UDP": str(self.udp.getsockname()[1]),
            "SOCKET": str(self.root / "sockets" / "s"),
            "LISTEN": str(self.listen_port),
            "APPLIANCE": str(self.appliance),
            "DESCRIPTOR": str(self.descriptor),
        }

    @contextmanager
    def opened(self) -> Iterator["Laboratory"]:
        """Fill the place, and run its servers and the appliance while the block runs."""
        self._hide_secrets()
        (self.root / "sockets").mkdir()
        with self.tcp, self.udp, self.named, self._running():
            self.tcp.bind(("127.0.0.1", 0))
            self.udp.bind(("127.0.0.1", 0))
            self.named.bind(str(self.root / "sockets" / "s"))
            for server in (self.tcp, self.named):
                server.listen(64)
            for server in (self.tcp, self.udp, self.named):
                server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            self.clean()
            yield self

    def clean(self) -> None:
        """Put everything that an attack may have changed back to where it was."""
        for directory in (self.outside, self.job):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
        for stray in self.root.iterdir():
            if stray.is_file():
                stray.unlink()
        self.outside.chmod(0o777)
        (self.outside / "victim.mp4").write_text("somebody's")
        self.inputs.mkdir()
        for name in ("clip.mp4", "attached.mkv", "travelling.mkv"):
            shutil.copy(self._media / name, self.inputs)
        self._write_inputs()
        self.fresh()

    def fresh(self) -> None:
        """Empty what the job may write to; its home has a place for plug-ins."""
        for directory in (self.outputs, self.scratch):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        (self.scratch / ".frei0r-1" / "lib").mkdir(parents=True)

    def _hide_secrets(self) -> None:
        self.secrets.mkdir(parents=True)
        for name in ("other.mp4", "other.ts", "other.png"):
            shutil.copy(self._media / name, self.secrets)
        shutil.copy(self._media / "other.png", self.secrets / "c001.png")
        secret = self.secrets / "canary.txt"
        lines = {
            "canary.txt": f"{CANARY}\n" * 100,
            "canary.srt": f"1\n00:00:00,000 --> 00:00:05,000\n{CANARY}\n",
            "canary.ass": f"[Script Info]\nTitle: {CANARY}\n[Events]\n",
            "canary.cube": "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n",
            "canary.ini": f";FFMETADATA1\ntitle={CANARY}\n",
            "app.env": f"PASSWORD={CANARY}\n",
            "keyinfo.txt": f"{CANARY}\n{secret}\n",
            "two-0.log": f"{CANARY}\n",
        }
        for name, text in lines.items():
            (self.secrets / name).write_text(text)

    def _write_inputs(self) -> None:
        web = f"http://127.0.0.1:{self.tcp.getsockname()[1]}"
        for name, text in texts(self.secrets, web, self.session_port).items():
            (self.inputs / name).write_text(text)
        gab2 = playlist_in_subtitles(segments(f"{web}/x.ts", self.secrets / "canary.txt"))
        (self.inputs / "gab2.avi").write_bytes(gab2)
        film = (self._media / "raw.mov").read_bytes()
        (self.inputs / "dref.mov").write_bytes(elsewhere(film, self.secrets / "canary.txt"))
        plugin = self.secrets / "plugin.so"
        if COMPILER is None:
            plugin.touch()
        elif not plugin.exists():
            self._compile(plugin)
        for name in ("plugin", "plugin.so"):
            shutil.copy(plugin, self.inputs / name)

    def _compile(self, plugin: Path) -> None:
        knowing = {
            "SECRET": f'"{self.secrets / "canary.txt"}"',
            "OUTSIDE": f'"{self.outside}"',
            "PORT": self.tcp.getsockname()[1],
            "APPLIANCE": self.appliance,
        }
        source = Path(__file__).with_name("plugin.c")
        facts = [f"-D{name}={value}" for name, value in knowing.items()]
        subprocess.run(
            [str(COMPILER), "-shared", "-fPIC", "-w", *facts, "-o", plugin, source], check=True
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Run something like the appliance: the same user, with a key and an open secret."""
        code = ("-I", "-S", "-c", APPLIANCE, self.secrets / "canary.txt", self.root / "signalled")
        with subprocess.Popen(
            [launcher_path(), "--no-capabilities", "--", sys.executable, *code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"KEY": KEY},
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            self.appliance, self.descriptor = process.pid, int(process.stdout.readline())
            yield
            process.stdin.close()


class Oracle:
    """What an attack reaches of a laboratory, seen without asking it or FFmpeg."""

    def __init__(self, laboratory: Laboratory) -> None:
        """Begin to look."""
        self._laboratory = laboratory
        self._seen: set[str] = set()
        self._before = self._everything()
        self._events = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = LIBC.inotify_add_watch(
            self._events, os.fsencode(laboratory.secrets), IN_ACCESS | IN_OPEN
        )
        assert watch >= 0, os.strerror(ctypes.get_errno())

    def close(self) -> None:
        """Look no more."""
        os.close(self._events)

    def look(self) -> frozenset[str]:
        """Answer whoever has come, note who waits for others, and return what is seen by now."""
        laboratory = self._laboratory
        for server in (laboratory.tcp, laboratory.named):
            with suppress(BlockingIOError):
                while True:
                    visitor, _ = server.accept()
                    self._seen.add("contacted")
                    with visitor, suppress(OSError):
                        visitor.sendall(ANSWER)
        with suppress(BlockingIOError):
            while laboratory.udp.recv(1):
                self._seen.add("contacted")
        if anybody_waits_at(laboratory.listen_port, laboratory.session_port):
            self._seen.add("listened")
        return frozenset(self._seen)

    def verdict(self, said: str, *more: bytes) -> frozenset[str]:
        """Return everything that was reached; ``said`` is the log, ``more`` what was stored.

        The next verdict begins anew.
        """
        self.look()
        if self._was_opened():
            self._seen.add("opened")
        made = [said.encode(), *more, *contents(self._laboratory.outputs)]
        if any(CANARY.encode() in content for content in made):
            self._seen.add("leaked")
        if any(KEY.encode() in content for content in made):
            self._seen.add("environment")
        if self._everything() != self._before:
            self._seen.add("wrote")
        seen = frozenset(self._seen)
        self._seen.clear()
        if "wrote" in seen:
            self._laboratory.clean()
            self._before = self._everything()
        self._was_opened()  # by us
        return seen

    def _was_opened(self) -> bool:
        """Tell whether a secret, or their directory, was opened since this was last asked."""
        opened = False
        with suppress(BlockingIOError):
            while os.read(self._events, EVENTS_BYTES):
                opened = True
        return opened

    def _everything(self) -> dict[str, tuple[int, ...]]:
        """Return every file that no job may write to, with what changes when one is."""
        laboratory = self._laboratory
        found: dict[str, tuple[int, ...]] = {}
        for directory, folders, names in os.walk(laboratory.root):
            if Path(directory) == laboratory.job:
                folders[:] = [laboratory.inputs.name]
            for name in (*folders, *names):
                path = Path(directory, name)
                known = path.lstat()
                found[str(path)] = (known.st_ino, known.st_mode, known.st_nlink, known.st_ctime_ns)
        return found


def contents(directory: Path) -> Iterator[bytes]:
    """Yield what is in the plain files below a directory."""
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path.read_bytes()


def anybody_waits_at(*ports: int) -> bool:
    """Tell whether somebody waits for others at one of the ports, by TCP or UDP."""
    tables = [Path("/proc/net", name).read_text() for name in TABLES]
    return any(
        f":{port:04X} {nobody}:0000" in table
        for port in ports
        for nobody in NOBODY_YET
        for table in tables
    )
