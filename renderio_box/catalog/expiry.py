"""Deleting files whose time is over, or for which there is no room; one batch, one transaction."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from renderio_box.clock import Clock
from renderio_box.database import expiry
from renderio_box.database.connection import Database, Transaction
from renderio_box.identifiers import FileId
from renderio_box.jobs.files import FileKind, FileStatus
from renderio_box.jobs.retention import Candidate, Terms, chosen
from renderio_box.storage.storage import Storage

FILES_AT_ONCE: Final = 100
OBJECTS_AT_ONCE: Final = 1000
HOUR: Final = timedelta(hours=1)


class Freed(msgspec.Struct, frozen=True):
    """What one batch has deleted: files, and about how many bytes."""

    files: int
    size_bytes: int


class Expiry:
    """Deletes the bytes of files and keeps their records, as a caller's own deletion does.

    A file that a waiting or running job needs stays until that has ended, and with it the
    other outputs of the job that made it, which go together.
    """

    def __init__(self, database: Database, storage: Storage, clock: Clock, terms: Terms) -> None:
        self._database = database
        self._storage = storage
        self._clock = clock
        self._terms = terms

    async def expire_due(self) -> Freed | None:
        """Delete some of the files whose time is over; None when there are none."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            due = await expiry.list_due(tx, now=now, limit=FILES_AT_ONCE)
            batch = chosen(due, max_objects=OBJECTS_AT_ONCE)
            keys = await self._expire(tx, batch)
        return await self._deleted(batch, keys)

    async def free_excess(self) -> Freed | None:
        """Delete some of the oldest files while all are too large; None when they are not."""
        limit = self._terms.total_bytes
        if limit is None:
            return None
        async with self._database.transaction() as tx:
            excess = await expiry.stored_bytes(tx) - limit
            if excess <= 0:
                return None
            oldest = await expiry.list_oldest(tx, limit=FILES_AT_ONCE)
            batch = chosen(oldest, max_objects=OBJECTS_AT_ONCE, excess_bytes=excess)
            keys = await self._expire(tx, batch)
        return await self._deleted(batch, keys)

    async def is_dated(self) -> bool:
        """Tell whether every file ends when the terms say."""
        async with self._database.reading() as tx:
            return (await expiry.find_terms(tx) or never()) == self._hours()

    async def date_after(self, file_id: FileId) -> FileId | None:
        """Give the files after that one the end that the terms say; return the last of them.

        None when it was the last of all; then the terms are noted, and they are dated.
        """
        async with self._database.transaction() as tx:
            page = await expiry.list_after(tx, file_id, limit=FILES_AT_ONCE)
            if not page:
                await expiry.put_terms(tx, self._hours())
                return None
            dates = {
                file.id: self._terms.expiry(file.kind, stored_at=file.created_at)
                for file in page
                if file.status is FileStatus.STORED
            }
            await expiry.date(tx, dates)
        return page[-1].id

    def _hours(self) -> dict[str, int]:
        terms = {kind: self._terms.of(kind) for kind in FileKind}
        return {kind: 0 if term is None else term // HOUR for kind, term in terms.items()}

    async def _expire(self, tx: Transaction, batch: Sequence[Candidate]) -> list[str]:
        """Mark the batch as deleted; return the keys of all objects that go with it."""
        now = self._clock.now()
        job_ids = list(dict.fromkeys(each.job_id for each in batch if each.job_id is not None))
        file_ids = [each.id for each in batch if each.job_id is None]
        return [
            *await expiry.expire_files(tx, file_ids, now=now),
            *await expiry.expire_outputs(tx, job_ids, now=now),
            *await expiry.expire_segments(tx, job_ids),
        ]

    async def _deleted(self, batch: Sequence[Candidate], keys: Sequence[str]) -> Freed | None:
        """Delete the objects, now that no row speaks of them; a crash here leaves orphans."""
        for key in keys:
            await self._storage.delete(key)
        size_bytes = sum(each.size_bytes for each in batch)
        return Freed(len(batch), size_bytes) if batch else None


def never() -> dict[str, int]:
    """Return the terms of a database whose files have never been dated."""
    return dict.fromkeys(FileKind, 0)
