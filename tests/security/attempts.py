"""A program that tries many things and prints, for each, ``ok`` or the error's name.

It stands for code that an uploaded file made FFmpeg run. Its only argument is a JSON object
that says where things are; its last deed is to become another program.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
import termios
import threading
from collections.abc import Callable
from ctypes import c_long
from pathlib import Path

EXEC_REFUSED = 77
LIBC = ctypes.CDLL(None, use_errno=True)
PARENT = os.getppid()
SELF = os.getpid()
NUMBERS = {
    "x86_64": {"ioprio_set": 251, "keyctl": 250, "mq_open": 240, "personality": 135}
    | {"process_vm_readv": 310, "ptrace": 101, "shmget": 29, "tgkill": 234, "tkill": 200}
    | {"unshare": 272, "execveat": 322, "name_to_handle_at": 303, "prctl": 157, "clone": 56}
    | {"inotify_init1": 294},
    "aarch64": {"ioprio_set": 30, "keyctl": 219, "mq_open": 180, "personality": 92}
    | {"process_vm_readv": 270, "ptrace": 117, "shmget": 194, "tgkill": 131, "tkill": 130}
    | {"unshare": 97, "execveat": 281, "name_to_handle_at": 264, "prctl": 167, "clone": 220}
    | {"inotify_init1": 26},
}[platform.machine()]
NUMBERS |= {"clone3": 435, "io_uring_setup": 425, "openat2": 437, "setxattrat": 463}
NEITHER_READ_NOR_WRITE = 3
SET_USER_ID = 0o4755
CLONE_NEWUSER_THREAD = 0x10010F00
PR_SET_PDEATHSIG, FS_IOC_SETFLAGS, IOPRIO_WHO_PROCESS = 1, 0x40086602, 1


class Place:
    """Where the attempts happen: what the program may write, may read, and may not see."""

    def __init__(self, told: dict[str, str | int]) -> None:
        """Read what was told."""
        self.work = Path(str(told["work"]))
        self.input = Path(str(told["input"]))
        self.outside = Path(str(told["outside"]))
        self.tcp_port = int(told["tcp_port"])
        self.abstract = f"\0{told['abstract']}"


def call(name: str, *arguments: int) -> int:
    """Make a system call that Python has no function for."""
    answer = int(LIBC.syscall(c_long(NUMBERS[name]), *(c_long(value) for value in arguments)))
    if answer < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer


def fork() -> None:
    """Make a process that ends at once."""
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def connect(family: int, address: object) -> None:
    """Connect and hang up."""
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.connect(address)


def bind(family: int, address: object) -> None:
    """Take an address."""
    with socket.socket(family, socket.SOCK_STREAM) as taken:
        taken.bind(address)


def send_datagram() -> None:
    """Send a packet that nobody waits for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", 9))


def thread() -> None:
    """Run something in a second thread."""
    second = threading.Thread(target=os.getpid)
    second.start()
    second.join()


def on_descriptor(path: Path, act: Callable[[int], object]) -> None:
    """Do something with an open file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        act(descriptor)
    finally:
        os.close(descriptor)


def files(at: Place) -> dict[str, Callable[[], object]]:
    """Return what can be tried on files."""
    secret, own = at.outside / "secret", at.work / "own"
    return {
        "read the input": at.input.read_bytes,
        "write in the workspace": lambda: own.write_bytes(b"mine"),
        "truncate in the workspace": lambda: own.open("wb").close(),
        "make a directory": (at.work / "folder").mkdir,
        "rename into a directory": lambda: own.rename(at.work / "folder" / "own"),
        "remove in the workspace": (at.work / "folder" / "own").unlink,
        "read outside": secret.read_bytes,
        "list outside": lambda: list(at.outside.iterdir()),
        "write outside": lambda: (at.outside / "new").write_bytes(b"x"),
        "open outside for neither reading nor writing": lambda: os.open(
            secret, NEITHER_READ_NOR_WRITE
        ),
        "open by the newer call": lambda: call("openat2", -1, 0, 0, 0),
        "make a file that raises who runs it": lambda: os.open(
            at.work / "raised", os.O_CREAT | os.O_WRONLY, SET_USER_ID
        ),
        "make a folder that passes on its group": lambda: (at.work / "raising").mkdir(0o2755),
        "truncate the input by opening it to read": lambda: os.open(
            at.input, os.O_RDONLY | os.O_TRUNC
        ),
        "append to the input": lambda: at.input.open("ab").close(),
        "truncate outside by name": lambda: os.truncate(secret, 3),
        "remove the input's neighbour": (at.input.parent / "spare").unlink,
        "take a file from outside": lambda: (at.outside / "spare").rename(at.work / "taken"),
        "link the input": lambda: os.link(at.input, at.work / "linked"),
        "link in the workspace": lambda: os.link(at.work / "kept", at.work / "second"),
        "make a symbolic link": lambda: (at.work / "symbolic").symlink_to("/etc"),
        "make a pipe with a name": lambda: os.mkfifo(at.work / "pipe"),
        "make a socket with a name": lambda: bind(socket.AF_UNIX, str(at.work / "socket")),
        "change the input's mode": lambda: at.input.chmod(0o400),
        "change the input's mode when open": lambda: on_descriptor(
            at.input, lambda descriptor: os.fchmod(descriptor, 0o400)
        ),
        "change the input's owner": lambda: os.chown(at.input, -1, -1),
        "change the input's times": lambda: os.utime(at.input),
        "set an attribute of the input": lambda: os.setxattr(at.input, "user.x", b""),
        "set flags of the input": lambda: on_descriptor(
            at.input, lambda descriptor: fcntl.ioctl(descriptor, FS_IOC_SETFLAGS, bytes(8))
        ),
        "lease the input": lambda: on_descriptor(
            at.input, lambda descriptor: fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        ),
        "find a file's handle": lambda: call("name_to_handle_at", -1, 0, 0, 0, 0),
    }


def network(at: Place) -> dict[str, Callable[[], object]]:
    """Return what can be tried on others over sockets."""
    return {
        "connect by TCP": lambda: connect(socket.AF_INET, ("127.0.0.1", at.tcp_port)),
        "listen on TCP": lambda: bind(socket.AF_INET, ("127.0.0.1", 0)),
        "send by UDP": send_datagram,
        "connect to a named socket": lambda: connect(socket.AF_UNIX, str(at.outside / "door")),
        "connect to an abstract socket": lambda: connect(socket.AF_UNIX, at.abstract),
        "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "make a pair of sockets": socket.socketpair,
    }


def processes() -> dict[str, Callable[[], object]]:
    """Return what can be tried on processes, of itself and others."""
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    ends = os.pipe()
    return {
        "start a thread": thread,
        "map memory": lambda: mmap.mmap(-1, 4096),
        "fork": fork,
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "clone a namespace": lambda: call("clone", CLONE_NEWUSER_THREAD, 0, 0, 0, 0),
        "clone by the new call": lambda: call("clone3", 0, 0),
        "signal itself": lambda: os.kill(SELF, 0),
        "signal its thread": lambda: signal.pthread_kill(threading.get_ident(), 0),
        "signal its parent": lambda: os.kill(PARENT, 0),
        "signal its parent's thread": lambda: call("tgkill", PARENT, PARENT, 0),
        "signal any thread": lambda: call("tkill", PARENT, 0),
        "signal its group": lambda: os.kill(0, 0),
        "open its parent": lambda: os.pidfd_open(PARENT),
        "be told as another": lambda: fcntl.fcntl(ends[0], fcntl.F_SETOWN, PARENT),
        "be told by another signal": lambda: fcntl.fcntl(ends[0], fcntl.F_SETSIG, signal.SIGTERM),
        "ask its own limits": lambda: resource.prlimit(0, resource.RLIMIT_NOFILE),
        "ask its parent's limits": lambda: resource.prlimit(PARENT, resource.RLIMIT_NOFILE),
        "keep its niceness": lambda: os.setpriority(os.PRIO_PROCESS, 0, niceness),
        "keep its parent's niceness": lambda: os.setpriority(
            os.PRIO_PROCESS, PARENT, os.getpriority(os.PRIO_PROCESS, PARENT)
        ),
        "set somebody's niceness": lambda: os.setpriority(99, 0, niceness),
        "keep its CPUs": lambda: os.sched_setaffinity(SELF, os.sched_getaffinity(0)),
        "keep its parent's CPUs": lambda: os.sched_setaffinity(
            PARENT, os.sched_getaffinity(PARENT)
        ),
        "keep its disk priority": lambda: call("ioprio_set", IOPRIO_WHO_PROCESS, 0, 0),
        "set its parent's disk priority": lambda: call("ioprio_set", IOPRIO_WHO_PROCESS, PARENT, 0),
        "leave its group": lambda: os.setpgid(0, 0),
        "read a process's memory": lambda: call("process_vm_readv", SELF, 0, 0, 0, 0, 0),
        "trace": lambda: call("ptrace", 0x4200, PARENT, 0, 0),
        "outlive its parent": lambda: call("prctl", PR_SET_PDEATHSIG, 0),
    }


def kernel() -> dict[str, Callable[[], object]]:
    """Return what can be tried on the kernel."""
    ends = os.pipe()
    return {
        "use io_uring": lambda: call("io_uring_setup", 0, 0),
        "watch files": lambda: call("inotify_init1", 0),
        "keep a file without a name": lambda: os.memfd_create("x"),
        "use a keyring": lambda: call("keyctl", 9999),
        "use a message queue": lambda: call("mq_open", 0, 0, 0, 0),
        "share memory": lambda: call("shmget", 0, 0, 0),
        "change its personality": lambda: call("personality", 0xFFFFFFFF),
        "unshare": lambda: call("unshare", 0),
        "execute a descriptor": lambda: call("execveat", -1, 0, 0, 0, 0),
        "ask what a pipe holds": lambda: fcntl.ioctl(ends[0], termios.FIONREAD, bytes(4)),
        "type on a terminal": lambda: fcntl.ioctl(ends[0], termios.TIOCSTI, b"x"),
        "make one of the newest calls": lambda: call("setxattrat", -1, 0, 0, 0, 0, 0),
    }


def outcome(act: Callable[[], object]) -> str:
    """Return ``ok``, or what the error is called."""
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"


def main() -> None:
    """Try everything, tell, and become another program."""
    at = Place(json.loads(sys.argv[1]))
    attempts = files(at) | network(at) | processes() | kernel()
    json.dump({name: outcome(act) for name, act in attempts.items()}, sys.stdout)
    sys.stdout.flush()
    try:
        os.execv("/bin/true", ["true"])  # noqa: S606  # the attempt itself
    except OSError:
        sys.exit(EXEC_REFUSED)


if __name__ == "__main__":
    main()
