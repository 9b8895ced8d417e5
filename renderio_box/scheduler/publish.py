"""Moving what a command made into storage."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import anyio
import msgspec

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import extension_of
from renderio_box.jobs.files import Bundle, MediaInfo, NewFile, Segment
from renderio_box.jobs.job import Job
from renderio_box.jobs.verification import OutputVerification
from renderio_box.scheduler.failures import AttemptFailedError, side_by_side
from renderio_box.storage.keys import output_key, segment_key
from renderio_box.storage.storage import (
    Storage,
    StorageFullError,
    StoredObject,
    UnfitOutputError,
)

PUBLISHED_AT_ONCE: Final = 8
DISCARDED_WITHIN_S: Final = 30.0


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A file that becomes an output; ``bundle`` is what else belongs to it."""

    alias: str
    path: Path
    media: MediaInfo
    bundle: Bundle | None = None


class Products(msgspec.Struct, frozen=True, kw_only=True):
    """All that a job is to leave behind; ``segments`` are files by the path players ask for."""

    outputs: tuple[Product, ...]
    segments: Mapping[str, Path] = msgspec.field(default_factory=dict[str, Path])


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What is in storage now, and what no row speaks of yet."""

    outputs: tuple[NewFile, ...]
    segments: tuple[Segment, ...]
    verification: dict[str, OutputVerification] | None = None


class Publisher:
    """Publishes everything or nothing."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def publish(self, job: Job, products: Products) -> Published:
        """Move all products into storage, several at a time.

        Raises:
            AttemptFailedError: One cannot be stored; then none is.
        """
        outputs = {
            output_key(job.id, job.attempt, each.alias, extension_of(each.path.name)): each
            for each in products.outputs
        }
        segments = {
            segment_key(job.id, job.attempt, number, extension_of(path)): path
            for number, path in enumerate(products.segments)
        }
        stored = await self._publish_all(
            {key: product.path for key, product in outputs.items()}
            | {key: products.segments[path] for key, path in segments.items()}
        )
        return Published(
            outputs=tuple(new_file(product, stored[key]) for key, product in outputs.items()),
            segments=tuple(segment(path, stored[key]) for key, path in segments.items()),
        )

    async def discard(self, keys: Iterable[str]) -> None:
        """Remove published files that no row will ever speak of."""
        for key in keys:
            await self._storage.delete(key)

    async def _publish_all(self, paths: Mapping[str, Path]) -> Mapping[str, StoredObject]:
        """Return what is stored by key; whoever ends this early leaves nothing stored."""
        begun: list[str] = []
        stored: dict[str, StoredObject] = {}
        waiting = iter(paths.items())
        try:
            async with side_by_side() as publishing:
                for _ in range(min(PUBLISHED_AT_ONCE, len(paths))):
                    publishing.start_soon(self._publish_waiting, waiting, begun, stored)
        except BaseException:
            with anyio.move_on_after(DISCARDED_WITHIN_S, shield=True):
                await self.discard(begun)
            raise
        return stored

    async def _publish_waiting(
        self,
        waiting: Iterator[tuple[str, Path]],
        begun: list[str],
        stored: dict[str, StoredObject],
    ) -> None:
        """Publish one file after the other until none waits."""
        for key, path in waiting:
            begun.append(key)
            try:
                stored[key] = await self._storage.publish(path, key)
            except UnfitOutputError as error:
                raise AttemptFailedError(
                    ErrorStatus.OUTPUT_MISSING, f"{path.name} is not a plain file."
                ) from error
            except StorageFullError as error:
                raise AttemptFailedError(ErrorStatus.STORAGE_FULL, str(error)) from error


def new_file(product: Product, stored: StoredObject) -> NewFile:
    """Return a published output."""
    return NewFile(
        key=stored.key,
        filename=product.path.name,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        media=product.media,
        alias=product.alias,
        bundle=product.bundle,
    )


def segment(path: str, stored: StoredObject) -> Segment:
    """Return a published file that a playlist names."""
    return Segment(path=path, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
