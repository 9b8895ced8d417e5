"""What native code behind the launcher's walls can do, wall by wall."""

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.security import attempts
from tests.security.launching import ABI, PYTHON, landlock, launched, python_rules

Refusal = str | None
Tried = dict[str, tuple[int, dict[str, str]]]
"""By the walls there were: the exit status, and what came of each attempt."""


class Walls(NamedTuple):
    """How each wall answers; Landlock from some ABI on."""

    landlock: Refusal = None
    seccomp: Refusal = None
    since_abi: int = 1


ALLOWED: Final = Walls()
EXPECTED: Final = {
    "read the input": ALLOWED,
    "write in the workspace": ALLOWED,
    "truncate in the workspace": ALLOWED,
    "make a directory": ALLOWED,
    "rename into a directory": ALLOWED,
    "remove in the workspace": ALLOWED,
    "read outside": Walls("EACCES"),
    "list outside": Walls("EACCES"),
    "write outside": Walls("EACCES"),
    "open outside for neither reading nor writing": Walls(None, "EPERM"),
    "open by the newer call": Walls(None, "ENOSYS"),
    "make a file that raises who runs it": Walls(None, "EPERM"),
    "make a folder that passes on its group": Walls(None, "EPERM"),
    "truncate the input by opening it to read": Walls("EACCES", "EPERM", since_abi=3),
    "append to the input": Walls("EACCES"),
    "truncate outside by name": Walls("EACCES", "EPERM", since_abi=3),
    "remove the input's neighbour": Walls("EACCES"),
    "take a file from outside": Walls("EACCES"),
    "link the input": Walls("EXDEV", "EPERM"),
    "link in the workspace": Walls(None, "EPERM"),
    "make a symbolic link": Walls("EACCES", "EPERM"),
    "make a pipe with a name": Walls("EACCES", "EPERM"),
    "make a socket with a name": Walls("EACCES", "EACCES"),
    "change the input's mode": Walls(None, "EPERM"),
    "change the input's mode when open": Walls(None, "EPERM"),
    "change the input's owner": Walls(None, "EPERM"),
    "change the input's times": Walls(None, "EPERM"),
    "set an attribute of the input": Walls(None, "EPERM"),
    "set flags of the input": Walls(None, "EPERM"),
    "lease the input": Walls(None, "EPERM"),
    "find a file's handle": Walls(None, "EPERM"),
    "connect by TCP": Walls("EACCES", "EACCES", since_abi=4),
    "listen on TCP": Walls("EACCES", "EACCES", since_abi=4),
    "send by UDP": Walls("EACCES", "EACCES", since_abi=10),
    "connect to a named socket": Walls("EACCES", "EACCES", since_abi=9),
    "connect to an abstract socket": Walls("EPERM", "EACCES", since_abi=6),
    "open a netlink socket": Walls(None, "EACCES"),
    "make a pair of sockets": Walls(None, "EACCES"),
    "start a thread": ALLOWED,
    "map memory": ALLOWED,
    "fork": Walls(None, "EPERM"),
    "spawn": Walls("EACCES", "EPERM"),
    "clone a namespace": Walls(None, "EPERM"),
    "clone by the new call": Walls(None, "ENOSYS"),
    "signal itself": ALLOWED,
    "signal its thread": ALLOWED,
    "signal its parent": Walls("EPERM", "EPERM", since_abi=6),
    "signal its parent's thread": Walls("EPERM", "EPERM", since_abi=6),
    "signal any thread": Walls("EPERM", "EPERM", since_abi=6),
    "signal its group": Walls(None, "EPERM"),
    "open its parent": Walls(None, "EPERM"),
    "be told as another": Walls(None, "EPERM"),
    "be told by another signal": Walls(None, "EPERM"),
    "ask its own limits": ALLOWED,
    "ask its parent's limits": Walls(None, "EPERM"),
    "keep its niceness": ALLOWED,
    "keep its parent's niceness": Walls(None, "EPERM"),
    "set somebody's niceness": Walls(None, "EPERM"),
    "keep its CPUs": ALLOWED,
    "keep its parent's CPUs": Walls(None, "EPERM"),
    "keep its disk priority": ALLOWED,
    "set its parent's disk priority": Walls(None, "EPERM"),
    "leave its group": Walls(None, "EPERM"),
    "read a process's memory": Walls(None, "EPERM"),
    "trace": Walls(None, "EPERM"),
    "outlive its parent": Walls(None, "EPERM"),
    "use io_uring": Walls(None, "ENOSYS"),
    "watch files": Walls(None, "EPERM"),
    "keep a file without a name": Walls(None, "EPERM"),
    "use a keyring": Walls(None, "EPERM"),
    "use a message queue": Walls(None, "EPERM"),
    "share memory": Walls(None, "EPERM"),
    "change its personality": Walls(None, "EPERM"),
    "unshare": Walls(None, "EPERM"),
    "execute a descriptor": Walls(None, "EPERM"),
    "ask what a pipe holds": ALLOWED,
    "type on a terminal": Walls(None, "EPERM"),
    "make one of the newest calls": Walls(None, "ENOSYS"),
}
REFUSED: Final = {name: walls for name, walls in EXPECTED.items() if walls != ALLOWED}
USABLE: Final = [name for name, walls in EXPECTED.items() if walls == ALLOWED]
LEFT_OPEN_BY_LANDLOCK: Final = [
    name for name, walls in REFUSED.items() if walls.landlock is None or walls.since_abi > ABI
]
NOT_ON_EVERY_MACHINE: Final = {"make one of the newest calls", "use io_uring"}


class Site(NamedTuple):
    """Where attempts are made, and what the program is told of it."""

    work: Path
    inputs: Path
    told: str


def site(root: Path, listening: ExitStack) -> Site:
    """Prepare a workspace, inputs, and an outside with somebody listening."""
    work, inputs, outside = (root / name for name in ("work", "inputs", "outside"))
    for file in (work / "kept", inputs / "clip", inputs / "spare", outside / "secret"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("something")
    (outside / "spare").touch()
    tcp = listening.enter_context(socket.create_server(("127.0.0.1", 0)))
    abstract = f"renderio-box-tests-{tcp.getsockname()[1]}"
    for address in (str(outside / "door"), f"\0{abstract}"):
        door = listening.enter_context(socket.socket(socket.AF_UNIX))
        door.bind(address)
        door.listen()
    told = {
        "work": str(work),
        "input": str(inputs / "clip"),
        "outside": str(outside),
        "tcp_port": tcp.getsockname()[1],
        "abstract": abstract,
    }
    return Site(work, inputs, json.dumps(told))


@pytest.fixture(scope="session")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """Run the attempts once behind each set of walls, each time in a place of their own."""
    ended: Tried = {}
    for walls in ("none", "landlock", "seccomp", "both"):
        with ExitStack() as listening:
            at = site(tmp_path_factory.mktemp(walls), listening)
            paths = landlock(PYTHON, *python_rules(), "--read", at.inputs, "--write", at.work)
            options = {
                "none": [],
                "landlock": paths,
                "seccomp": ["--seccomp"],
                "both": [*paths, "--seccomp"],
            }[walls]
            program = [PYTHON, "-I", "-S", Path(attempts.__file__), at.told]
            run = launched(*options, "--", *program)
        assert run.stderr == ""
        ended[walls] = run.returncode, json.loads(run.stdout)
    return ended


def test_every_attempt_is_expected_to_end_in_some_way(tried: Tried) -> None:
    assert list(tried["none"][1]) == list(EXPECTED)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - NOT_ON_EVERY_MACHINE))
def test_without_walls_it_gets_through(tried: Tried, name: str) -> None:
    assert tried["none"][1][name] not in REFUSED[name][:2]


@pytest.mark.parametrize("walls", ["none", "landlock", "seccomp", "both"])
@pytest.mark.parametrize("name", USABLE)
def test_what_a_media_program_needs_stays_possible(tried: Tried, walls: str, name: str) -> None:
    assert tried[walls][1][name] == "ok"


@pytest.mark.parametrize(
    "name",
    [name for name, walls in REFUSED.items() if walls.landlock and walls.since_abi <= ABI],
)
def test_landlock_refuses(tried: Tried, name: str) -> None:
    assert tried["landlock"][1][name] == REFUSED[name].landlock


@pytest.mark.parametrize("name", LEFT_OPEN_BY_LANDLOCK)
def test_landlock_alone_leaves_open_what_the_other_wall_closes(tried: Tried, name: str) -> None:
    assert tried["landlock"][1][name] == tried["none"][1][name]


@pytest.mark.parametrize("name", [name for name, walls in REFUSED.items() if walls.seccomp])
def test_the_system_call_filter_refuses(tried: Tried, name: str) -> None:
    assert tried["seccomp"][1][name] == REFUSED[name].seccomp


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_both_walls_together_refuse(tried: Tried, name: str) -> None:
    assert tried["both"][1][name] == (REFUSED[name].seccomp or REFUSED[name].landlock)


@pytest.mark.parametrize(
    ("walls", "status"),
    [("none", 0), ("landlock", attempts.EXEC_REFUSED), ("both", attempts.EXEC_REFUSED)],
)
def test_landlock_keeps_it_from_becoming_another_program(
    tried: Tried, walls: str, status: int
) -> None:
    assert tried[walls][0] == status
