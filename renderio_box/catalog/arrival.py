"""What every file that arrives goes through: it is looked at, published, and gets a row."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from renderio_box.ffmpeg.probe import Prober, UnreadableError
from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import MediaInfo, NewFile
from renderio_box.storage.storage import Incoming, Storage


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
