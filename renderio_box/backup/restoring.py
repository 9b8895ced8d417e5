"""Putting a backup in the place of a stopped box, once everything in it has been looked at."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import from_thread, to_thread

from renderio_box.backup.manifest import (
    DATABASE,
    FILES,
    URL_KEYS,
    BackupError,
    Manifest,
    Sealed,
    read_manifest,
    sealed,
)
from renderio_box.backup.objects import brought, make_folder, sync_tree
from renderio_box.data_directory import DataDirectory, hand_over
from renderio_box.database.snapshot import KeptObject, Unfinished, open_archived
from renderio_box.durable import sync_private
from renderio_box.machine import usable_cpus
from renderio_box.replacement import NAMES, STAGE, replace_box

REPLACED: Final = "replaced-"
SHOWN: Final = 3

Told = Callable[[int, int], None]
"""Hears how many files of how many have been looked at."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a box is now: where what it was before lies, and what it does when it starts.

    ``missing`` is how many stored files were in neither backup nor box.
    """

    replaced: Path
    unfinished: Unfinished
    objects: int = 0
    missing: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be put in place of what; ``skip_damaged`` leaves out files that are not right."""

    source: Path
    data: DataDirectory
    skip_damaged: bool = False

    @property
    def stage(self) -> Path:
        """Return where the new box is put together."""
        return self.data.root / STAGE


async def restore(plan: Plan, *, now: datetime, told: Told) -> Restored:
    """Put the backup in place; what was there is kept. Call it with the lock held.

    Nothing is changed before every byte of the backup has been read and found to be right.

    Raises:
        BackupError, UnusableDatabaseError, UrlKeysError, OSError: Nothing was changed.
    """
    check_disks(plan.data)
    manifest = await to_thread.run_sync(checked_manifest, plan.source)
    replaced = free_name(plan.data.root, now)
    try:
        restored = await put_together(plan, manifest, told=told)
        await to_thread.run_sync(hand_over, plan.stage, plan.data.root)
        await to_thread.run_sync(sync_tree, plan.stage)
    except BaseException:
        shutil.rmtree(plan.stage, ignore_errors=True)
        raise
    replace_box(plan.data.root, stage=STAGE, replaced=replaced.name)
    return msgspec.structs.replace(restored, replaced=replaced)


def go_back(data: DataDirectory, kept: Path, *, now: datetime) -> Restored:
    """Put in place again what a restore has replaced; the lock must be held. Blocks.

    Raises:
        BackupError: It holds no box.
    """
    if not (kept / DATABASE).exists():
        raise BackupError(f"{kept} holds no box that could be put back.")
    check_disks(data)
    replaced = free_name(data.root, now)
    replace_box(data.root, stage=kept.name, replaced=replaced.name)
    return Restored(replaced=replaced, unfinished=Unfinished(0, 0))


def is_replaced(source: Path, data: DataDirectory) -> bool:
    """Tell whether the folder is one into which a restore of this box has put what was there."""
    source = source.resolve()
    return source.parent == data.root.resolve() and source.name.startswith(REPLACED)


def check_disks(data: DataDirectory) -> None:
    """Refuse a box of which a part cannot be moved aside, as it is a disk of its own.

    Raises:
        BackupError: It is.
    """
    for name in NAMES:
        if (data.root / name).is_mount():
            raise BackupError(
                f"{data.root / name} is a disk of its own and cannot be moved aside;"
                " mount the disk as the data directory, or restore into another --data."
            )


def free_name(root: Path, now: datetime) -> Path:
    """Return where to put what is replaced: a name of that second, perhaps with a number."""
    name = f"{REPLACED}{now:%Y%m%dT%H%M%SZ}"
    numbered = (root / f"{name}-{number}" for number in itertools.count(2))
    return next(path for path in itertools.chain([root / name], numbered) if not path.exists())


def checked_manifest(source: Path) -> Manifest:
    """Return what the backup says of itself if its database and its keys are as it says."""
    manifest = read_manifest(source)
    for name, expected in ((DATABASE, manifest.database), (URL_KEYS, manifest.url_keys)):
        check_sealed(source / name, expected)
    with open_archived(source / DATABASE) as snapshot:
        if snapshot.schema() != manifest.taken.schema or not snapshot.is_sound():
            raise BackupError(f"the database of {source} is damaged; take another backup.")
    return manifest


def check_sealed(path: Path, expected: Sealed) -> None:
    """Refuse a file that is not as the manifest says."""
    try:
        found = sealed(path)
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}; take another backup.") from error
    if found != expected:
        raise BackupError(f"{path} is damaged: its digest is another; take another backup.")


async def put_together(plan: Plan, manifest: Manifest, *, told: Told) -> Restored:
    """Make the new box in its folder, from the backup and from what the present one has."""
    stage = plan.stage
    stage.mkdir(mode=0o700)
    for name in (DATABASE, URL_KEYS):
        await to_thread.run_sync(shutil.copyfile, plan.source / name, stage / name)
        await to_thread.run_sync(sync_private, stage / name)
    DataDirectory(stage).url_keys()
    make_folder(stage / FILES)
    bringer = Bringer(plan, told)
    with open_archived(stage / DATABASE) as snapshot:
        unfinished = snapshot.unfinished()
        total = sum(len(batch) for batch in snapshot.objects())
        for batch in snapshot.objects():
            await bringer.bring(batch, total)
    check_missing(plan, manifest, bringer.missing)
    return Restored(
        replaced=stage,
        unfinished=unfinished,
        objects=bringer.done - len(bringer.missing),
        missing=len(bringer.missing),
    )


def check_missing(plan: Plan, manifest: Manifest, missing: Sequence[str]) -> None:
    """Refuse a backup with files of which some are not right, but not for what it never had."""
    if manifest.taken.objects is None or plan.skip_damaged:
        return
    if damaged := [key for key in missing if key not in set(manifest.taken.missing)]:
        shown = ", ".join(damaged[:SHOWN])
        raise BackupError(
            f"{len(damaged)} stored files of {plan.source} are missing or damaged ({shown});"
            " use another backup, or leave them out with --skip-damaged."
        )


class Bringer:
    """Brings objects into the new box, several at a time, each read whole."""

    def __init__(self, plan: Plan, told: Told) -> None:
        self._plan = plan
        self._told = told
        self.done = 0
        self.missing: list[str] = []

    async def bring(self, batch: Sequence[KeptObject], total: int) -> None:
        """Bring a batch from the backup, else from the box as it is; note what is in neither."""
        waiting = iter(batch)
        async with anyio.create_task_group() as group:
            for _ in range(2 * len(usable_cpus())):
                group.start_soon(self._work, waiting, total)

    async def _work(self, waiting: Iterator[KeptObject], total: int) -> None:
        for kept in waiting:
            if not await to_thread.run_sync(self._bring, kept):
                self.missing.append(kept.key)
            self.done += 1
            self._told(self.done, total)

    def _bring(self, kept: KeptObject) -> bool:
        target = self._plan.stage / FILES / kept.key
        make_folder(target.parent)
        places = (self._plan.source / FILES, self._plan.data.files)
        return any(
            brought(kept, place / kept.key, target, check=from_thread.check_cancelled)
            for place in places
        )
