"""Which of the devices that commands may use there are, and what keeps them from being used."""

import errno
import grp
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

import msgspec
from anyio import to_thread

from renderio_box.ffmpeg.devices import NO_DEVICES, Devices
from renderio_box.jobs.hardware import Hardware, devices_named, hardware_of

SETTING: Final = "hardware.devices"
GRAPHICS: Final = Path("/dev/dri")
SYSTEM: Final = Path("/sys")
NVIDIA: Final = "/dev/nvidia"
NVIDIA_CONTROL: Final = tuple(
    Path(f"/dev/nvidia{name}") for name in ("ctl", "-uvm", "-uvm-tools", "-modeset")
)
"""What NVIDIA's library opens besides the card itself; without the third, newer ones give up."""
LOADER_FILES: Final = (Path("/etc/OpenCL"), Path("/etc/vulkan"), Path("/etc/libva.conf"))
"""Where libraries are told which driver to load, besides /usr."""
FAMILIES: Final = {
    str(GRAPHICS): frozenset(Hardware) - {Hardware.CUDA, Hardware.V4L2},
    NVIDIA: frozenset({Hardware.CUDA, Hardware.VULKAN, Hardware.OPENCL}),
    "/dev/video": frozenset({Hardware.V4L2}),
    "/dev/media": frozenset({Hardware.V4L2}),
}
"""What devices are for, by how their names begin; others are for whatever uses any."""


RESERVING: Final = frozenset({Hardware.CUDA, Hardware.VULKAN, Hardware.OPENCL})
"""Hardware whose libraries reserve address space for all that a card could ever be given."""


class State(Enum):
    """What becomes of an attempt to use a device."""

    READY = auto()
    ABSENT = auto()
    HIDDEN = auto()
    NO_DEVICE = auto()
    CLOSED = auto()
    FORBIDDEN = auto()


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A device file as it was found; ``group`` is whose members may use it."""

    path: Path
    state: State
    group: str = ""

    @property
    def is_absent(self) -> bool:
        """Tell whether the machine has no such device, as far as is seen."""
        return self.state is State.ABSENT

    @property
    def fault(self) -> str:
        """Return what is wrong with it as a clause; empty when nothing is."""
        match self.state:
            case State.READY:
                return ""
            case State.ABSENT:
                return f"{self.path} of {SETTING} is not on this machine"
            case State.HIDDEN:
                return (
                    f"{self.path} of {SETTING} is hidden from the box, by PrivateDevices= of its"
                    " unit or by its container"
                )
            case State.NO_DEVICE:
                return f"{self.path} of {SETTING} is no character device"
            case State.CLOSED:
                return (
                    f"the box's user may not open {self.path} and is not in the group {self.group}"
                )
            case State.FORBIDDEN:
                return (
                    f"the box may not open {self.path}: DeviceAllow= of its unit, or its container,"
                    " forbids it"
                )


class DeviceSet:
    """The devices of the configuration, as they are whenever one is needed."""

    def __init__(self, configured: Iterable[Path] = ()) -> None:
        self._configured = tuple(configured)

    async def given(self, words: Sequence[str]) -> Devices:
        """Return what a command is given: nothing unless it uses hardware."""
        kinds = hardware_of(words)
        if not kinds or not self._configured:
            return NO_DEVICES
        return await to_thread.run_sync(devices_of, self._configured, kinds)

    async def fault(self, words: Sequence[str]) -> str:
        """Return what a command that uses hardware lacks, as a clause.

        It is empty when all is there, and for commands that use none.
        """
        kinds = hardware_of(words)
        if not kinds:  # nothing to look for: most commands are like that
            return ""
        nodes = await to_thread.run_sync(nodes_for, self._configured, kinds)
        return fault_of(kinds, nodes, devices_named(words))


NONE_AT_ALL: Final = DeviceSet()


def fault_of(kinds: frozenset[Hardware], nodes: Sequence[Node], named: Sequence[str]) -> str:
    """Return what keeps a command from its hardware, as a clause; empty when nothing is seen to.

    ``named`` are the device files that the command itself speaks of.
    """
    if not kinds:
        return ""
    if not nodes:
        kind = " or ".join(sorted(kinds))
        return f"this box lets commands use no device for {kind} ({SETTING} names none)"
    paths = {str(node.path) for node in nodes}
    if stray := [name for name in named if name not in paths]:
        return f"{stray[0]} is not among the devices that commands may use ({SETTING})"
    wanted = [node for node in nodes if str(node.path) in named] or nodes
    if any(node.state is State.READY for node in wanted):
        return ""
    return wanted[0].fault


def devices_of(configured: Sequence[Path], kinds: frozenset[Hardware]) -> Devices:
    """Return the devices that commands with this hardware are given. Blocks."""
    nodes = [path for path in expanded(configured) if is_for(path, kinds) and is_device(path)]
    is_cuda = bool(nodes) and (Hardware.CUDA in kinds or any(map(is_nvidia, nodes)))
    if is_cuda:
        nodes += [path for path in NVIDIA_CONTROL if path not in nodes and is_device(path)]
    folders = {path: found for path in nodes if (found := system_folder(path)) is not None}
    links = [link for path, folder in folders.items() for link in links_to(path, folder)]
    return Devices(
        nodes=tuple(nodes),
        readable=(*sorted({card_of(each) for each in folders.values()}), *loader_files(nodes)),
        links=tuple(links),
        listed=(GRAPHICS,) if folders else (),
        reserves=is_cuda or bool(nodes and kinds & RESERVING),
        is_cuda=is_cuda,
    )


def nodes_for(configured: Sequence[Path], kinds: frozenset[Hardware]) -> list[Node]:
    """Return what there is for this hardware, each tried by opening it. Blocks."""
    return [node_at(path) for path in expanded(configured) if is_for(path, kinds)]


def expanded(configured: Iterable[Path]) -> Iterator[Path]:
    """Yield the devices, for a directory those that are in it."""
    for path in configured:
        inside = sorted(path.iterdir()) if path.is_dir() else ()
        yield from filter(is_device, inside) if inside else (path,)


def is_for(path: Path, kinds: frozenset[Hardware]) -> bool:
    """Tell whether a device may be what this hardware is reached by."""
    families = [fits for begins, fits in FAMILIES.items() if str(path).startswith(begins)]
    return not families or bool(families[0] & kinds)


def is_nvidia(path: Path) -> bool:
    """Tell whether a device is a card of NVIDIA's."""
    return str(path).startswith(NVIDIA)


def is_device(path: Path) -> bool:
    """Tell whether a character device is there; a disk is never given to anyone."""
    with suppress(OSError):
        return stat.S_ISCHR(path.stat().st_mode)
    return False


def node_at(path: Path) -> Node:
    """Return a device as it is found by opening it."""
    try:
        facts = path.stat()
    except OSError:
        hidden = (SYSTEM / "class/drm" / path.name).exists()
        return Node(path=path, state=State.HIDDEN if hidden else State.ABSENT)
    if not stat.S_ISCHR(facts.st_mode):
        return Node(path=path, state=State.NO_DEVICE)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError as error:
        state = {errno.EACCES: State.CLOSED, errno.EPERM: State.FORBIDDEN}.get(error.errno or 0)
        return Node(path=path, state=state or State.ABSENT, group=group_name(facts.st_gid))
    return Node(path=path, state=State.READY)


def group_name(number: int) -> str:
    """Return the name of a group, its number where it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def system_folder(node: Path) -> Path | None:
    """Return the kernel's directory about a graphics device; None for other devices."""
    number = node.stat().st_rdev
    entry = SYSTEM / "dev/char" / f"{os.major(number)}:{os.minor(number)}"
    folder = entry.resolve()
    return folder if folder.parent.name == "drm" else None


def card_of(folder: Path) -> Path:
    """Return the kernel's directory about the card behind a graphics device."""
    return (folder / "device").resolve()


def links_to(node: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the links by which libraries come from a graphics device to facts about its card."""
    number = node.stat().st_rdev
    yield SYSTEM / "dev/char" / f"{os.major(number)}:{os.minor(number)}", str(folder)
    yield SYSTEM / "class/drm" / folder.name, str(folder)


def loader_files(nodes: Sequence[Path]) -> tuple[Path, ...]:
    """Return where libraries are told which driver to load; nothing without a device."""
    return tuple(path for path in LOADER_FILES if nodes and path.exists())
