"""Everything that a job reads: its inputs, and the archive it starts from."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from anyio import to_thread

from renderio_box.inputs.archive import RefusedArchiveError, TooLargeArchiveError
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import JobSpec, StoredSource, UrlSource
from renderio_box.scheduler.failures import FULL, AttemptFailedError
from renderio_box.scheduler.fetch import Fetcher
from renderio_box.scheduler.unpacker import Unpacker
from renderio_box.scheduler.usage import usage_in
from renderio_box.scheduler.workspace import Workspace
from renderio_box.scheduler.written import Listing, listing
from renderio_box.storage.storage import Storage

ARCHIVE: Final = "input_compressed_folder"


class Gathered(msgspec.Struct, frozen=True):
    """What lies in a workspace before FFmpeg runs.

    ``names`` are the inputs' file names by alias; ``unpacked`` is what came out of the
    archive into the directory that FFmpeg runs in. ``fetched_bytes`` is the size of the
    inputs that came by URL.
    """

    names: Mapping[str, str]
    unpacked: Listing
    fetched_bytes: int


class Gatherer:
    """Fetches what a job names, and unpacks its archive; ``max_bytes`` bounds what comes out."""

    def __init__(
        self, fetcher: Fetcher, unpacker: Unpacker, storage: Storage, *, max_bytes: int
    ) -> None:
        self._fetcher = fetcher
        self._unpacker = unpacker
        self._storage = storage
        self._max_bytes = max_bytes

    async def gather(self, spec: JobSpec, workspace: Workspace) -> Gathered:
        """Put everything into the workspace.

        Raises:
            AttemptFailedError: An input cannot be had, or the archive not be unpacked.
        """
        names = await self._fetcher.fetch(spec.inputs, workspace)
        urls = [alias for alias, each in spec.inputs.items() if isinstance(each, UrlSource)]
        fetched = [workspace.inputs / names[alias] for alias in urls]
        fetched_bytes = await to_thread.run_sync(total_size, fetched)
        if spec.archive is None:
            return Gathered(names, {}, fetched_bytes)
        unpacked = await self._unpacked(spec.archive, workspace)
        return Gathered(names, unpacked, fetched_bytes + usage_in(unpacked).bytes)

    async def _unpacked(self, source: UrlSource | StoredSource, workspace: Workspace) -> Listing:
        names = await self._fetcher.fetch({ARCHIVE: source}, workspace)
        archive = workspace.inputs / names[ARCHIVE]
        room = await self._storage.free_bytes()
        try:
            await self._unpacker.unpack(
                archive, workspace.outputs, max_bytes=min(self._max_bytes, room)
            )
            return await to_thread.run_sync(listed_alone, archive, workspace.outputs)
        except RefusedArchiveError as error:
            raise AttemptFailedError(
                ErrorStatus.INPUT_REFUSED, f"{ARCHIVE} was not unpacked: {error}."
            ) from error
        except TooLargeArchiveError as error:
            if room < self._max_bytes:
                raise no_room() from error
            raise AttemptFailedError(
                ErrorStatus.INPUT_TOO_LARGE, f"{ARCHIVE} was not unpacked: {error}."
            ) from error
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise no_room() from error


def total_size(paths: Iterable[Path]) -> int:
    """Return how large the files are together. Blocks."""
    return sum(path.stat().st_size for path in paths)


def listed_alone(archive: Path, directory: Path) -> Listing:
    """Give the archive's own room back, and note what came out of it. Blocks."""
    archive.unlink()
    return listing(directory)


def no_room() -> AttemptFailedError:
    """Return the end of an attempt whose archive is larger than the disk's free space."""
    return AttemptFailedError(
        ErrorStatus.STORAGE_FULL, f"The disk has no room for what {ARCHIVE} unpacks to."
    )
