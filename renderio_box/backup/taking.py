"""Taking a snapshot of a box inside its data directory, while it runs or not."""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from uuid import uuid4

import msgspec
from anyio import from_thread, to_thread

from renderio_box.backup.manifest import DATABASE, FILES, URL_KEYS, Taken
from renderio_box.backup.objects import Check, copied, linked, make_folder, sync_tree
from renderio_box.data_directory import DataDirectory
from renderio_box.database.snapshot import KeptObject, Snapshot, open_snapshot
from renderio_box.durable import sync_private
from renderio_box.errors import BoxError, ErrorCode
from renderio_box.storage.local import FULL, LocalStorage
from renderio_box.storage.storage import StorageFullError

SettingAside = Callable[[Path], AbstractContextManager[None]]


class BackupBusyError(BoxError):
    """A snapshot is being taken for somebody else."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self) -> None:
        super().__init__("A backup is being made already; try again when it is done.")


class Ready(msgspec.Struct, frozen=True):
    """A snapshot that lies in the data directory under this name, until somebody takes it."""

    name: str
    taken: Taken


class Backups:
    """Takes snapshots of the box that runs, one at a time."""

    def __init__(self, data: DataDirectory, storage: LocalStorage) -> None:
        self._data = data
        self._storage = storage
        self._is_busy = False

    async def open(self) -> None:
        """Remove what nobody takes away any more."""
        await to_thread.run_sync(sweep, self._data.backups)

    async def take(self, *, with_files: bool) -> Ready:
        """Leave a snapshot in the data directory; those that nobody takes away are removed.

        Raises:
            BackupBusyError: One is being taken.
            StorageFullError: There is no room for one.
        """
        if self._is_busy:
            raise BackupBusyError
        self._is_busy = True
        try:
            return await to_thread.run_sync(lambda: self._take(with_files=with_files))
        except OSError as error:
            if error.errno in FULL:
                raise StorageFullError from error
            raise
        finally:
            self._is_busy = False

    def _take(self, *, with_files: bool) -> Ready:
        sweep(self._data.backups)
        if self._data.database.stat().st_size > self._storage.room_bytes():
            raise StorageFullError
        return take(
            self._data,
            with_files=with_files,
            check=from_thread.check_cancelled,
            aside=self._storage.setting_aside,
        )


def nothing_aside(_: Path) -> AbstractContextManager[None]:
    """Set nothing aside: where no box runs nothing is deleted."""
    return nullcontext()


def take(
    data: DataDirectory, *, with_files: bool, check: Check, aside: SettingAside = nothing_aside
) -> Ready:
    """Leave a snapshot in the data directory, whole or not at all. Blocks.

    The rows are those of one moment. What is deleted from before that moment on is set
    ``aside``, until everything that the rows call stored has a second name.

    Raises:
        UnusableDatabaseError, DatabaseFailedError, OSError: Nothing is left of the attempt.
    """
    name = uuid4().hex
    folder = data.backups / name
    folder.mkdir(mode=0o700, parents=True)
    try:
        with ExitStack() as moment:
            if with_files:
                (folder / FILES).mkdir(mode=0o750)
                with aside(folder / FILES):
                    snapshot = moment.enter_context(open_snapshot(data.database))
                    taken = name_objects(snapshot, data.files, folder / FILES, check=check)
            else:
                snapshot = moment.enter_context(open_snapshot(data.database))
                taken = Taken(schema=snapshot.schema())
            snapshot.copy_into(folder / DATABASE, check=check)
        shutil.copyfile(data.root / URL_KEYS, folder / URL_KEYS)
        sync_private(folder / DATABASE)
        sync_private(folder / URL_KEYS)
        sync_tree(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Ready(name, taken)


def name_objects(snapshot: Snapshot, files: Path, target: Path, *, check: Check) -> Taken:
    """Give every object of the snapshot a second name below ``target``."""
    count, size_bytes, missing = 0, 0, list[str]()
    for batch in snapshot.objects():
        for kept in batch:
            check()
            if named(kept, files / kept.key, target / kept.key, check=check):
                count += 1
                size_bytes += kept.size_bytes
            else:
                missing.append(kept.key)
    return Taken(
        schema=snapshot.schema(),
        objects=count,
        objects_bytes=size_bytes,
        missing=tuple(missing),
    )


def named(kept: KeptObject, source: Path, target: Path, *, check: Check) -> bool:
    """Give an object a second name; False when it is nowhere. It may have been set aside."""
    make_folder(target.parent)
    try:
        return linked(source, target) or copied(kept, source, target, check=check)
    except FileNotFoundError:
        return target.exists()
    except FileExistsError:
        return True


def sweep(backups: Path) -> None:
    """Remove the snapshots that nobody is taking away. Blocks."""
    for folder in list(backups.iterdir()) if backups.is_dir() else []:
        # What is no folder, or root's, is none of ours and in nobody's way.
        with suppress(OSError), claimed(folder) as is_ours:
            if is_ours:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(folder: Path) -> Generator[bool]:
    """Tell whether a folder is ours alone for the block; the kernel ends that with us."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
