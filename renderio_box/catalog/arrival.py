"""What every file that arrives goes through: it is looked at, published, and gets a row."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

import anyio
import structlog

from renderio_box.ffmpeg.probe import Prober, UnreadableError
from renderio_box.identifiers import FileId, Owner, new_file_token, new_id
from renderio_box.jobs.file_types import extension_of, file_type_of
from renderio_box.jobs.files import FileKind, FileStatus, MediaInfo, NewFile, StoredFile
from renderio_box.storage.keys import upload_key
from renderio_box.storage.storage import Incoming, Storage

log = structlog.get_logger()


def tell_stored(file: StoredFile) -> None:
    """Write the line about a file that is kept; its row is committed."""
    log.info("file_stored", file=file.id, kind=file.kind, owner=file.owner, bytes=file.size_bytes)


def awaited(
    kind: FileKind, filename: str, *, owner: Owner, now: datetime, source_url: str | None = None
) -> StoredFile:
    """Return the row of a file that is yet to come; its address is known from now on."""
    file_id = FileId(new_id(now))
    return StoredFile(
        id=file_id,
        owner=owner,
        kind=kind,
        status=FileStatus.WAITING,
        key=upload_key(file_id, extension_of(filename)),
        token=new_file_token(),
        filename=filename,
        source_url=source_url,
        size_bytes=None,
        sha256=None,
        media=MediaInfo(file_type=file_type_of(filename)),
        created_at=now,
    )


async def published(incoming: Incoming, filename: str, *, key: str, prober: Prober) -> NewFile:
    """Publish a file that has arrived completely; a broken one is what its name says.

    Raises:
        StorageFullError: The disk has no room for it.
    """
    try:
        media = await prober.probe(await incoming.inspectable(), filename)
    except UnreadableError:
        media = MediaInfo(file_type=file_type_of(filename))
    stored = await incoming.complete(key)
    return NewFile(
        key=stored.key,
        filename=filename,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        media=media,
    )


@asynccontextmanager
async def removed_on_error(storage: Storage, key: str) -> AsyncGenerator[None]:
    """Remove a published object when the block that gives it a row does not end well."""
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await storage.delete(key)
        raise
