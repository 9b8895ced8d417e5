"""Bringing a snapshot from the data directory to where the operator wants it, whole or not at all."""

import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from renderio_box import __version__
from renderio_box.backup.manifest import (
    DATABASE,
    FILES,
    FORMAT,
    NAME,
    URL_KEYS,
    BackupError,
    Manifest,
    Taken,
    sealed,
)
from renderio_box.backup.objects import Check, copied, make_folder, sync_tree
from renderio_box.backup.taking import Ready, claimed
from renderio_box.data_directory import DataDirectory
from renderio_box.database.snapshot import open_archived
from renderio_box.durable import sync_folder, sync_private


def check_target(target: Path, data: DataDirectory) -> None:
    """Refuse a target that is no new or empty directory, or lies within the box.

    Raises:
        BackupError: It is one of these.
    """
    root = data.root.resolve()
    if target.resolve() == root or root in target.resolve().parents:
        raise BackupError(f"{target} is inside the data directory; choose a place outside of it.")
    if target.is_dir() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty; name a new directory.")
    if target.exists() and not target.is_dir():
        raise BackupError(f"{target} is a file; name a new directory.")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent} is no directory; make it first.")


@contextmanager
def arriving_at(target: Path) -> Generator[Path]:
    """Open an empty folder beside the target for the block; nothing of it stays unless moved.

    Raises:
        BackupError: Another backup is being written there.
        OSError: It cannot be made.
    """
    part = target.with_name(f"{target.name}.part")
    part.mkdir(mode=0o700, exist_ok=True)
    with claimed(part) as is_ours:
        if not is_ours:
            raise BackupError(f"another backup is being written to {target}.")
        for left in part.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        part.chmod(0o700)
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)


def deliver(
    ready: Ready, data: DataDirectory, target: Path, *, now: datetime, check: Check
) -> Manifest:
    """Move a snapshot to the target, or copy it to another disk; gone from here in any case.

    Blocks. The target is whole, and on disk, when this returns.

    Raises:
        BackupError, OSError: The snapshot has gone, or cannot be written; nothing is there.
    """
    folder = data.backups / ready.name
    with ExitStack() as stack:
        try:
            stack.enter_context(claimed(folder))
        except FileNotFoundError as error:
            raise BackupError(
                "the snapshot has gone: the box was started anew meanwhile; try again."
            ) from error
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        part = stack.enter_context(arriving_at(target))
        manifest = seal(part, bring(folder, part, ready.taken, check=check), now=now)
        part.replace(target)
        sync_folder(target.parent)
    return manifest


def bring(folder: Path, part: Path, taken: Taken, *, check: Check) -> Taken:
    """Move or copy the parts of a snapshot; what came is synced, what did not is missing."""
    try:
        for name in (DATABASE, URL_KEYS):
            (folder / name).rename(part / name)
    except OSError:
        return copy(folder, part, taken, check=check)
    if taken.objects is not None:
        (folder / FILES).rename(part / FILES)
    return taken


def copy(folder: Path, part: Path, taken: Taken, *, check: Check) -> Taken:
    """Copy a snapshot to another disk; objects whose content is not theirs stay away."""
    for name in (DATABASE, URL_KEYS):
        shutil.copyfile(folder / name, part / name)
        sync_private(part / name)
    if taken.objects is None:
        return taken
    count, size_bytes, missing = 0, 0, list[str]()
    make_folder(part / FILES)
    with open_archived(part / DATABASE) as snapshot:
        for batch in snapshot.objects():
            for kept in batch:
                target = part / FILES / kept.key
                make_folder(target.parent)
                if kept.key not in taken.missing and copied(
                    kept, folder / FILES / kept.key, target, check=check
                ):
                    count += 1
                    size_bytes += kept.size_bytes
                else:
                    missing.append(kept.key)
    return msgspec.structs.replace(
        taken, objects=count, objects_bytes=size_bytes, missing=tuple(missing)
    )


def seal(part: Path, taken: Taken, *, now: datetime) -> Manifest:
    """Write what the backup says of itself, and have all of it on disk."""
    manifest = Manifest(
        format=FORMAT,
        box_version=__version__,
        taken_at=now,
        taken=taken,
        database=sealed(part / DATABASE),
        url_keys=sealed(part / URL_KEYS),
    )
    written = part / NAME
    written.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    sync_private(written)
    sync_tree(part)
    return manifest
