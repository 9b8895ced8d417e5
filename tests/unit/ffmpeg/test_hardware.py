import os
import stat
from pathlib import Path

import pytest

from renderio_box.ffmpeg import hardware
from renderio_box.ffmpeg.devices import NO_DEVICES
from renderio_box.ffmpeg.hardware import (
    DeviceSet,
    Node,
    State,
    devices_of,
    expanded,
    fault_of,
    group_name,
    is_for,
    node_at,
)
from renderio_box.jobs.hardware import Hardware

VAAPI, CUDA = frozenset({Hardware.VAAPI}), frozenset({Hardware.CUDA})
ENCODE = ("-i", "a", "-c:v", "h264_vaapi", "b")
RENDER = Path("/dev/dri/renderD128")


@pytest.mark.parametrize(
    ("path", "kinds", "fits"),
    [
        ("/dev/dri/renderD128", VAAPI, True),
        ("/dev/dri/renderD128", CUDA, False),
        ("/dev/nvidia0", CUDA, True),
        ("/dev/nvidia0", VAAPI, False),
        ("/dev/nvidia0", frozenset({Hardware.VULKAN}), True),
        ("/dev/dri/card0", frozenset({Hardware.VULKAN}), True),
        ("/dev/video11", frozenset({Hardware.V4L2}), True),
        ("/dev/video11", VAAPI, False),
        ("/dev/mpp_service", frozenset({Hardware.ROCKCHIP}), True),
        ("/dev/dri/renderD128", frozenset({Hardware.ROCKCHIP}), True),
    ],
)
def test_a_device_is_for_the_hardware_that_is_reached_by_it(
    path: str, kinds: frozenset[Hardware], *, fits: bool
) -> None:
    assert is_for(Path(path), kinds) is fits


async def test_a_command_that_uses_no_hardware_is_given_no_device() -> None:
    devices = DeviceSet([Path("/dev/null")])

    assert await devices.given(("-i", "a", "-c:v", "libx264", "b")) is NO_DEVICES
    assert await devices.fault(("-i", "a", "b")) == ""


async def test_a_command_that_uses_hardware_is_given_what_there_is() -> None:
    devices = DeviceSet([Path("/dev/null"), Path("/dev/missing")])

    assert (await devices.given(ENCODE)).nodes == (Path("/dev/null"),)
    assert await devices.fault(ENCODE) == ""


def test_a_file_is_no_device(tmp_path: Path) -> None:
    (tmp_path / "card").touch()

    assert devices_of([tmp_path / "card"], VAAPI).nodes == ()
    assert node_at(tmp_path / "card").state is State.NO_DEVICE


def test_a_directory_stands_for_the_devices_in_it(tmp_path: Path) -> None:
    (tmp_path / "by-path").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")

    assert list(expanded([tmp_path, RENDER])) == [tmp_path / "null", RENDER]


def test_an_empty_directory_is_missed_by_its_name(tmp_path: Path) -> None:
    assert list(expanded([tmp_path])) == [tmp_path]


def test_a_device_that_is_not_there_is_told_from_one_that_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "SYSTEM", tmp_path)
    (tmp_path / "class" / "drm" / "renderD128").mkdir(parents=True)

    states = [node_at(Path(f"/dev/missing/{name}")).state for name in ("renderD128", "renderD129")]

    assert states == [State.HIDDEN, State.ABSENT]


def test_a_device_that_opens_is_ready() -> None:
    assert node_at(Path("/dev/null")) == Node(path=Path("/dev/null"), state=State.READY)


@pytest.mark.parametrize(
    ("error", "state"), [(13, State.CLOSED), (1, State.FORBIDDEN), (19, State.ABSENT)]
)
def test_a_device_that_does_not_open_is_told_by_the_reason(
    error: int, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "open", refuse)

    found = node_at(Path("/dev/null"))

    assert (found.state, found.group) == (state, group_name(Path("/dev/null").stat().st_gid))


def test_a_group_without_a_name_goes_by_its_number() -> None:
    assert group_name(987_654) == "987654"


@pytest.mark.parametrize(
    ("nodes", "named", "fault"),
    [
        ([], (), "this box lets commands use no device for VA-API (hardware.devices names none)"),
        ([State.READY], (), ""),
        ([State.ABSENT], (), "/dev/dri/renderD128 of hardware.devices is not on this machine"),
        (
            [State.CLOSED],
            (),
            "the box's user may not open /dev/dri/renderD128 and is not in the group render",
        ),
        (
            [State.READY],
            ("/dev/dri/renderD129",),
            "/dev/dri/renderD129 is not among the devices that commands may use (hardware.devices)",
        ),
        ([State.READY, State.ABSENT], (), ""),
    ],
)
def test_what_is_missing_is_one_clause(
    nodes: list[State], named: tuple[str, ...], fault: str
) -> None:
    found = [Node(path=RENDER, state=state, group="render") for state in nodes]

    assert fault_of(VAAPI, found, named) == fault


@pytest.mark.parametrize("state", [State.HIDDEN, State.FORBIDDEN, State.NO_DEVICE])
def test_every_fault_names_its_device(state: State) -> None:
    assert str(RENDER) in Node(path=RENDER, state=state).fault


def test_a_graphics_device_comes_with_its_card_in_sys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = Path("/dev/null").stat().st_rdev
    card = tmp_path / "devices" / "pci0" / "0000:00:02.0"
    folder = card / "drm" / "renderD128"
    folder.mkdir(parents=True)
    (folder / "device").symlink_to("../..")
    entry = tmp_path / "dev" / "char" / f"{os.major(number)}:{os.minor(number)}"
    entry.parent.mkdir(parents=True)
    entry.symlink_to(folder)
    monkeypatch.setattr(hardware, "SYSTEM", tmp_path)
    monkeypatch.setattr(hardware, "LOADER_FILES", ())

    found = devices_of([Path("/dev/null")], VAAPI)

    assert stat.S_ISCHR(found.nodes[0].stat().st_mode)
    assert (found.readable, found.listed, found.is_cuda) == ((card,), (Path("/dev/dri"),), False)
    assert found.links == (
        (entry, str(folder)),
        (tmp_path / "class" / "drm" / "renderD128", str(folder)),
    )
