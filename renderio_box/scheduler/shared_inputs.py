"""Inputs that several jobs of one batch name: downloaded once, and kept until the last has ended."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
import msgspec
from anyio import to_thread

from renderio_box.identifiers import BatchId
from renderio_box.scheduler.failures import NotFetchedError
from renderio_box.scheduler.workspace import REMOVAL_SECONDS
from renderio_box.storage.beneath import OBJECT_MODE
from renderio_box.storage.linking import link

Place = tuple[BatchId, str]
"""A batch and a URL."""
Download = Callable[[str, Path], Awaitable[str]]
"""Fetches a URL to a new file and returns the file's extension; NotFetchedError."""
DIRECTORY: Final = "shared"


class Kept(msgspec.Struct, frozen=True):
    """A file that has arrived completely."""

    path: Path
    extension: str


class Arrival:
    """A download under way; ``failure`` is what those who waited for it are told."""

    def __init__(self) -> None:
        self.over = anyio.Event()
        self.failure: NotFetchedError | None = None


class SharedInputs:
    """Files below ``work``, on one file system with the workspaces that get them.

    What is here is known in memory only: a process that begins anew downloads again,
    and whoever sweeps the workspaces sweeps this with them.
    """

    def __init__(self, work: Path) -> None:
        self._directory = work / DIRECTORY
        self._kept: dict[Place, Kept] = {}
        self._arriving: dict[Place, Arrival] = {}

    @property
    def batches(self) -> frozenset[BatchId]:
        """Return the batches that files are kept for."""
        return frozenset(batch_id for batch_id, _ in self._kept)

    async def link_into(self, place: Place, target: Path, download: Download) -> str:
        """Make the file at ``place`` readable as ``target`` and return its extension.

        The first who asks downloads; the others wait, as long as a download may take, and
        share its end. When the first is cancelled one of them begins anew; when it failed,
        so does whoever comes later.

        Raises:
            NotFetchedError: The file could not be had.
        """
        while (kept := self._kept.get(place)) is None:
            arrival = self._arriving.get(place)
            if arrival is None:
                await self._bring(place, download)
                continue
            await arrival.over.wait()
            if arrival.failure is not None:
                raise NotFetchedError(arrival.failure.status, str(arrival.failure))
        await to_thread.run_sync(link, kept.path, target)
        return kept.extension

    async def forget(self, batch_id: BatchId) -> None:
        """Remove everything of a batch whose jobs have all ended."""
        places = [place for place in self._kept if place[0] == batch_id]
        await unlinked(*(self._kept.pop(place).path for place in places))

    async def _bring(self, place: Place, download: Download) -> None:
        """Download the file and keep it, or leave nothing behind."""
        arrival = self._arriving[place] = Arrival()
        path = self._directory / uuid4().hex
        try:
            await to_thread.run_sync(partial(self._directory.mkdir, mode=0o700, exist_ok=True))
            extension = await download(place[1], path)
            await to_thread.run_sync(path.chmod, OBJECT_MODE)
            self._kept[place] = Kept(path, extension)
        except NotFetchedError as error:
            arrival.failure = error
            raise
        finally:
            del self._arriving[place]
            arrival.over.set()
            if place not in self._kept:
                await unlinked(path)


async def unlinked(*paths: Path) -> None:
    """Remove files as far as it can be done, even for somebody who is cancelled."""
    with anyio.move_on_after(REMOVAL_SECONDS, shield=True):
        for path in paths:
            with suppress(OSError):
                await to_thread.run_sync(path.unlink, abandon_on_cancel=True)
