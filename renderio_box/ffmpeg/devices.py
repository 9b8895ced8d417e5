"""PURE. Devices that one child is given, as words for bubblewrap and for the launcher."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

PROC: Final = Path("/proc")
SYSTEM: Final = Path("/sys")
DRIVER_FACTS: Final = (PROC / "driver/nvidia", PROC / "driver/nvidia-uvm", PROC / "devices")
"""What NVIDIA's library reads about the driver."""


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """Device files, and what their drivers look at besides.

    ``readable`` are files and directories outside of /usr, ``links`` are symbolic links by
    which drivers find the way to them, with their targets; ``listed`` are directories whose
    names may be seen. ``reserves`` tells that their libraries reserve far more address space
    than there is memory; ``is_cuda`` that NVIDIA's will run, which reads all of /sys and names
    its threads in /proc.
    """

    nodes: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    links: tuple[tuple[Path, str], ...] = ()
    listed: tuple[Path, ...] = ()
    reserves: bool = False
    is_cuda: bool = False


NO_DEVICES: Final = Devices()


def shown(devices: Devices) -> Iterator[str]:
    """Yield bubblewrap's words that put devices into a namespace.

    Its own /proc shows nothing but the processes of the namespace.
    """
    for node in devices.nodes:
        yield from ("--dev-bind", str(node), str(node))
    if devices.is_cuda:
        yield from ("--ro-bind", str(SYSTEM), str(SYSTEM), "--proc", str(PROC))
        return
    for path in devices.readable:
        yield from ("--ro-bind", str(path), str(path))
    for link, target in devices.links:
        yield from ("--symlink", target, str(link))


def permitted(devices: Devices) -> Iterator[str]:
    """Yield the launcher's words by which Landlock lets devices be used."""
    for node in devices.nodes:
        yield from ("--device", str(node))
    for directory in devices.listed:
        yield from ("--list-if-there", str(directory))
    for path in devices.readable:
        yield from ("--read-if-there", str(path))
    if devices.is_cuda:
        for path in (SYSTEM, *DRIVER_FACTS):
            yield from ("--read-if-there", str(path))
        yield "--own-process"
