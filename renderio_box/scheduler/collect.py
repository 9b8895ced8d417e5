"""From what FFmpeg left in its directory to published outputs."""

import stat
from collections.abc import Mapping
from pathlib import Path

import anyio
from anyio import to_thread

from renderio_box.ffmpeg.probe import Prober, UnreadableError
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import FOLDER_ALIAS, FileType, MediaInfo, is_playlist
from renderio_box.jobs.job import Job, Succeeded
from renderio_box.scheduler.failures import AttemptFailedError, side_by_side
from renderio_box.scheduler.folder import zip_folder
from renderio_box.scheduler.playlists import Followed, follow
from renderio_box.scheduler.publish import Product, Products, Published, Publisher
from renderio_box.scheduler.workspace import Workspace
from renderio_box.scheduler.written import Listing, state_of


class Collector:
    """Looks at everything that a job is to leave behind, and only then publishes any of it.

    ``max_bytes`` bounds a whole output folder, as it bounds every single file.
    """

    def __init__(self, publisher: Publisher, prober: Prober, *, max_bytes: int) -> None:
        self._publisher = publisher
        self._prober = prober
        self._max_bytes = max_bytes

    async def collect(self, job: Job, workspace: Workspace, unpacked: Listing) -> Published:
        """Return the published outputs, in the order in which they were declared.

        ``unpacked`` is what lay in the directory before FFmpeg ran.

        Raises:
            AttemptFailedError: One is missing, empty or broken; nothing was published.
        """
        if job.spec.folder:
            products = await self._folder(job, workspace, unpacked)
        else:
            products = await self._declared(job.spec.outputs, workspace.outputs, unpacked)
        return await self._publisher.publish(job, products)

    async def discard(self, outcome: Succeeded) -> None:
        """Remove published files that no row will ever speak of."""
        await self._publisher.discard(each.key for each in (*outcome.outputs, *outcome.segments))

    async def _folder(self, job: Job, workspace: Workspace, unpacked: Listing) -> Products:
        """Return everything that was written as one zip."""
        target = workspace.root / f"{job.id}.zip"

        def zipped() -> Product:
            bundle = zip_folder(workspace.outputs, unpacked, target, max_bytes=self._max_bytes)
            media = MediaInfo(file_type=FileType.ARCHIVE)
            return Product(alias=FOLDER_ALIAS, path=target, media=media, bundle=bundle)

        return Products(outputs=(await to_thread.run_sync(zipped),))

    async def _declared(
        self, outputs: Mapping[str, str], directory: Path, unpacked: Listing
    ) -> Products:
        """Return the declared outputs, looked at side by side, with what playlists name."""
        facts: dict[str, MediaInfo] = {}
        async with side_by_side() as looking:
            for alias, name in outputs.items():
                looking.start_soon(self._inspect, alias, directory / name, unpacked, facts)
        followed = Followed(bundles={}, segments=())
        if any(map(is_playlist, outputs)):
            followed = await to_thread.run_sync(follow, outputs, directory, unpacked)
        return Products(
            outputs=tuple(
                Product(
                    alias=alias,
                    path=directory / name,
                    media=facts[alias],
                    bundle=followed.bundles.get(alias),
                )
                for alias, name in outputs.items()
            ),
            segments={path: directory / path for path in followed.segments},
        )

    async def _inspect(
        self, alias: str, path: Path, unpacked: Listing, facts: dict[str, MediaInfo]
    ) -> None:
        what = f"{alias} ({path.name})"
        try:
            status = await anyio.Path(path).lstat()
        except FileNotFoundError as error:
            raise missing(f"FFmpeg ended well but did not write {what}.") from error
        if unpacked.get(path.name) == state_of(status):
            raise missing(f"FFmpeg ended well but left {what} as it came in the archive.")
        if not stat.S_ISREG(status.st_mode):
            raise missing(f"{what} is not a plain file.")
        if status.st_size == 0:
            raise missing(f"FFmpeg ended well but left {what} empty.")
        try:
            facts[alias] = await self._prober.probe(path, path.name)
        except UnreadableError as error:
            raise missing(
                f"FFmpeg ended well but {what} cannot be read as {file_type_of(path.name)}."
            ) from error


def missing(message: str) -> AttemptFailedError:
    """Return the end of an attempt that lacks an output."""
    return AttemptFailedError(ErrorStatus.OUTPUT_MISSING, message)
