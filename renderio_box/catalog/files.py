"""Stored files: taking uploads in, finding and deleting them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from renderio_box.catalog.arrival import published, removed_on_error, tell_stored
from renderio_box.clock import Clock
from renderio_box.database import files, jobs, segments
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import NotDoableError, NotFoundError
from renderio_box.ffmpeg.probe import Prober
from renderio_box.identifiers import FileId, JobId, Owner, new_file_token, new_id
from renderio_box.jobs.file_types import extension_of
from renderio_box.jobs.files import FileKind, StoredFile, is_playlist
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.jobs.storage_urls import parted
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.keys import upload_key
from renderio_box.storage.storage import Incoming, Storage


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What an address opens: bytes with a name, that never change."""

    key: str
    filename: str
    size_bytes: int
    sha256: str
    created_at: datetime


class FileCatalog:
    """Every stored file with its row. ``sees`` is whose files are visible, None for all."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        prober: Prober,
        clock: Clock,
        addresses: Addresses,
        terms: Terms = FOR_EVER,
    ) -> None:
        self._database = database
        self._storage = storage
        self._prober = prober
        self._clock = clock
        self._addresses = addresses
        self._terms = terms

    async def add_upload(self, incoming: Incoming, filename: str, *, owner: Owner) -> StoredFile:
        """Keep a file that has arrived completely; it can be fetched when this returns.

        Raises:
            StorageFullError: The disk has no room for it.
        """
        now = self._clock.now()
        file_id = FileId(new_id(now))
        key = upload_key(file_id, extension_of(filename))
        async with removed_on_error(self._storage, key):
            new = await published(incoming, filename, key=key, prober=self._prober)
            file = StoredFile(
                id=file_id,
                owner=owner,
                kind=FileKind.UPLOAD,
                key=new.key,
                token=new_file_token(),
                filename=filename,
                size_bytes=new.size_bytes,
                sha256=new.sha256,
                media=new.media,
                created_at=now,
                expires_at=self._terms.expiry(FileKind.UPLOAD, stored_at=now),
            )
            async with self._database.transaction() as tx:
                await files.insert(tx, file)
        tell_stored(file)
        return file

    async def find(self, file_id: FileId, *, sees: Owner | None) -> StoredFile:
        """Return a file, deleted ones too; NotFoundError when there is none."""
        async with self._database.reading() as tx:
            file = await files.find(tx, file_id, owner=sees)
        if file is None:
            raise NotFoundError(f"There is no file {file_id}.")
        return file

    async def served(self, token: str, path: str) -> Served:
        """Return what a storage URL opens; NotFoundError before it is stored and once deleted.

        ``path`` is what follows the token: a seal where addresses expire, and the name. Under
        a playlist's every file of its job has an address, so that players find the names in
        it beside it. An address that has expired is answered like one that never was.
        """
        seal, name = parted(path)
        async with self._database.reading() as tx:
            file = await files.find_by_token(tx, token)
            if file is not None and is_playlist(file.alias) and name != file.filename:
                file = await beside(tx, file, name)
        if file is None or file.deleted_at is not None or not self._addresses.admits(token, seal):
            raise NotFoundError(
                "There is no such file, or its address has expired, or it was deleted."
            )
        if file.size_bytes is None or file.sha256 is None:
            raise NotFoundError("The file is not stored yet; its record says how far it is.")
        return Served(
            key=file.key,
            filename=file.filename,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            created_at=file.created_at,
        )

    async def keys_beside(self, playlist: StoredFile) -> dict[str, str]:
        """Return the keys of all that a stored playlist may name, by path beside it."""
        if playlist.job_id is None:
            return {}
        async with self._database.reading() as tx:
            outputs = await files.list_by_job(tx, playlist.job_id)
            keys = await segments.list_of_job(tx, playlist.job_id)
        return {each.filename: each.key for each in outputs if each.deleted_at is None} | keys

    async def list(self, *, sees: Owner | None, limit: int, offset: int) -> list[StoredFile]:
        """Return files that are not deleted, newest first."""
        async with self._database.reading() as tx:
            return await files.list_newest(tx, owner=sees, limit=limit, offset=offset)

    async def delete(self, file_id: FileId, *, sees: Owner | None) -> None:
        """Delete a file's bytes and keep its record.

        The record changes first: a crash in between leaves bytes that nobody can
        reach, never a URL without bytes.

        Raises:
            NotFoundError: There is no such file, or it was deleted before.
            InvalidRequestError: It is a playlist, whose segments would be left behind.
        """
        async with self._database.transaction() as tx:
            file = await self._mark_deleted(tx, file_id, sees=sees)
        await self._storage.delete(file.key)

    async def delete_all(
        self, file_ids: Iterable[FileId], *, sees: Owner | None
    ) -> Sequence[FileId]:
        """Delete the bytes of several files, all or none, and return whose they were.

        Raises:
            NotFoundError: One of them does not exist, or was deleted before.
            InvalidRequestError: One of them is a playlist.
        """
        wanted = dict.fromkeys(file_ids)
        async with self._database.transaction() as tx:
            deleted = [await self._mark_deleted(tx, file_id, sees=sees) for file_id in wanted]
        for file in deleted:
            await self._storage.delete(file.key)
        return [file.id for file in deleted]

    async def delete_outputs(self, job_id: JobId, *, sees: Owner | None) -> int:
        """Delete the bytes of a job's outputs, keep their records, and return how many.

        Repeating it is harmless: then none are left to delete.

        Raises:
            NotFoundError: There is no such job.
        """
        async with self._database.transaction() as tx:
            if await jobs.find(tx, job_id, owner=sees) is None:
                raise NotFoundError(f"There is no command {job_id}.")
            deleted = await files.mark_outputs_deleted(tx, job_id, now=self._clock.now())
            segment_keys = await segments.delete_of_job(tx, job_id)
        for key in (*(file.key for file in deleted), *segment_keys):
            await self._storage.delete(key)
        return len(deleted)

    async def _mark_deleted(
        self, tx: Transaction, file_id: FileId, *, sees: Owner | None
    ) -> StoredFile:
        file = await files.mark_deleted(tx, file_id, owner=sees, now=self._clock.now())
        if file is None:
            raise NotFoundError(f"There is no file {file_id}, or it was deleted before.")
        if is_playlist(file.alias):
            raise NotDoableError(
                f"The file {file_id} is a playlist; delete it together with its segments"
                f" through DELETE commands/{file.job_id}/files."
            )
        return file


async def beside(tx: Transaction, playlist: StoredFile, path: str) -> StoredFile | None:
    """Return what a player finds at ``path`` beside a playlist, None when there is nothing."""
    if playlist.job_id is None or playlist.deleted_at is not None:
        return None
    if segment := await segments.find(tx, playlist.job_id, path):
        return replace(
            playlist,
            key=segment.key,
            filename=path.rpartition("/")[2],
            size_bytes=segment.size_bytes,
            sha256=segment.sha256,
        )
    outputs = await files.list_by_job(tx, playlist.job_id)
    return next((output for output in outputs if output.filename == path), None)
