"""The data directory: who may open it, and the disk that it is on."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.data_directory import DataDirectory, UrlKeysError
from renderio_box.doctor.finding import Finding, problem, warning, well
from renderio_box.machine import user_name

MEBIBYTE: Final = 1024 * 1024
MOUNTS: Final = Path("/proc/self/mountinfo")
NETWORK_FILE_SYSTEMS: Final = frozenset(
    """
    9p afs ceph cifs fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs glusterfs lustre ncpfs nfs
    nfs4 smb3 smbfs virtiofs
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
IN_MEMORY: Final = frozenset({"ramfs", "tmpfs"})
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
ROOT: Final = 0
AMPLE: Final = 2
"""How many times the reserve has to be free for the disk to be of no concern."""
DIRECTORY: Final = "data directory"


class Mount(msgspec.Struct, frozen=True):
    """Where a file system is mounted, and of which kind it is."""

    point: str
    kind: str


def directory_findings(data: DataDirectory) -> Iterator[Finding]:
    """Yield who may open the data directory and the keys in it. Blocks."""
    try:
        facts = data.root.stat()
    except FileNotFoundError:
        yield well(DIRECTORY, f"{data.root} is not there yet; the first start makes it")
        return
    except OSError as error:
        fix = "run doctor as the user of the box, or as root"
        yield problem(DIRECTORY, f"{data.root}: {error.strerror}", fix)
        return
    yield owner_finding(data.root, facts.st_uid, user=os.geteuid())
    if facts.st_mode & OTHERS:
        fix = f"chmod 700 {shlex.quote(str(data.root))}"
        yield warning(DIRECTORY, f"others than its owner may open {data.root}", fix)
    yield from key_findings(data)


def owner_finding(root: Path, owner: int, *, user: int) -> Finding:
    """Tell whose the directory is, and whether doctor sees what the box would."""
    if owner == user:
        return well(DIRECTORY, f"{root} is this user's ({user_name(user)})")
    name = user_name(owner)
    again = f"sudo -u {shlex.quote(name)} renderio-box doctor --data {shlex.quote(str(root))}"
    if user == ROOT:
        what = f"{root} is {name}'s, but sandbox and devices were tried as root"
        return warning(DIRECTORY, what, again)
    return problem(DIRECTORY, f"{root} is {name}'s, not this user's", again)


def key_findings(data: DataDirectory) -> Iterator[Finding]:
    """Yield who may read the keys that storage addresses are sealed with, and the box's own."""
    path = data.root / "url_keys.json"
    for each in (path, data.root / "server.json"):
        if each.exists() and each.stat().st_mode & OTHERS:
            fix = f"chmod 600 {shlex.quote(str(each))}"
            yield problem("keys", f"others than its owner may read {each}", fix)
    if not path.exists():
        return
    try:
        data.url_keys()
    except UrlKeysError as error:
        what, _, fix = str(error).partition("; ")
        yield problem("keys", what, fix.rstrip("."))
    except OSError as error:
        yield problem("keys", f"{path}: {error.strerror}", "give it back to the box's user")
    else:
        yield well("keys", f"{path.name} is whole and its owner's alone")


def disk_findings(
    data: DataDirectory, *, reserve_bytes: int, mounts: Path = MOUNTS
) -> Iterator[Finding]:
    """Yield how full the disk is, and whether it is one that data are safe on. Blocks."""
    place = next(each for each in (data.root, *data.root.parents) if each.exists())
    usage = os.statvfs(place)
    yield room_finding(usage.f_bavail * usage.f_frsize, reserve_bytes)
    if usage.f_files and not usage.f_favail:
        yield problem("disk", "it has no room for another file (inodes)", "delete small files")
    if usage.f_flag & os.ST_RDONLY:
        yield problem("disk", f"{place} can only be read", "mount it for writing")
    yield kind_finding(mount_of(place.resolve(), mounts.read_text(encoding="utf-8")))
    parts = [each for each in (data.root, data.files, data.work) if each.exists()]
    if len({each.stat().st_dev for each in parts}) > 1:
        yield problem(
            "disk",
            f"{data.files} and {data.work} are on different file systems",
            "mount one file system at the data directory itself",
        )


def room_finding(free_bytes: int, reserve_bytes: int) -> Finding:
    """Tell whether there is room above what the box keeps free."""
    seen = f"{free_bytes // MEBIBYTE} MiB free, {reserve_bytes // MEBIBYTE} MiB are kept so"
    fix = "delete files, or set retention.outputs_hours; storage.reserve_mbytes is the floor"
    if free_bytes < reserve_bytes:
        return problem("disk", f"{seen}: uploads are refused and commands wait", fix)
    if free_bytes < AMPLE * reserve_bytes:
        return warning("disk", seen, fix)
    return well("disk", seen)


def mount_of(path: Path, mounts: str) -> Mount:
    """Return the file system that a path is on, from what the kernel lists."""
    found = [Mount("/", "")]
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].encode().decode("unicode_escape")
        if path.is_relative_to(point) and len(point) >= len(found[-1].point):
            found.append(Mount(point, after.split(" ")[0]))
    return found[-1]


def kind_finding(mount: Mount) -> Finding:
    """Tell whether a file system is one that a database is safe on."""
    seen = f"{mount.kind} at {mount.point}"
    if mount.kind in NETWORK_FILE_SYSTEMS:
        return warning(
            "file system",
            f"{seen} is on the network, where a database may be damaged when the link breaks",
            "keep the data directory on a disk of this machine",
        )
    if mount.kind in IN_MEMORY:
        return warning(
            "file system", f"{seen} is gone after a restart", "keep the data directory on a disk"
        )
    return well("file system", seen)
