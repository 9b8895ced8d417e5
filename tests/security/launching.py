"""Starting programs through the launcher, with or without walls."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from renderio_box.ffmpeg.native import launcher_path

LOADERS = [*Path("/lib").glob("ld-*.so.*"), *Path("/lib64").glob("ld-*.so.*")]
PYTHON = os.path.realpath(sys.executable)
ABI = int(subprocess.check_output([launcher_path(), "--abi"]))
LIMIT_S = 60

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")


def launched(*words: str | Path, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run the launcher with these words and return how it ended."""
    return subprocess.run(
        [launcher_path(), *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def landlock(program: str | Path, *rules: str | Path) -> list[str | Path]:
    """Return the options under which a program of the system starts and sees what is said."""
    needed: list[str | Path] = ["--landlock", "--read", "/usr", "--execute", program]
    for path in ("/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives"):
        needed += ["--read-if-there", path]
    for loader in LOADERS:
        needed += ["--execute", loader]
    return [*needed, *rules]


def status_of(*walls: str | Path) -> dict[str, str]:
    """Return what the kernel says of a program behind these walls."""
    said = launched(*walls, "--", "/bin/cat", "/proc/self/status")
    assert (said.returncode, said.stderr) == (0, "")
    return dict(line.split(":\t", 1) for line in said.stdout.splitlines() if ":\t" in line)


def python_rules() -> list[str | Path]:
    """Return the options under which the Python of these tests finds itself, and these tests."""
    return ["--read", sys.base_prefix, "--read", Path(__file__).parent]
