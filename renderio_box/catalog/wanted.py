"""Files that somebody wants fetched and kept: waiting, being fetched, and what became of them."""

from contextlib import AbstractContextManager

import structlog

from renderio_box.catalog.arrival import awaited, published, removed_on_error
from renderio_box.clock import Clock
from renderio_box.database import files
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import DescriptionError
from renderio_box.ffmpeg.probe import Prober
from renderio_box.identifiers import FileId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FileKind, FileStatus, NewFile, StoredFile
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.jobs.storage_urls import EXPIRED, storage_url_in
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.storage import Incoming, Storage
from renderio_box.wakeup import Announcer, Wakeup

log = structlog.get_logger()


class WantedFiles:
    """The only writer of files that are fetched; whoever listens is woken by each change.

    Whatever is decided about a file that was deleted meanwhile is dropped.
    """

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
        self._announcer = Announcer()

    def listening(self) -> AbstractContextManager[Wakeup]:
        """Listen for changes until the block is left."""
        return self._announcer.listening()

    async def add(self, url: str, filename: str, *, owner: Owner, field: str) -> StoredFile:
        """Note that the file at ``url`` is wanted; it is safe on disk that it is.

        Raises:
            DescriptionError: The URL in ``field`` is one of ours that has expired and is not
                its owner's, or its file is not there.
        """
        now = self._clock.now()
        file = awaited(FileKind.STORED_FILE, filename, owner=owner, now=now, source_url=url)
        async with self._database.transaction() as tx:
            original = await found_by_url(tx, url)
            if original is not None and not self._addresses.may_be_named(original, url, sees=owner):
                raise DescriptionError(f"{field} {EXPIRED}", loc=(field,))
            if original is not None and not is_there(original):
                raise DescriptionError(
                    f"{field} names the file {original.id}, which is not stored here.",
                    loc=(field,),
                )
            await files.insert(tx, file)
        self._announcer.notify()
        log.info("file_wanted", file=file.id, owner=owner)
        return file

    async def take_back(self) -> int:
        """Let what was being fetched wait again; right only while nothing is being fetched."""
        async with self._database.transaction() as tx:
            return await files.take_back(tx)

    async def claim(self) -> StoredFile | None:
        """Take the file that waits longest; None when none does."""
        async with self._database.transaction() as tx:
            file = await files.claim_wanted(tx)
        if file is not None:
            self._announcer.notify()
        return file

    async def is_wanted(self, file_id: FileId) -> bool:
        """Tell whether a file that is being fetched has not been deleted."""
        async with self._database.reading() as tx:
            file = await files.find(tx, file_id, owner=None)
        return file is not None and file.deleted_at is None

    async def original_of(self, file: StoredFile) -> StoredFile | None:
        """Return the file of ours that is to be kept once more, None when the source is outside.

        That its address has expired since is no matter: it was good when it was asked for.
        """
        async with self._database.reading() as tx:
            return await found_by_url(tx, file.source_url or "")

    async def keep(self, file: StoredFile, incoming: Incoming, *, filename: str) -> bool:
        """Store what has arrived, under the name it turned out to have; False when deleted.

        Raises:
            StorageFullError: The disk has no room for it.
        """
        async with removed_on_error(self._storage, file.key):
            new = await published(incoming, filename, key=file.key, prober=self._prober)
            return await self._settle(file, new)

    async def give_up(self, file: StoredFile, status: ErrorStatus, message: str) -> bool:
        """Note why the file will not be stored; False when it was deleted."""
        async with self._database.transaction() as tx:
            noted = await files.mark_failed(tx, file.id, status=status, message=message)
        self._announcer.notify()
        return noted

    async def _settle(self, file: StoredFile, new: NewFile) -> bool:
        expires_at = self._terms.expiry(file.kind, stored_at=self._clock.now())
        async with self._database.transaction() as tx:
            kept = await files.mark_stored(
                tx, file.id, new, expected=FileStatus.FETCHING, expires_at=expires_at
            )
        if kept is None:
            await self._storage.delete(new.key)
        self._announcer.notify()
        return kept is not None


async def found_by_url(tx: Transaction, url: str) -> StoredFile | None:
    """Return the file that ``url`` names, expired or not; None when it is not one of ours."""
    named = storage_url_in(url)
    return None if named is None else await files.find_by_token(tx, named.token)


def is_there(file: StoredFile) -> bool:
    """Tell whether a file has bytes."""
    return file.status is FileStatus.STORED and file.deleted_at is None
