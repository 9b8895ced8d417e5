"""Looking at what FFmpeg wrote, and publishing it."""

import stat
from pathlib import Path

import anyio

from renderio_box.ffmpeg.probe import Prober, UnreadableError
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import extension_of, file_type_of
from renderio_box.jobs.files import MediaInfo, NewFile
from renderio_box.jobs.job import Job
from renderio_box.scheduler.failures import AttemptFailedError, side_by_side
from renderio_box.scheduler.workspace import Workspace
from renderio_box.storage.keys import output_key
from renderio_box.storage.storage import Storage, StorageFullError, UnfitOutputError


class Collector:
    """Checks every declared output, all of them side by side, and only then publishes any."""

    def __init__(self, storage: Storage, prober: Prober) -> None:
        self._storage = storage
        self._prober = prober

    async def collect(self, job: Job, workspace: Workspace) -> tuple[NewFile, ...]:
        """Return the published outputs in the order in which they were declared.

        Raises:
            AttemptFailedError: One is missing, empty or broken; nothing was published.
        """
        facts: dict[str, MediaInfo] = {}
        files: dict[str, NewFile] = {}
        paths = {alias: workspace.outputs / name for alias, name in job.spec.outputs.items()}
        async with side_by_side() as looking:
            for alias, path in paths.items():
                looking.start_soon(self._inspect, alias, path, facts)
        try:
            async with side_by_side() as publishing:
                for alias, path in paths.items():
                    publishing.start_soon(self._publish, job, alias, path, facts[alias], files)
        except AttemptFailedError:
            await self.discard(tuple(files.values()))
            raise
        return tuple(files[alias] for alias in paths)

    async def discard(self, outputs: tuple[NewFile, ...]) -> None:
        """Remove published files that no row will ever speak of."""
        for output in outputs:
            await self._storage.delete(output.key)

    async def _inspect(self, alias: str, path: Path, facts: dict[str, MediaInfo]) -> None:
        what = f"{alias} ({path.name})"
        try:
            status = await anyio.Path(path).lstat()
        except FileNotFoundError as error:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING, f"FFmpeg ended well but did not write {what}."
            ) from error
        if not stat.S_ISREG(status.st_mode):
            raise AttemptFailedError(ErrorStatus.OUTPUT_MISSING, f"{what} is not a plain file.")
        if status.st_size == 0:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING, f"FFmpeg ended well but left {what} empty."
            )
        try:
            facts[alias] = await self._prober.probe(path, path.name)
        except UnreadableError as error:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING,
                f"FFmpeg ended well but {what} cannot be read as {file_type_of(path.name)}.",
            ) from error

    async def _publish(
        self, job: Job, alias: str, path: Path, media: MediaInfo, files: dict[str, NewFile]
    ) -> None:
        key = output_key(job.id, job.attempt, alias, extension_of(path.name))
        try:
            stored = await self._storage.publish(path, key)
        except UnfitOutputError as error:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_MISSING, f"{alias} ({path.name}) is not a plain file."
            ) from error
        except StorageFullError as error:
            raise AttemptFailedError(ErrorStatus.STORAGE_FULL, str(error)) from error
        files[alias] = NewFile(
            key=stored.key,
            filename=path.name,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            media=media,
            alias=alias,
        )
