"""The launcher's options: limits, privileges, lifetimes, and what it does not accept."""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderio_box.ffmpeg.native import launcher_path
from tests.security.launching import as_root, landlock, launched, status_of

CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")
WAIT_S = 5
BRIEFLY_MS = 200
UNREADABLE_MODE = 0o000


def limits_of(*walls: str) -> dict[str, tuple[str, str]]:
    """Return the soft and hard limits of a program behind these walls, by their kernel names."""
    said = launched(*walls, "--", "/bin/cat", "/proc/self/limits").stdout.splitlines()[1:]
    return {line[:25].strip(): (line[26:46].strip(), line[47:67].strip()) for line in said}


@pytest.mark.parametrize(
    ("walls", "limit", "soft_and_hard"),
    [
        (("--as", "1000000000"), "Max address space", ("1000000000", "1000000000")),
        (("--fsize", "5000"), "Max file size", ("5000", "5000")),
        (("--nproc", "300"), "Max processes", ("300", "300")),
        (("--nofile", "20"), "Max open files", ("20", "20")),
        (("--cpu", "7"), "Max cpu time", ("7", "12")),
        ((), "Max core file size", ("0", "0")),
        ((), "Max locked memory", ("65536", "65536")),
        ((), "Max msgqueue size", ("0", "0")),
    ],
)
def test_limits_are_set(walls: tuple[str, ...], limit: str, soft_and_hard: tuple[str, str]) -> None:
    assert limits_of(*walls)[limit] == soft_and_hard


def test_niceness_is_added() -> None:
    here = os.getpriority(os.PRIO_PROCESS, 0)

    said = launched("--nice", "3", "--", shutil.which("nice") or "/bin/nice").stdout

    assert int(said) == min(here + 3, 19)


def test_a_program_runs_on_the_given_cpus_only() -> None:
    cpu = str(max(os.sched_getaffinity(0)))

    assert status_of("--cpus", cpu)["Cpus_allowed_list"] == cpu


def test_a_control_group_is_joined_first(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()

    ended = launched("--cgroup", tmp_path, "--nice", "0", "--", "/bin/true")

    assert (ended.returncode, (tmp_path / "cgroup.procs").read_text()) == (0, "0")


def test_nobody_gains_privileges_behind_any_wall() -> None:
    assert status_of()["NoNewPrivs"] == "1"


def test_capabilities_are_gone_whoever_starts_it() -> None:
    status = status_of("--no-capabilities")

    assert {status[name] for name in CAPABILITY_SETS} == {"0" * 16}


@as_root
def test_root_has_no_capabilities_to_get_back() -> None:
    assert status_of("--no-capabilities")["CapBnd"] == "0" * 16


@as_root
def test_roots_files_keep_their_modes_for_root_without_capabilities(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch(mode=UNREADABLE_MODE)

    with_them = launched("--", "/bin/cat", kept)
    without = launched("--no-capabilities", "--", "/bin/cat", kept)

    assert (with_them.returncode, without.returncode) == (0, 1)


@pytest.mark.parametrize(("walls", "mode"), [((), "0"), (("--seccomp",), "2")])
def test_system_calls_are_filtered_when_asked_for(walls: tuple[str, ...], mode: str) -> None:
    assert status_of(*walls)["Seccomp"] == mode


def test_a_call_of_another_architecture_kills() -> None:
    getpid_by_int_80 = r"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
    program = (
        "import ctypes, mmap; code = mmap.mmap(-1, 4096, prot=7);"
        f" code.write(b'{getpid_by_int_80}');"
        " ctypes.CFUNCTYPE(int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()"
    )
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has such calls")

    ended = launched("--seccomp", "--", sys.executable, "-I", "-c", program)

    assert ended.returncode == -signal.SIGSYS


@pytest.fixture
def parent_and_child(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A process that started a sleeping one through the launcher: the id, and the child's pidfd."""
    script = "import subprocess, sys; c = subprocess.Popen(sys.argv[1:]); print(c.pid, flush=True); c.wait()"
    command = [launcher_path(), *request.param, "--", shutil.which("sleep") or "/bin/sleep", "60"]
    with subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        child_fd = os.pidfd_open(child)
        while "sleep" not in Path(f"/proc/{child}/comm").read_text():
            assert parent.poll() is None
        yield parent.pid, child_fd
        parent.kill()
        signal.pidfd_send_signal(child_fd, signal.SIGKILL)
        os.close(child_fd)


@pytest.mark.parametrize(
    ("parent_and_child", "dies"),
    [
        (("--die-with-parent",), True),
        (("--die-with-parent", "--no-capabilities", "--seccomp"), True),
        ((), False),
    ],
    indirect=["parent_and_child"],
)
def test_a_child_dies_with_a_killed_parent_when_asked_to(
    parent_and_child: tuple[int, int], *, dies: bool
) -> None:
    parent, child = parent_and_child
    end = select.poll()
    end.register(child, select.POLLIN)

    os.kill(parent, signal.SIGKILL)

    assert bool(end.poll(WAIT_S * 1000 if dies else BRIEFLY_MS)) is dies


def test_a_child_whose_parent_was_gone_before_does_not_start() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = launched("--die-with-parent", "--", "/bin/true", stdout=writing)
    os.close(writing)

    assert ended.returncode == 125


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "usage:"),
        (("--seccomp",), "usage:"),
        (("--seccomp", "--"), "usage:"),
        (("/bin/true",), "unknown option or no value: /bin/true"),
        (("--frob", "--", "/bin/true"), "unknown option --frob"),
        (("--seccom", "--", "/bin/true"), "unknown option --seccom"),
        (("--as=5", "--", "/bin/true"), "unknown option --as=5"),
        (("--abi", "--", "/bin/true"), "unknown option --abi"),
        (("--as",), "unknown option or no value: --as"),
        (("--as", "", "--", "/bin/true"), "--as : Invalid argument"),
        (("--as", "-1", "--", "/bin/true"), "--as -1: Invalid argument"),
        (("--as", "+1", "--", "/bin/true"), "--as +1: Invalid argument"),
        (("--as", " 1", "--", "/bin/true"), "--as  1: Invalid argument"),
        (("--as", "1k", "--", "/bin/true"), "--as 1k: Invalid argument"),
        (("--as", "0x10", "--", "/bin/true"), "--as 0x10: Invalid argument"),
        (("--as", str(2**64), "--", "/bin/true"), f"--as {2**64}: Invalid argument"),
        (("--nice", "20", "--", "/bin/true"), "--nice 20: Invalid argument"),
        (("--nice", "-5", "--", "/bin/true"), "--nice -5: Invalid argument"),
        (("--cpus", "", "--", "/bin/true"), "--cpus : Invalid argument"),
        (("--cpus", "0,", "--", "/bin/true"), "--cpus 0,: Invalid argument"),
        (("--cpus", "0-1", "--", "/bin/true"), "--cpus 0-1: Invalid argument"),
        (("--cpus", "1024", "--", "/bin/true"), "--cpus 1024: Invalid argument"),
        (("--cpus", "1023", "--", "/bin/true"), "--cpus sched_setaffinity: Invalid argument"),
        (("--read", "/", "--", "/bin/true"), "without --landlock: --read"),
        (
            ("--landlock", *("--read", "/") * 257, "--", "/bin/true"),
            "--read /: Argument list too long",
        ),
        (("--landlock", "--read", "/no/such", "--", "/bin/true"), "--read /no/such: No such file"),
        (("--landlock", "--write", "/no/such", "--", "/bin/true"), "--write /no/such: No such"),
        (("--cgroup", "/no/such", "--", "/bin/true"), "--cgroup /no/such: No such file"),
    ],
)
def test_what_cannot_be_done_as_asked_is_not_done_at_all(
    words: tuple[str, ...], complaint: str
) -> None:
    ended = launched(*words)

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (125, "", 1)
    assert ended.stderr.startswith(f"launcher: {complaint}")


@pytest.mark.parametrize(("program", "status"), [("/no/such", 127), ("/etc/passwd", 126)])
def test_a_program_that_does_not_start_is_told_like_env_does(program: str, status: int) -> None:
    ended = launched("--seccomp", "--", program)

    assert ended.returncode == status
    assert ended.stderr.startswith(f"launcher: {program}: ")


def test_a_path_that_may_be_missing_may_be_missing() -> None:
    walls = landlock("/bin/true", "--read-if-there", "/no/such")

    assert launched(*walls, "--", "/bin/true").returncode == 0


@pytest.fixture
def compiler() -> str:
    found = shutil.which("cc")
    return found or pytest.skip("there is no C compiler")


def test_every_system_call_on_the_lists_is_refused(compiler: str, tmp_path: Path) -> None:
    source, program = Path(__file__).with_name("every_call.c"), tmp_path / "every_call"
    subprocess.run(
        [compiler, "-std=c11", "-I", launcher_path().parent, source, "-o", program], check=True
    )

    ended = subprocess.run([program], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, "")


def test_its_source_compiles_without_a_warning(compiler: str) -> None:
    checked = subprocess.run(
        [
            *(compiler, "-std=c11", "-O2", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic"),
            *("-Wshadow", "-Wconversion", "-Werror"),
            *sorted(launcher_path().parent.glob("*.c")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
