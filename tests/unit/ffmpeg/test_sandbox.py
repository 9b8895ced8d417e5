import signal
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs

from renderio_box.ffmpeg.devices import Devices
from renderio_box.ffmpeg.sandbox import (
    Isolation,
    Machine,
    Reach,
    ResourceLimits,
    Share,
    Tier,
    environment,
    process_limit,
    walls,
)

MACHINE = Machine(
    launcher=Path("/opt/box/launcher"),
    bubblewrap=Path("/usr/bin/bwrap"),
    landlock=True,
    links={Path("/lib"): "usr/lib"},
    loaders=(Path("/lib64/ld-linux-x86-64.so.2"),),
)
OLD = structs.replace(MACHINE, landlock=False)
LIMITS = ResourceLimits(memory_bytes=1000, file_bytes=2000, processes=300, nice=10)
REACH = Reach(
    directory=Path("/data/work/1/out"),
    readable=(Path("/data/work/1/in"),),
    writable=(Path("/data/work/1/out"),),
    executable=(Path("/opt/ffmpeg"),),
)
LIMITED = (
    *("/opt/box/launcher", "--die-with-parent", "--no-capabilities"),
    *("--as", "4000", "--fsize", "2000", "--nproc", "300", "--nofile", "4096"),
)


def words(tier: Tier, machine: Machine = MACHINE, share: Share | None = None) -> list[str]:
    return walls(tier, machine, LIMITS, REACH, share or Share())


def pairs(arguments: list[str], option: str) -> list[str]:
    """Return the words that follow each ``option``."""
    return [after for word, after in pairwise(arguments) if word == option]


def isolation(tier: Tier, font_config: Path | None = None) -> Isolation:
    return Isolation(
        tier=tier,
        machine=MACHINE,
        limits=LIMITS,
        font_config=font_config,
        readable=(Path("/opt/fonts"),),
    )


def test_an_unsandboxed_child_has_its_limits_and_nothing_else() -> None:
    assert tuple(words(Tier.UNSANDBOXED)) == (*LIMITED, "--nice", "10", "--")


def test_a_child_may_be_held_to_cpus_and_to_processor_time() -> None:
    share = Share(cpus=(1, 3), cpu_seconds=60)

    assert tuple(words(Tier.UNSANDBOXED, share=share)) == (
        *(*LIMITED, "--cpu", "60", "--cpus", "1,3", "--nice", "10", "--"),
    )


def test_landlock_lets_a_child_write_in_its_own_directories_and_to_the_null_device() -> None:
    arguments = words(Tier.LANDLOCK)

    assert arguments[0] == str(MACHINE.launcher)
    assert {"--seccomp", "--landlock"} <= set(arguments)
    assert pairs(arguments, "--write") == ["/dev/null", "/data/work/1/out"]


def test_landlock_lets_a_child_read_its_inputs_and_what_programs_need() -> None:
    arguments = words(Tier.LANDLOCK)

    assert pairs(arguments, "--read") == ["/data/work/1/in"]
    assert "/usr" in pairs(arguments, "--read-if-there")
    assert not {"/etc", "/proc", "/", "/home"} & {*arguments}


def test_landlock_lets_a_child_start_its_program_and_no_other() -> None:
    assert pairs(words(Tier.LANDLOCK), "--execute") == [
        "/lib64/ld-linux-x86-64.so.2",
        "/opt/ffmpeg",
    ]


def test_bubblewrap_shows_a_child_its_files_under_their_own_names() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    at = arguments.index("--bind")
    assert arguments[at : at + 3] == ["--bind", "/data/work/1/out", "/data/work/1/out"]
    assert "/data/work/1/in" in pairs(arguments, "--ro-bind")
    assert pairs(arguments, "--chdir") == ["/data/work/1/out"]


def test_bubblewrap_shows_a_child_neither_processes_nor_settings() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    assert not {"--proc", "/dev", "/etc", "/home", "/sys", "/run"} & {*arguments}
    assert {"--unshare-net", "--unshare-pid", "--unshare-user", "--unshare-ipc"} <= {*arguments}


def test_bubblewrap_keeps_a_directory_that_is_a_link_into_usr_a_link() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    assert arguments[arguments.index("--symlink") + 1 :][:2] == ["usr/lib", "/lib"]
    assert "/lib64" in pairs(arguments, "--ro-bind-try")


def test_nothing_of_ours_is_given_to_a_child_after_its_own_are() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    assert arguments.index("--remount-ro") > arguments.index("--bind")


def given(devices: Devices, tier: Tier) -> list[str]:
    return walls(tier, MACHINE, LIMITS, structs.replace(REACH, devices=devices), Share())


def test_devices_are_shown_and_may_be_controlled_in_every_tier() -> None:
    graphics = Devices(nodes=(Path("/dev/dri/renderD128"),))

    shown, permitted = given(graphics, Tier.BUBBLEWRAP), given(graphics, Tier.LANDLOCK)

    assert "/dev/dri/renderD128" in pairs(shown, "--dev-bind")
    assert pairs(shown, "--device") == pairs(permitted, "--device") == ["/dev/dri/renderD128"]
    assert ("--seccomp", "--controls") in pairwise(permitted)


def test_without_a_device_nothing_is_controlled() -> None:
    assert "--controls" not in given(Devices(), Tier.BUBBLEWRAP)


def test_what_reserves_memory_is_bound_by_what_it_holds() -> None:
    card = Devices(nodes=(Path("/dev/nvidia0"),), reserves=True)

    words = given(card, Tier.LANDLOCK)

    assert (pairs(words, "--as"), pairs(words, "--data")) == ([], ["4000"])


def test_no_devices_are_there_but_those_that_hold_nothing() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    devices = {each for each in arguments if each.startswith("/dev/")}
    assert devices == {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"}
    assert "--dev" not in arguments


def test_inside_bubblewrap_landlock_is_used_too() -> None:
    arguments = words(Tier.BUBBLEWRAP)

    assert {"--landlock", "--seccomp"} <= {*arguments[arguments.index("--") :]}


def test_bubblewrap_does_without_landlock_where_the_kernel_has_none() -> None:
    arguments = words(Tier.BUBBLEWRAP, OLD)

    assert "--seccomp" in arguments[arguments.index("--") :]
    assert not {"--landlock", "--read", "--write", "--execute"} & {*arguments}


def test_a_program_may_read_what_the_operator_and_the_fonts_need() -> None:
    arguments = isolation(Tier.LANDLOCK, Path("/box/fonts.conf")).arguments(
        Path("/usr/bin/ffmpeg"), "-version", reach=REACH
    )

    assert pairs(arguments, "--read") == ["/opt/fonts", "/box", "/data/work/1/in"]
    assert arguments[-3:] == ["--", "/usr/bin/ffmpeg", "-version"]


@pytest.mark.parametrize(
    ("tier", "machine", "name"),
    [
        (Tier.BUBBLEWRAP, MACHINE, "bubblewrap with landlock"),
        (Tier.BUBBLEWRAP, OLD, "bubblewrap"),
        (Tier.LANDLOCK, MACHINE, "landlock"),
        (Tier.UNSANDBOXED, MACHINE, "unsandboxed"),
    ],
)
def test_an_isolation_is_called_by_what_it_is_made_of(
    tier: Tier, machine: Machine, name: str
) -> None:
    assert structs.replace(isolation(tier), machine=machine).name == name


@pytest.mark.parametrize(
    ("tier", "status", "meaning"),
    [
        (Tier.BUBBLEWRAP, 0, 0),
        (Tier.BUBBLEWRAP, 1, 1),
        (Tier.BUBBLEWRAP, 234, 234),
        (Tier.BUBBLEWRAP, 153, -signal.SIGXFSZ),
        (Tier.BUBBLEWRAP, 137, -signal.SIGKILL),
        (Tier.LANDLOCK, 153, 153),
        (Tier.LANDLOCK, -25, -25),
    ],
)
def test_a_signal_is_known_in_every_tier(tier: Tier, status: int, meaning: int) -> None:
    assert isolation(tier).exit_status(status) == meaning


def test_the_child_knows_nothing_of_the_outside_but_this() -> None:
    assert environment(Path("/tmp/scratch"), font_config=None) == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp/scratch",
        "TMPDIR": "/tmp/scratch",
        "XDG_CACHE_HOME": "/tmp/scratch",
        "LC_ALL": "C.UTF-8",
        "AV_LOG_FORCE_NOCOLOR": "1",
    }


def test_a_child_without_a_home_is_at_home_nowhere() -> None:
    assert environment(None, font_config=None)["HOME"] == "/"


def test_a_machine_without_fontconfig_gets_ours() -> None:
    variables = environment(Path("/tmp/scratch"), font_config=Path("/tmp/fonts.conf"))

    assert variables["FONTCONFIG_FILE"] == "/tmp/fonts.conf"


@pytest.mark.parametrize(("cpus", "processes"), [(1, 4608), (64, 36_864)])
def test_every_job_has_room_for_its_threads(cpus: int, processes: int) -> None:
    assert process_limit(cpus) == processes
