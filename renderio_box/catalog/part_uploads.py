"""Uploads in parts: opened, received, joined, or forgotten when nobody completes them."""

from collections.abc import Sequence
from datetime import timedelta
from secrets import token_hex
from typing import Final
from weakref import WeakValueDictionary

import anyio
import msgspec
import structlog

from renderio_box.catalog.arrival import awaited, published, removed_on_error, tell_stored
from renderio_box.clock import Clock
from renderio_box.database import files, uploads
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import DescriptionError, NotFoundError
from renderio_box.ffmpeg.probe import Prober
from renderio_box.identifiers import FileId, Owner, new_file_token
from renderio_box.jobs.files import FileKind, FileStatus, NewFile, StoredFile
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.jobs.uploads import (
    ClaimedPart,
    Part,
    Upload,
    check_complete,
    part_size_of,
    refusal,
)
from renderio_box.storage.keys import part_key
from renderio_box.storage.storage import (
    Incoming,
    ObjectMissingError,
    Storage,
    StorageFullError,
)

log = structlog.get_logger()

NONCE_BYTES: Final = 8
CLEARED_AT_ONCE: Final = 100


class UploadTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How uploads are cut, how long their parts are awaited, and the file is kept then."""

    part_bytes: int
    kept_for: timedelta
    retention: Terms = FOR_EVER


class PartUploads:
    """Files that arrive in parts. Only one request at a time may join those of a file."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        prober: Prober,
        clock: Clock,
        terms: UploadTerms,
    ) -> None:
        self._database = database
        self._storage = storage
        self._prober = prober
        self._clock = clock
        self._terms = terms
        self._turns: WeakValueDictionary[FileId, anyio.Lock] = WeakValueDictionary()

    async def begin(self, filename: str, size_bytes: int, *, owner: Owner) -> Upload:
        """Open an upload of exactly ``size_bytes`` bytes.

        Raises:
            StorageFullError: The disk has no room for as much.
        """
        if await self._storage.free_bytes() < size_bytes:
            raise StorageFullError
        now = self._clock.now()
        file = awaited(FileKind.UPLOAD, filename, owner=owner, now=now)
        upload = Upload(
            file_id=file.id,
            token=new_file_token(),
            size_bytes=size_bytes,
            part_size=part_size_of(size_bytes, smallest=self._terms.part_bytes),
            expires_at=now + self._terms.kept_for,
        )
        async with self._database.transaction() as tx:
            await files.insert(tx, file)
            await uploads.insert(tx, upload)
        log.info("upload_begun", file=file.id, owner=owner, bytes=size_bytes)
        return upload

    async def awaiting(self, token: str, number: int) -> Upload:
        """Return the upload that takes this part; NotFoundError when none does, or no longer."""
        async with self._database.reading() as tx:
            upload = await self._open_upload(tx, token)
        if not 1 <= number <= upload.part_count:
            raise NotFoundError(f"There is no part {number} of this upload.")
        return upload

    async def add_part(self, upload: Upload, number: int, incoming: Incoming) -> Part:
        """Keep a part that has arrived completely, in place of an earlier arrival of it.

        Raises:
            NotFoundError: The upload has ended meanwhile; the part is not kept.
            StorageFullError: The disk has no room for it.
        """
        key = part_key(upload.file_id, number, token_hex(NONCE_BYTES))
        async with removed_on_error(self._storage, key):
            stored = await incoming.complete(key)
            part = Part(number=number, key=key, size_bytes=stored.size_bytes, sha256=stored.sha256)
            async with self._database.transaction() as tx:
                await self._open_upload(tx, upload.token)
                replaced = await uploads.find_part(tx, upload.file_id, number)
                await uploads.put_part(tx, upload.file_id, part)
        if replaced is not None:
            await self._storage.delete(replaced.key)
        return part

    async def complete(
        self, file_id: FileId, claimed: Sequence[ClaimedPart], *, sees: Owner | None
    ) -> StoredFile:
        """Make the file of its parts; doing so again with the same parts is harmless.

        Raises:
            NotFoundError: There is no such upload, or it has ended.
            DescriptionError: The parts are not all of the file; nothing is lost.
            StorageFullError: The disk has no room for the whole; nothing is lost.
        """
        turn = self._turns.setdefault(file_id, anyio.Lock())
        async with turn:
            async with self._database.reading() as tx:
                file, upload = await self._find(tx, file_id, sees=sees)
                parts = await uploads.list_parts(tx, file_id)
            check_complete(upload, parts, claimed)
            return file if file.status is FileStatus.STORED else await self._join(file, parts)

    async def clear_away(self) -> int:
        """Remove what is left of uploads that have ended, and return how many those are.

        A file that was never completed is deleted with them. At most 100 at once.
        """
        ended = await self._end()
        for keys in ended.values():
            for key in keys:
                await self._storage.delete(key)
        async with self._database.transaction() as tx:
            for file_id in ended:
                await uploads.delete_parts(tx, file_id)
                await uploads.delete(tx, file_id)
        return len(ended)

    async def _open_upload(self, tx: Transaction, token: str) -> Upload:
        upload = await uploads.find_open(tx, token, now=self._clock.now())
        if upload is None:
            raise NotFoundError("There is no such upload, or it has ended.")
        return upload

    async def _find(
        self, tx: Transaction, file_id: FileId, *, sees: Owner | None
    ) -> tuple[StoredFile, Upload]:
        file = await files.find(tx, file_id, owner=sees)
        upload = None if file is None else await uploads.find(tx, file.id)
        if file is None or upload is None or file.deleted_at is not None:
            raise NotFoundError(f"There is no upload of a file {file_id}, or it has ended.")
        if file.status is FileStatus.WAITING and upload.expires_at <= self._clock.now():
            raise NotFoundError(f"The upload of the file {file_id} has ended; begin a new one.")
        return file, upload

    async def _join(self, file: StoredFile, parts: Sequence[Part]) -> StoredFile:
        """Write all parts into one file; they are removed once that is safely stored."""
        async with (
            removed_on_error(self._storage, file.key),
            self._storage.receive() as incoming,
        ):
            for part in parts:
                await self._append(part, incoming)
            new = await published(incoming, file.filename, key=file.key, prober=self._prober)
            kept = await self._settle(file, parts, new)
        tell_stored(kept)
        for part in parts:
            await self._storage.delete(part.key)
        return kept

    async def _append(self, part: Part, incoming: Incoming) -> None:
        try:
            async for piece in self._storage.read(part.key, start=0, length=part.size_bytes):
                await incoming.write(piece)
        except ObjectMissingError as error:
            raise changed(part) from error

    async def _settle(self, file: StoredFile, parts: Sequence[Part], new: NewFile) -> StoredFile:
        expires_at = self._terms.retention.expiry(file.kind, stored_at=self._clock.now())
        async with self._database.transaction() as tx:
            now_kept = {part.number: part for part in await uploads.list_parts(tx, file.id)}
            for part in parts:
                if now_kept.get(part.number) != part:
                    raise changed(part)
            kept = await files.mark_stored(
                tx, file.id, new, expected=FileStatus.WAITING, expires_at=expires_at
            )
            if kept is None:
                raise NotFoundError(f"The file {file.id} was deleted while it was completed.")
        return kept

    async def _end(self) -> dict[FileId, list[str]]:
        """Give up files that nobody completed; return the objects of every ended upload.

        Among them is what a process that died while it joined the parts left behind.
        """
        now = self._clock.now()
        ended: dict[FileId, list[str]] = {}
        async with self._database.transaction() as tx:
            for upload in await uploads.list_ended(tx, now=now, limit=CLEARED_AT_ONCE):
                abandoned = await files.abandon(tx, upload.file_id, now=now)
                parts = await uploads.list_parts(tx, upload.file_id)
                ended[upload.file_id] = [part.key for part in parts]
                ended[upload.file_id] += [] if abandoned is None else [abandoned.key]
        return ended


def changed(part: Part) -> DescriptionError:
    """Return the error for a part that was sent again while the file was made of it."""
    return refusal(part.number, "was sent again meanwhile; complete again with its new ETag")
