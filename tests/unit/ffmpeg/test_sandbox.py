from pathlib import Path

import pytest

from renderio_box.ffmpeg.sandbox import (
    ResourceLimits,
    Tools,
    environment,
    launcher,
    process_limit,
)

TOOLS = Tools(
    setpriv=Path("/usr/bin/setpriv"),
    prlimit=Path("/usr/bin/prlimit"),
    nice=Path("/usr/bin/nice"),
    taskset=Path("/usr/bin/taskset"),
)
LIMITS = ResourceLimits(memory_bytes=1000, file_bytes=2000, processes=300, nice=10)


def test_the_whole_launcher_of_a_child_that_may_use_every_cpu() -> None:
    assert launcher(TOOLS, LIMITS, cpus=(), as_root=False) == (
        *("/usr/bin/setpriv", "--no-new-privs", "--pdeathsig", "KILL"),
        *("/usr/bin/prlimit", "--as=4000", "--fsize=2000", "--nproc=300"),
        *("--nofile=4096", "--core=0"),
        *("/usr/bin/nice", "-n", "10"),
    )


def test_a_child_of_root_loses_every_capability() -> None:
    words = launcher(TOOLS, LIMITS, cpus=(), as_root=True)

    assert words[4:8] == ("--inh-caps", "-all", "--bounding-set", "-all")


def test_a_pinned_child_is_held_to_its_cpus() -> None:
    words = launcher(TOOLS, LIMITS, cpus=(1, 3), as_root=False)

    assert words[-6:] == ("/usr/bin/taskset", "--cpu-list", "1,3", "/usr/bin/nice", "-n", "10")


def test_the_child_knows_nothing_of_the_outside_but_this() -> None:
    assert environment(Path("/tmp/scratch"), font_config=None) == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp/scratch",
        "TMPDIR": "/tmp/scratch",
        "XDG_CACHE_HOME": "/tmp/scratch",
        "LC_ALL": "C.UTF-8",
        "AV_LOG_FORCE_NOCOLOR": "1",
    }


def test_a_machine_without_fontconfig_gets_ours() -> None:
    variables = environment(Path("/tmp/scratch"), font_config=Path("/tmp/fonts.conf"))

    assert variables["FONTCONFIG_FILE"] == "/tmp/fonts.conf"


@pytest.mark.parametrize(("cpus", "processes"), [(1, 4608), (64, 36_864)])
def test_the_limit_on_processes_grows_with_the_machine(cpus: int, processes: int) -> None:
    assert process_limit(cpus) == processes
