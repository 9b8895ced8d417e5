"""Devices are there for commands that use hardware, and for no others."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Final

import pytest

from renderio_box.ffmpeg.executor import Ended, Execution
from renderio_box.ffmpeg.hardware import DeviceSet
from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.local_executor import LocalExecutor
from renderio_box.ffmpeg.progress import Report
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tier, process_limit
from tests.security.launching import ABI, PYTHON, landlock, launched, python_rules

FFMPEG: Final = Path(os.path.realpath(shutil.which("ffmpeg") or "/usr/bin/ffmpeg"))
LIMITS: Final = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
FULL: Final = os.makedev(1, 7)
"""The numbers of /dev/full: whoever reads it gets zeros, and nothing else can be done with it."""
COPIED: Final = ("-map", "0", "-c", "copy", "-fs", "4000", "-f", "data", "copied")
DRM_VERSION: Final = 0xC0406400
SET_FLAGS: Final = 0x40086602
ASKING: Final = """
import errno, fcntl, os, sys
device = os.open(sys.argv[1], os.O_RDWR)
for request in map(int, sys.argv[2:]):
    try:
        fcntl.ioctl(device, request, bytes(64))
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device of no consequence, which a name that drivers are reached by stands for."""
    path = tmp_path / "renderD128"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, FULL)
        path.chmod(0o666)
        with path.open("rb") as opened:
            opened.read(1)
    except PermissionError:
        pytest.skip("devices cannot be made here")
    return path


@pytest.fixture(params=[Tier.BUBBLEWRAP, Tier.LANDLOCK])
async def tier(request: pytest.FixtureRequest) -> Tier:
    try:
        await find_isolation(FFMPEG, LIMITS, Wanted(tiers=(request.param,)), font_config=None)
    except IsolationError as error:
        pytest.skip(str(error))
    return request.param


def ignore(report: Report) -> None:
    del report


async def copied(tier: Tier, device: Path, *before: str, configured: bool = True) -> Ended:
    """Have FFmpeg copy a few bytes from the device, with further words before its input."""
    isolation = await find_isolation(FFMPEG, LIMITS, Wanted(tiers=(tier,)), font_config=None)
    devices = DeviceSet((device,) if configured else ())
    executor = LocalExecutor(FFMPEG, isolation, log_bytes=64 * 1024, devices=devices)
    room = device.parent / "room"
    (room / "tmp").mkdir(parents=True)
    execution = Execution(
        arguments=("-y", "-nostdin", *before, "-f", "data", "-i", f"file:{device}", *COPIED),
        directory=room,
        scratch=room / "tmp",
        timeout_s=20.0,
    )
    return await executor.run(execution, ignore)


async def test_a_command_that_uses_hardware_can_open_its_device(tier: Tier, device: Path) -> None:
    ended = await copied(tier, device, "-hwaccel", "vaapi")

    assert (ended.exit_status, ended.lacking) == (0, "")
    assert set((device.parent / "room" / "copied").read_bytes()) == {0}


async def test_a_command_for_nvidia_runs_without_a_bound_on_what_it_reserves(
    tier: Tier, device: Path
) -> None:
    ended = await copied(tier, device, "-hwaccel", "cuda")

    assert (ended.exit_status, ended.lacking) == (0, "")


async def test_a_command_that_uses_none_cannot_open_it(tier: Tier, device: Path) -> None:
    ended = await copied(tier, device)

    assert ended.exit_status != 0
    assert not (device.parent / "room" / "copied").exists()


async def test_a_device_that_is_not_configured_is_for_nobody(tier: Tier, device: Path) -> None:
    ended = await copied(tier, device, "-hwaccel", "vaapi", configured=False)

    assert ended.exit_status != 0
    assert ended.lacking == (
        "this box lets commands use no device for VA-API (hardware.devices names none)"
    )


async def test_a_disk_or_a_file_is_never_given_as_a_device(tier: Tier, tmp_path: Path) -> None:
    secret = tmp_path / "renderD128"
    secret.write_text("secret")

    ended = await copied(tier, secret, "-hwaccel", "vaapi")

    assert ended.exit_status != 0
    assert ended.lacking == f"{secret} of hardware.devices is no character device"


def answers(device: Path, *walls: str | Path) -> list[str]:
    """Return what becomes of a request to a graphics driver, and of one to a file system."""
    rules = landlock(PYTHON, *python_rules(), *walls)
    ended = launched(
        *(*rules, "--", PYTHON, "-I", "-S", "-c", ASKING, device),
        *(str(DRM_VERSION), str(SET_FLAGS)),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split()


def test_a_device_that_is_given_hears_requests_to_drivers_and_no_others(device: Path) -> None:
    nothing_of_the_kind = errno.errorcode[errno.ENOTTY]

    heard = answers(device, "--device", device, "--seccomp", "--controls")

    assert heard == [nothing_of_the_kind, "EPERM"]


def test_nothing_is_asked_of_a_device_that_is_only_written_to(device: Path) -> None:
    assert answers(device, "--write", device, "--seccomp") == ["EPERM", "EPERM"]
    if ABI >= 5:
        heard = answers(device, "--write", device, "--seccomp", "--controls")
        assert heard == ["EACCES", "EPERM"]


def test_a_program_sees_itself_in_the_list_of_processes_and_no_other() -> None:
    reading = "import sys; sys.stdout.write(open(sys.argv[1]).read(6))"
    own = landlock(PYTHON, *python_rules(), "--own-process")

    ended = [
        launched(*own, "--", PYTHON, "-I", "-S", "-c", reading, path)
        for path in ("/proc/self/comm", f"/proc/{os.getpid()}/comm")
    ]

    assert [each.returncode for each in ended] == [0, 1]
    assert "Permission denied" in ended[1].stderr


def test_what_is_only_reserved_does_not_count_as_held() -> None:
    reserving = "import mmap; mmap.mmap(-1, 2**33, prot=mmap.PROT_READ); print('reserved')"
    holding = "import mmap; mmap.mmap(-1, 2**33, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"

    ended = [
        launched("--data", str(2**30), "--", PYTHON, "-I", "-S", "-c", script)
        for script in (reserving, holding)
    ]

    assert [each.returncode for each in ended] == [0, 1]
    assert "Cannot allocate memory" in ended[1].stderr


def test_controls_without_a_filter_are_refused() -> None:
    ended = launched("--controls", "--", "/bin/true")

    assert (ended.returncode, ended.stderr) == (
        125,
        "launcher: without --seccomp: --controls: Invalid argument\n",
    )
