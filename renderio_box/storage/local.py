"""Stored files on the local disk."""

import errno
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import anyio
from anyio import from_thread, to_thread

from renderio_box.durable import sync_folder
from renderio_box.metrics import Metrics
from renderio_box.storage.beneath import OBJECT_MODE, check_moved, open_plain, open_regular
from renderio_box.storage.keys import checked
from renderio_box.storage.linking import link, new_file
from renderio_box.storage.removal import remove
from renderio_box.storage.storage import (
    ObjectMissingError,
    StorageFullError,
    StoredObject,
    UnfitOutputError,
)
from renderio_box.wakeup import Wakeup

PIECE_BYTES: Final = 1024 * 1024
FOLDER_MODE: Final = 0o750
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class LocalStorage:
    """Files under one directory; everything in it belongs to this class.

    Objects are read-only on disk, and no link among them is ever followed. ``incoming`` holds what has not arrived completely
    and is emptied when the storage is opened. ``shortage`` is notified when room is wanted
    and not there.
    """

    def __init__(
        self,
        root: Path,
        *,
        reserve_bytes: int,
        shortage: Wakeup | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._root = root.resolve()
        self._incoming = self._root / "incoming"
        self._reserve_bytes = reserve_bytes
        self._shortage = shortage or Wakeup()
        self._metrics = metrics or Metrics()
        self._aside: Path | None = None

    async def open(self) -> None:
        """Make the directories and forget what a dead process left half-received."""
        await to_thread.run_sync(self._prepare)

    async def publish(self, source: Path, key: str) -> StoredObject:
        """Move a finished file into storage, whole or not at all; durable on return."""
        return await to_thread.run_sync(self._publish, source, checked(key))

    @asynccontextmanager
    async def receive(self) -> AsyncGenerator["LocalIncoming"]:
        """Open a file that arrives from outside; leaving it incomplete forgets it."""
        path = self._incoming / uuid4().hex
        file = await to_thread.run_sync(new_file, path)
        incoming = LocalIncoming(self, path, file)
        try:
            yield incoming
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(discard, file, path)

    async def read(self, key: str, *, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield ``length`` bytes from ``start`` in pieces of at most 1 MiB."""
        try:
            file = await to_thread.run_sync(open_regular, self._root, checked(key))
        except UnfitOutputError as error:
            raise ObjectMissingError(key) from error
        try:
            await to_thread.run_sync(file.seek, start)
            while length > 0:
                piece = await to_thread.run_sync(file.read, min(length, PIECE_BYTES))
                if not piece:
                    raise ObjectMissingError(key)
                length -= len(piece)
                yield piece
        finally:
            file.close()

    async def link_into(self, key: str, target: Path) -> None:
        """Make the object readable as ``target`` by reflink or hard link.

        A hard link shares the object itself, which its mode protects from writing;
        the launcher takes away root's right to ignore that.
        """
        try:
            await to_thread.run_sync(link, self._root / checked(key), target)
        except UnfitOutputError as error:
            raise ObjectMissingError(key) from error

    async def delete(self, key: str) -> None:
        """Remove the object; harmless when it is gone already."""
        await to_thread.run_sync(self._delete, checked(key))

    @contextmanager
    def setting_aside(self, folder: Path) -> Generator[None]:
        """Move what is deleted while the block runs into a folder of the same disk instead.

        It may already hold a second name of the object.
        """
        self._aside = folder
        try:
            yield
        finally:
            self._aside = None

    async def free_bytes(self) -> int:
        """Return how much room is left above the reserve, 0 or less when none is."""
        room = await to_thread.run_sync(self.room_bytes)
        if room <= 0:
            self._shortage.notify()
        return room

    async def check(self) -> str:
        """Write and sync a file and say how much room there is; StorageFullError, OSError."""
        async with self.receive() as trial:
            await trial.write(b"trial")
            await trial.inspectable()
        room = await self.free_bytes()
        return f"writable, {room // (1024 * 1024)} MiB free above the reserve"

    def room_bytes(self) -> int:
        """Return how much room is left above the reserve. Blocks for one system call."""
        usage = os.statvfs(self._root)
        return usage.f_bavail * usage.f_frsize - self._reserve_bytes

    def check_room(self) -> None:
        """Tell whoever makes room when there is none. Call it in a worker thread of anyio's.

        Raises:
            StorageFullError: The reserve is touched.
        """
        if self.room_bytes() < 0:
            from_thread.run_sync(self._shortage.notify)
            raise StorageFullError

    def place(self, opened: int, path: Path, key: str, sha256: str) -> StoredObject:
        """Give the opened, synced file at ``path`` its final name, durable on return. Blocks.

        Raises:
            StorageFullError: Less than the reserve would remain free.
            UnfitOutputError: Another file was at ``path``; it is gone.
        """
        self.check_room()
        target = self._root / key
        if not target.parent.exists():
            target.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
            sync_folder(target.parent.parent)
        os.fchmod(opened, OBJECT_MODE)
        size_bytes = os.fstat(opened).st_size
        path.replace(target)
        check_moved(opened, target, size_bytes=size_bytes)
        sync_folder(target.parent)
        self._metrics.stored(size_bytes)
        return StoredObject(key=key, size_bytes=size_bytes, sha256=sha256)

    def _prepare(self) -> None:
        for name in ("outputs", "uploads", "parts", "incoming"):
            (self._root / name).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            remove(left)
        sync_folder(self._root)

    def _delete(self, key: str) -> None:
        path, aside = self._root / key, self._aside
        if aside is not None:
            with suppress(OSError):
                (aside / key).parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                path.rename(aside / key)
        path.unlink(missing_ok=True)  # two names of one file stay where they are in a rename

    def _publish(self, source: Path, key: str) -> StoredObject:
        with open_plain(source.parent, source.name) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            sha256 = digest(file, size_bytes=size_bytes)
            os.fsync(file.fileno())
            return self.place(file.fileno(), source, key, sha256)


class LocalIncoming:
    """An arriving file; its digest is made on the way, so that it is read only once."""

    def __init__(self, storage: LocalStorage, path: Path, file: IO[bytes]) -> None:
        self._storage = storage
        self._path = path
        self._file = file
        self._digest = hashlib.sha256()
        self._buffer = bytearray()

    async def write(self, piece: bytes) -> None:
        """Append ``piece``; at most 1 MiB is kept in memory."""
        self._buffer += piece
        if len(self._buffer) >= PIECE_BYTES:
            await self._flush()

    async def inspectable(self) -> Path:
        """Return where everything that has arrived so far can be read."""
        await self._flush()
        await to_thread.run_sync(self._file.flush)
        return self._path

    async def complete(self, key: str) -> StoredObject:
        """Publish what has arrived, durable when this returns."""
        await self._flush()
        return await to_thread.run_sync(self._complete, checked(key))

    async def _flush(self) -> None:
        pieces, self._buffer = self._buffer, bytearray()
        try:
            await to_thread.run_sync(self._append, pieces)
        except OSError as error:
            if error.errno in FULL:
                raise StorageFullError from error
            raise

    def _append(self, pieces: bytearray) -> None:
        self._storage.check_room()
        self._digest.update(pieces)
        self._file.write(pieces)

    def _complete(self, key: str) -> StoredObject:
        self._file.flush()
        handle = self._file.fileno()
        os.fsync(handle)
        return self._storage.place(handle, self._path, key, self._digest.hexdigest())


def discard(file: IO[bytes], path: Path) -> None:
    """Close an arriving file and remove what was not published."""
    with suppress(OSError):
        file.close()
    path.unlink(missing_ok=True)


def digest(file: FileIO, *, size_bytes: int) -> str:
    """Return the SHA-256 of exactly so many bytes in lower-case hex.

    Call it in a worker thread of anyio's: when its caller is cancelled it stops.

    Raises:
        UnfitOutputError: The file has become shorter.
    """
    made, piece = hashlib.sha256(), memoryview(bytearray(PIECE_BYTES))
    while size_bytes > 0:
        from_thread.check_cancelled()
        read = file.readinto(piece[:size_bytes])
        if not read:
            raise UnfitOutputError("a file that shrinks")
        made.update(piece[:read])
        size_bytes -= read
    return made.hexdigest()
