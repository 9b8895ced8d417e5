"""From what FFmpeg left in its directory to published outputs."""

from functools import partial
from pathlib import Path

from anyio import to_thread
from msgspec import structs

from renderio_box.ffmpeg.probe import Prober, UnreadableError
from renderio_box.jobs.file_types import file_type_of
from renderio_box.jobs.files import FOLDER_ALIAS, FileType, MediaInfo
from renderio_box.jobs.job import Job, Succeeded
from renderio_box.scheduler.failures import side_by_side
from renderio_box.scheduler.folder import zip_folder
from renderio_box.scheduler.publish import Product, Products, Published, Publisher
from renderio_box.scheduler.taken import called, missing, take_declared
from renderio_box.scheduler.verification import Ran, Verifier
from renderio_box.scheduler.workspace import Workspace
from renderio_box.scheduler.written import Listing


class Collector:
    """Looks at everything that a job is to leave behind, and only then publishes any of it.

    Before it is looked at it is moved to where whatever ran in the job cannot reach it.
    ``max_bytes`` bounds a whole output folder and a playlist with all that it names, as it
    bounds every single file.
    """

    def __init__(
        self, publisher: Publisher, prober: Prober, verifier: Verifier, *, max_bytes: int
    ) -> None:
        self._publisher = publisher
        self._prober = prober
        self._verifier = verifier
        self._max_bytes = max_bytes

    async def collect(
        self, job: Job, workspace: Workspace, unpacked: Listing, ran: Ran
    ) -> Published:
        """Return the published outputs, in the order in which they were declared.

        ``unpacked`` is what lay in the directory before FFmpeg ran; ``ran`` is how it ran.

        Raises:
            AttemptFailedError: One is missing, empty or broken; nothing was published.
            VerificationFailedError: One is not what it should be; nothing was published.
        """
        if job.spec.folder:
            products = await self._folder(job, workspace, unpacked)
        else:
            products = await self._declared(job, workspace, unpacked)
        verification = await self._verifier.verify(job, workspace, ran, products)
        published = await self._publisher.publish(job, products)
        return structs.replace(published, verification=verification)

    async def discard(self, outcome: Succeeded) -> None:
        """Remove published files that no row will ever speak of."""
        await self._publisher.discard(each.key for each in (*outcome.outputs, *outcome.segments))

    async def _folder(self, job: Job, workspace: Workspace, unpacked: Listing) -> Products:
        """Return everything that was written as one zip."""
        target = workspace.taken / f"{job.id}.zip"

        def zipped() -> Product:
            bundle = zip_folder(workspace.outputs, unpacked, target, max_bytes=self._max_bytes)
            media = MediaInfo(file_type=FileType.ARCHIVE)
            return Product(alias=FOLDER_ALIAS, path=target, media=media, bundle=bundle)

        return Products(outputs=(await to_thread.run_sync(zipped),))

    async def _declared(self, job: Job, workspace: Workspace, unpacked: Listing) -> Products:
        """Return the declared outputs, looked at side by side, with what playlists name."""
        taken = await to_thread.run_sync(
            partial(take_declared, job.spec.outputs, workspace, unpacked, max_bytes=self._max_bytes)
        )
        facts: dict[str, MediaInfo] = {}
        async with side_by_side() as looking:
            for alias, path in taken.outputs.items():
                looking.start_soon(self._inspect, alias, path, facts)
        return Products(
            outputs=tuple(
                Product(alias=alias, path=path, media=facts[alias], bundle=taken.bundles.get(alias))
                for alias, path in taken.outputs.items()
            ),
            segments=taken.segments,
        )

    async def _inspect(self, alias: str, path: Path, facts: dict[str, MediaInfo]) -> None:
        try:
            facts[alias] = await self._prober.probe(path, path.name, beside=path.parent)
        except UnreadableError as error:
            what, kind = called(alias, path.name), file_type_of(path.name)
            raise missing(f"FFmpeg ended well but {what} cannot be read as {kind}.") from error
