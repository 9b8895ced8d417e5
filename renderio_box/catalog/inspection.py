"""Looking at a file without keeping it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
import msgspec
from anyio import to_thread

from renderio_box.catalog.wanted import found_by_url, is_there
from renderio_box.database.connection import Database
from renderio_box.errors import BoxError, ErrorCode, InvalidRequestError
from renderio_box.ffmpeg.probe import Described, Prober
from renderio_box.identifiers import Owner
from renderio_box.inputs.download import (
    Downloader,
    RefusedError,
    TooLargeError,
    UnreachableError,
)
from renderio_box.jobs.file_names import completed, name_in
from renderio_box.jobs.file_types import extension_for, extension_of
from renderio_box.jobs.files import MediaInfo, StoredFile
from renderio_box.jobs.storage_urls import EXPIRED
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.keys import suffix
from renderio_box.storage.removal import remove
from renderio_box.storage.storage import Storage

INSPECTION_SECONDS: Final = 120.0
INSPECTED_AT_ONCE: Final = 4


class InspectedTooLargeError(BoxError):
    """The file at a URL is larger than what the box fetches."""

    code = ErrorCode.PAYLOAD_TOO_LARGE


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was looked at."""

    filename: str
    size_bytes: int
    media: MediaInfo
    described: Described


class Inspector:
    """Looks at a few files at a time, each within two minutes with the wait for its turn.

    ``scratch`` is an existing directory on the file system of the storage that a start empties.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        prober: Prober,
        downloader: Downloader,
        addresses: Addresses,
        scratch: Path,
    ) -> None:
        self._database = database
        self._storage = storage
        self._prober = prober
        self._downloader = downloader
        self._addresses = addresses
        self._scratch = scratch
        self._limiter = anyio.CapacityLimiter(INSPECTED_AT_ONCE)

    async def inspect_file(self, file: StoredFile) -> Inspected:
        """Look at a stored file.

        Raises:
            InvalidRequestError: It is not stored, or not any more, or takes too long.
        """
        if not is_there(file):
            raise InvalidRequestError(
                f"The file {file.id} is not stored; its record says why.", loc=("file_id",)
            )
        async with self._turn("file_id"):
            return await self._look(file)

    async def inspect_url(self, url: str, *, sees: Owner | None) -> Inspected:
        """Fetch a file, look at it and forget it; one of ours is taken from disk.

        Raises:
            InvalidRequestError: It cannot be fetched, may not be, or takes too long, or is
                the expired address of a file that the caller does not see.
            InspectedTooLargeError: It is larger than the box fetches.
            StorageFullError: The disk has no room for it.
        """
        async with self._database.reading() as tx:
            file = await found_by_url(tx, url)
        if file is not None and not self._addresses.may_be_named(file, url, sees=sees):
            raise InvalidRequestError(f"url {EXPIRED}", loc=("url",))
        if file is not None and not is_there(file):
            raise InvalidRequestError("url names a file that is not stored here.", loc=("url",))
        async with self._turn("url"):
            return await self._fetch(url) if file is None else await self._look(file)

    @asynccontextmanager
    async def _turn(self, field: str) -> AsyncGenerator[None]:
        try:
            with anyio.fail_after(INSPECTION_SECONDS):
                async with self._limiter:
                    yield
        except TimeoutError as error:
            raise InvalidRequestError(
                f"{field}: the file could not be looked at within {INSPECTION_SECONDS:g} seconds.",
                loc=(field,),
            ) from error

    async def _look(self, file: StoredFile) -> Inspected:
        directory = self._scratch / f"inspection-{uuid4().hex}"
        path = directory / f"file{suffix(extension_of(file.filename))}"
        try:
            await to_thread.run_sync(directory.mkdir)
            await self._storage.link_into(file.key, path)
            media, described = await self._prober.describe(path, file.filename)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(remove, directory)
        return Inspected(
            filename=file.filename,
            size_bytes=file.size_bytes or 0,
            media=media,
            described=described,
        )

    async def _fetch(self, url: str) -> Inspected:
        size_bytes = 0
        async with self._storage.receive() as incoming:
            try:
                async with self._downloader.open(url) as download:
                    async for piece in download.pieces:
                        size_bytes += len(piece)
                        await incoming.write(piece)
            except UnreachableError as error:
                raise InvalidRequestError(
                    f"url could not be fetched: {error}.", loc=("url",)
                ) from error
            except RefusedError as error:
                raise InvalidRequestError(f"url was not fetched: {error}.", loc=("url",)) from error
            except TooLargeError as error:
                raise InspectedTooLargeError(
                    f"url was not fetched: {error}.", loc=("url",)
                ) from error
            extension = extension_of(download.file_name) or extension_for(download.mime_type)
            filename = completed(name_in(url), suffix(extension))
            media, described = await self._prober.describe(await incoming.inspectable(), filename)
        return Inspected(filename=filename, size_bytes=size_bytes, media=media, described=described)
