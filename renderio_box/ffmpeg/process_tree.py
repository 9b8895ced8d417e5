"""What a child and everything it has started cost so far, as the kernel counts it."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.ffmpeg.executor import Effort

PROC: Final = Path("/proc")
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process of the machine; ``ticks`` is its CPU time with that of children it waited for."""

    id: int
    parent: int
    session: int
    ticks: int


def effort_of(leader: int) -> Effort:
    """Return what the leader's whole family has cost, as far as the kernel tells.

    Blocks for about 10 µs for each process of the machine.
    """
    members = family(leader, processes())
    traffic = [traffic_of(member.id) for member in members]
    return Effort(
        processor_seconds=sum(member.ticks for member in members) / TICKS_PER_S,
        read_bytes=sum(each.get(b"rchar", 0) for each in traffic),
        written_bytes=sum(each.get(b"wchar", 0) for each in traffic),
    )


def family(leader: int, everybody: Iterable[Process]) -> list[Process]:
    """Return the leader, its session, and everything that descends from any of these.

    FFmpeg may be a grandchild in a session or a process namespace of its own, and a
    process whose parent has ended is nobody's child.
    """
    children = defaultdict[int, list[Process]](list)
    found: dict[int, Process] = {}
    for process in everybody:
        children[process.parent].append(process)
        if leader in (process.id, process.session):
            found[process.id] = process
    fresh = list(found.values())
    while fresh:
        born = [child for parent in fresh for child in children[parent.id]]
        fresh = [child for child in born if child.id not in found]
        found |= {child.id: child for child in fresh}
    return list(found.values())


def processes() -> Iterator[Process]:
    """Look at every process of the machine that we may see."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                yield read_process((entry / "stat").read_bytes())


def read_process(stat: bytes) -> Process:
    """Read a ``/proc/…/stat``; the program's name in it may hold blanks and brackets."""
    number, _, rest = stat.partition(b" (")
    fields = rest[rest.rindex(b")") + 2 :].split()
    return Process(
        id=int(number),
        parent=int(fields[1]),
        session=int(fields[3]),
        ticks=sum(map(int, fields[11:15])),
    )


def traffic_of(process: int) -> dict[bytes, int]:
    """Return how much a process has read and written, nothing when that is not to be known."""
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        lines = (PROC / str(process) / "io").read_bytes().splitlines()
        return {name: int(count) for name, _, count in (line.partition(b":") for line in lines)}
    return {}
