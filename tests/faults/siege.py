"""Killing one box after the other over the same data, while clients go on."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import httpx

from renderio_box.cli.outcome import ExitStatus
from renderio_box.scheduler.janitor import TICK
from tests.conformance.receiver import Place, receiving
from tests.faults.checkpoints import ANY_COMMIT, CHECKPOINTS
from tests.faults.clients import Client, Journal
from tests.faults.judge import REASONS, Verdict, judge
from tests.faults.small_disk import Tide
from tests.media.stand_ins import make
from tests.ports import free_port
from tests.running_box import LOOPBACK_OPEN, PROGRAM, answering, client_of, environment, eventually

ROOT: Final = Path(__file__).parents[2]
CLIENTS: Final = 3
REACHED_WITHIN_S: Final = 60.0
GONE_WITHIN_S: Final = 3.0
"""How long the children of a killed box may live on: the kernel kills them with it."""
DRAINED_WITHIN_S: Final = 120.0
STARTING_S: Final = 1.5
SHORT_S: Final = 1.0
LONG_S: Final = 5.0
KILLED_AT_START: Final = 0.2
"""How long boxes live at most that are killed at random, and how many are while they start.

Some live long enough for what was interrupted twice to be carried out.
"""
KILLED_AT_COMMIT: Final = 0.5
COMMITS: Final = 100
"""How many of the others are killed at a commit, and which it is at the latest."""
OF_A_FULL_DISK: Final = frozenset({"STORAGE_FULL", "OUTPUT_MISSING"})
"""Why commands may fail there too; FFmpeg's HLS muxer says nothing of what it could not write."""
SETTINGS: Final = {
    **LOOPBACK_OPEN,
    "RENDERIO_JOBS_VCPUS": "2",
    "RENDERIO_LOG_LEVEL": "warning",
    "RENDERIO_STORAGE_RESERVE_MBYTES": "1",
}


class Siege:
    """A data directory, clients that never stop, and boxes that are killed one by one."""

    def __init__(
        self, directory: Path, hook: Place, video: str, *, seed: int, disk: Path | None
    ) -> None:
        self.data = (disk or directory) / "data"
        self.tide = Tide(disk, seed=seed) if disk is not None else None
        self.journal = Journal()
        self.hook = hook
        self.kills = Counter[str]()
        self.left_behind: list[str] = []
        self._stderr = directory / "stderr"
        self._port = free_port()
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self._shared = {"hook": hook.url, "video": video}
        self._box: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []
        self._threads: list[threading.Thread] = []

    def lift(self) -> None:
        """Leave no box behind, whatever has happened."""
        if self._box is not None:
            self._box.kill()
            self._box.wait()

    def begin(self) -> None:
        """Make a key and a hook in a first box, and send the clients off."""
        process = self._start()
        server = eventually(lambda: answering(process, self.data), within_s=REACHED_WITHIN_S)
        with client_of(server) as http:
            key = http.post("/api/v1/keys", json={"name": "load"}).raise_for_status().json()["key"]
            http.headers["x-api-key"] = key
            http.put("/api/v1/webhook-config", json={"url": self.hook.url}).raise_for_status()
        self._clients = [
            Client(
                httpx.Client(
                    base_url=server["url"], headers={"x-api-key": key}, timeout=20, trust_env=False
                ),
                self.journal,
                self._shared,
                seed=self._random.getrandbits(32),
                may_be_refused=self.tide is not None,
            )
            for _ in range(CLIENTS + 1)
        ]
        if self.tide is not None:
            self._send_off(self.tide.run)
        for client in self._clients[1:]:
            self._send_off(client.run)
        self._kill(process, "the first one")

    def kill_at(self, name: str, *, nth: int | None = None) -> None:
        """Run a box that kills itself at the checkpoint of that name, the nth time."""
        checkpoint = CHECKPOINTS[name]
        process = self._start("-m", "tests.faults.server", name, str(nth or checkpoint.nth))
        if checkpoint.act is not None and self._await(process):
            self._send_off(self._clients[0].act, checkpoint.act)
        try:
            process.wait(REACHED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.left_behind.append(f"a box that never came to: {name}")
            process.kill()
        self._bury(process, name)

    def kill_at_random(self) -> None:
        """Run a box and kill it at any commit, or any moment, now and then while it starts.

        On a disk that is full at times nothing may be committed for long.
        """
        if self.tide is None and self._random.random() < KILLED_AT_COMMIT:
            self.kill_at(ANY_COMMIT, nth=self._random.randint(1, COMMITS))
            return
        process = self._start()
        if self._random.random() < KILLED_AT_START:
            time.sleep(self._random.uniform(0, STARTING_S))
            self._kill(process, "while it starts")
        else:
            self._await(process)
            time.sleep(self._random.choice((SHORT_S, SHORT_S, LONG_S)) * self._random.random())
            self._kill(process, "at random")

    def end(self) -> Verdict:
        """Have a last box do what is left to do, stop it, and judge what there is."""
        if self.tide is not None:
            self.tide.stop()
        # What is younger when a box starts may be its own, and is left until the day after.
        time.sleep(TICK.total_seconds())
        process = self._start()
        for client in self._clients:
            client.is_over.set()
        for thread in self._threads:
            thread.join(DRAINED_WITHIN_S)
        eventually(self._is_told, within_s=DRAINED_WITHIN_S)
        process.send_signal(signal.SIGTERM)
        status = process.wait(REACHED_WITHIN_S)
        for client in self._clients:
            client.close()
        reasons = REASONS if self.tide is None else REASONS | OF_A_FULL_DISK
        verdict = judge(self.data, self.journal, self.hook.received, reasons)
        if self.tide is not None:
            verdict.figures["times the disk was full"] = self.tide.floods
        verdict.expect("the last box ends well", [status] if status else [])
        verdict.expect("nothing runs on after its box", self.left_behind)
        verdict.figures.update({f"killed: {name}": count for name, count in self.kills.items()})
        return verdict

    def _send_off(self, work: Callable[..., None], *arguments: str) -> None:
        """Have something done beside; at the end it is waited for."""
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _is_told(self) -> bool:
        """Tell whether every command's end has been seen, and has come to the receiver."""
        self._clients[0].act("look")
        told = sum(1 for _ in self.hook.received)
        return not self.journal.outstanding() and told >= len(self.journal.accepted())

    def _start(self, *program: str) -> subprocess.Popen[bytes]:
        command = (sys.executable, *program) if program else PROGRAM
        arguments = [*command, "serve", "--data", str(self.data)]
        with self._stderr.open("ab") as stderr:
            self._box = subprocess.Popen(
                [*arguments, "--port", str(self._port)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=environment(**SETTINGS),
            )
        return self._box

    def _await(self, process: subprocess.Popen[bytes]) -> bool:
        """Tell whether the box answers, once it does, or has ended before it could."""
        return (
            eventually(
                lambda: process.poll() is not None or is_up(self._port), within_s=REACHED_WITHIN_S
            )
            and process.poll() is None
        )

    def _kill(self, process: subprocess.Popen[bytes], name: str) -> None:
        process.kill()
        self._bury(process, name)

    def _bury(self, process: subprocess.Popen[bytes], name: str) -> None:
        status = process.wait()
        if self.tide is not None and status == ExitStatus.CANNOT_START:
            name = "not at all, as it found no room to start in"
        elif status != -signal.SIGKILL:
            self.left_behind.append(f"a box that ended with {status} instead of: {name}")
        self.kills[name] += 1
        try:
            eventually(lambda: not at_work_in(self.data), within_s=GONE_WITHIN_S)
        except TimeoutError:
            self.left_behind += [f"{name}: {words}" for words in at_work_in(self.data)]


@contextmanager
def siege(directory: Path, *, seed: int, disk: Path | None = None) -> Iterator[Siege]:
    """Offer a siege with a receiver and an input of its own, perhaps on a disk that fills up."""
    make(directory / "video.mkv", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=5:duration=0.4")
    with receiving("127.0.0.1", "127.0.0.1") as receiver:
        video = receiver.file((directory / "video.mkv").read_bytes(), "video.mkv")
        laid = Siege(directory, receiver.answering(200), video.url, seed=seed, disk=disk)
        try:
            yield laid
        finally:
            laid.lift()


def is_up(port: int) -> bool:
    """Tell whether a box answers; one that has begun to listen is given time to."""
    asking = HTTPConnection("127.0.0.1", port, timeout=REACHED_WITHIN_S)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def at_work_in(directory: Path) -> Sequence[str]:
    """Return the command lines of all processes that were started for the directory."""
    mark = str(directory).encode()
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if mark in words or mark in (process / "environ").read_bytes():
                found.append(words.replace(b"\0", b" ").decode(errors="replace")[:200])
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
