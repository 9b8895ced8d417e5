"""Fetching files that are to be kept, and clearing up after uploads that nobody completes."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup

from renderio_box.catalog.part_uploads import PartUploads
from renderio_box.catalog.wanted import WantedFiles
from renderio_box.companions import accompanied_by
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.identifiers import FileId
from renderio_box.inputs.download import Downloader
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_names import completed
from renderio_box.jobs.file_types import extension_for, extension_of
from renderio_box.jobs.files import StoredFile
from renderio_box.scheduler.failures import AttemptFailedError, explained
from renderio_box.storage.keys import suffix
from renderio_box.storage.storage import ObjectMissingError, Storage
from renderio_box.wakeup import Wakeup

log = structlog.get_logger()

FETCHED_AT_ONCE: Final = 2
LOOKED_EVERY_S: Final = 60.0
DELETION_NOTICED_WITHIN_S: Final = 1.0


class Keeper:
    """Works on what the catalogue wants done, for as long as the box runs.

    What is being fetched when the process ends is fetched anew by the next one.
    """

    def __init__(
        self,
        *,
        wanted: WantedFiles,
        uploads: PartUploads,
        downloader: Downloader,
        storage: Storage,
    ) -> None:
        self._wanted = wanted
        self._uploads = uploads
        self._downloader = downloader
        self._storage = storage
        self._fetching = 0

    async def run(self) -> None:
        """Work until cancelled."""
        with self._wanted.listening() as wakeup:
            async with (
                anyio.create_task_group() as fetches,
                accompanied_by(self._clear_regularly),
            ):
                while True:
                    with put_off("claiming"):
                        await self._start_what_fits(fetches, wakeup)
                    await wakeup.wait(timeout_s=LOOKED_EVERY_S)

    async def _clear_regularly(self) -> None:
        while True:
            with put_off("clearing_away"):
                while cleared := await self._uploads.clear_away():
                    log.info("uploads_cleared", count=cleared)
            await anyio.sleep(LOOKED_EVERY_S)

    async def _start_what_fits(self, fetches: TaskGroup, wakeup: Wakeup) -> None:
        """Claim until enough are being fetched.

        While none is, whatever is marked as such is a dead process's, or could not be settled.
        """
        if self._fetching == 0:
            await self._wanted.take_back()
        while self._fetching < FETCHED_AT_ONCE:
            file = await self._wanted.claim()
            if file is None:
                return
            self._fetching += 1
            fetches.start_soon(self._fetch, file, wakeup)

    async def _fetch(self, file: StoredFile, wakeup: Wakeup) -> None:
        """Carry one claimed file to its end, whatever that is; stop when it is deleted."""
        log.info("fetch_started", file=file.id)
        try:
            with anyio.CancelScope() as scope:
                async with accompanied_by(self._watch, file.id, scope):
                    with put_off("settling"):
                        await self._settle(file)
                        return
                    # The row still says that the file is being fetched. It is tried again,
                    # but not at once: a database that is in trouble is left in peace.
                    await anyio.sleep(LOOKED_EVERY_S)
        finally:
            self._fetching -= 1
            wakeup.notify()

    async def _watch(self, file_id: FileId, fetch: anyio.CancelScope) -> None:
        """End the fetch of a file that was deleted."""
        while not fetch.cancel_called:
            with put_off("watching"):
                if not await self._wanted.is_wanted(file_id):
                    fetch.cancel()
            await anyio.sleep(DELETION_NOTICED_WITHIN_S)

    async def _settle(self, file: StoredFile) -> None:
        """Store the file, or note why it cannot be."""
        try:
            kept = await self._store(file)
        except AttemptFailedError as error:
            log.info("fetch_failed", file=file.id, error_status=error.status)
            await self._wanted.give_up(file, error.status, str(error))
        except DatabaseFailedError:
            raise
        except Exception:
            log.exception("fetch_crashed", file=file.id)
            await self._wanted.give_up(
                file,
                ErrorStatus.INTERNAL_ERROR,
                "The box failed while it fetched this file; its log has the details.",
            )
        else:
            log.info("fetch_ended", file=file.id, kept=kept)

    async def _store(self, file: StoredFile) -> bool:
        """Bring the file in from where it is; False when it was deleted meanwhile.

        Raises:
            AttemptFailedError: It cannot be had.
        """
        original = await self._wanted.original_of(file)
        with explained(file.filename):
            if original is None:
                return await self._download(file)
            return await self._copy(file, original)

    async def _copy(self, file: StoredFile, original: StoredFile) -> bool:
        """Keep a file of ours once more; each can then be deleted without the other."""
        name = completed(file.filename, suffix(extension_of(original.filename)))
        try:
            async with self._storage.receive() as incoming:
                length = original.size_bytes or 0
                async for piece in self._storage.read(original.key, start=0, length=length):
                    await incoming.write(piece)
                return await self._wanted.keep(file, incoming, filename=name)
        except ObjectMissingError as error:
            raise AttemptFailedError(
                ErrorStatus.UNREACHABLE_INPUT_FILE,
                f"{file.filename} could not be fetched: the stored file {original.id}"
                " was deleted before.",
            ) from error

    async def _download(self, file: StoredFile) -> bool:
        """Fetch the file's URL; its extension, where it has none, is that of the final URL.

        Where that has none either, it is the usual one for the media type.
        """
        async with self._storage.receive() as incoming:
            async with self._downloader.open(file.source_url or "") as download:
                async for piece in download.pieces:
                    await incoming.write(piece)
                extension = extension_of(download.file_name) or extension_for(download.mime_type)
            name = completed(file.filename, suffix(extension))
            return await self._wanted.keep(file, incoming, filename=name)


@contextmanager
def put_off(work: str) -> Generator[None]:
    """Leave undone what disk or database will not do now; it is tried again later.

    So is what a row stands in the way of that cannot be read.
    """
    try:
        yield
    except (DatabaseFailedError, OSError, msgspec.MsgspecError) as error:
        log.warning("work_put_off", work=work, reason=str(error))
