"""A machine that systemd looks after, in namespaces of its own over the root of a Debian.

systemd is the first process there; nothing of it touches ours: files are changed in an overlay
that lies in memory, the network has only a loopback, and everything is gone at the end.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.running_box import eventually

PATIENCE_S: Final = 120.0
SEARCH_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UP: Final = frozenset({"running", "degraded"})
NAMESPACES: Final = ("--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup")
DEVICES: Final = "null zero full random urandom tty"
BOOT: Final = f"""
set -eu
root=$1 place=$2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"
hostname machine
ip link set lo up
mkdir -p proc sys run tmp dev mnt
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
for device in {DEVICES}; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
pivot_root . mnt
umount -l /mnt
exec env -i container=test {SEARCH_PATH} /lib/systemd/systemd --system
"""
"""A shell's words: what a machine's first process finds when it starts."""


class Machine:
    """A machine that runs; ``root`` are its files, seen from here."""

    def __init__(self, first: int) -> None:
        self._first = first
        self.root = Path(f"/proc/{first}/root")

    def do(self, *words: str) -> str:
        """Run a command there that has to work, and return what it prints."""
        finished = self.attempt(*words)
        assert finished.returncode == 0, f"{words}: {finished.stdout}{finished.stderr}"
        return finished.stdout.strip()

    def attempt(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command there."""
        return subprocess.run(
            [
                "nsenter",
                "-t",
                str(self._first),
                "-a",
                "env",
                "-i",
                SEARCH_PATH,
                "TERM=dumb",
                *words,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def files(self) -> set[str]:
        """Return the names of everything that is kept there."""
        return set(self.do("find", "/etc", "/opt", "/usr", "/var", "-xdev").splitlines())


@contextmanager
def booted(root: Path, place: Path) -> Iterator[Machine]:
    """Run a machine over a root, in an empty directory, while the block runs."""
    own = ("unshare", "--fork", "--kill-child", *NAMESPACES, "sh", "-c", BOOT)
    log = place.with_suffix(".log")
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [*own, "sh", str(root), str(place)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        ) as unshare,
    ):
        try:
            machine = Machine(eventually(lambda: first_process(unshare, log)))
            eventually(lambda: state_of(machine) in UP)
            yield machine
        finally:
            unshare.send_signal(signal.SIGKILL)  # and with it, --kill-child: every process there
            unshare.wait(PATIENCE_S)


def first_process(unshare: "subprocess.Popen[bytes]", log: Path) -> int | None:
    """Return the first process of the machine once that is systemd."""
    assert unshare.poll() is None, log.read_text()
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
            return int(child)
    return None


def state_of(machine: Machine) -> str:
    """Return what systemd says of itself."""
    return machine.attempt("systemctl", "is-system-running").stdout.strip()


def may_boot() -> bool:
    """Tell whether we may make namespaces and mounts here."""
    trial = ["unshare", "--fork", *NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(trial, check=False).returncode == 0
