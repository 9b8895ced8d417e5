"""Bringing a job's inputs into its workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import anyio

from renderio_box.errors import NotFoundError
from renderio_box.identifiers import FileId, Owner
from renderio_box.inputs.download import Downloader
from renderio_box.jobs.command_line import bind_text
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import extension_for, extension_of
from renderio_box.jobs.files import StoredFile, is_playlist
from renderio_box.jobs.job import Source, StoredSource, TextSource, UrlSource
from renderio_box.scheduler.failures import (
    AttemptFailedError,
    NotFetchedError,
    explained,
    side_by_side,
    told,
)
from renderio_box.scheduler.shared_inputs import SharedInputs
from renderio_box.scheduler.workspace import Workspace, save
from renderio_box.storage.keys import suffix
from renderio_box.storage.storage import ObjectMissingError, Storage

FETCHED_AT_ONCE: Final = 4


class StoredFiles(Protocol):
    """Where stored files are looked up."""

    async def find(self, file_id: FileId, *, sees: Owner | None) -> StoredFile:
        """Return a file, deleted ones too; NotFoundError when there is none."""
        ...

    async def keys_beside(self, playlist: StoredFile) -> Mapping[str, str]:
        """Return the keys of all that a stored playlist may name, by path beside it."""
        ...


class Fetcher:
    """Gets inputs from wherever they are: the network, our own storage, the request."""

    def __init__(
        self,
        downloader: Downloader,
        storage: Storage,
        files: StoredFiles,
        shared: SharedInputs,
    ) -> None:
        self._downloader = downloader
        self._storage = storage
        self._files = files
        self._shared = shared

    async def fetch(self, sources: Mapping[str, Source], workspace: Workspace) -> dict[str, str]:
        """Put every input into the workspace and return its file name there, by alias.

        Names are the alias with an extension: safe in filter syntax, and known to
        whoever writes a list of them.

        Raises:
            AttemptFailedError: One of them cannot be had.
        """
        names: dict[str, str] = {}
        limiter = anyio.CapacityLimiter(FETCHED_AT_ONCE)
        texts = {name: text for name, text in sources.items() if isinstance(text, TextSource)}
        async with side_by_side() as fetching:
            for alias, source in sources.items():
                if not isinstance(source, TextSource):
                    fetching.start_soon(self._fetch_one, alias, source, workspace, names, limiter)
        names |= {alias: f"{alias}{suffix(text.extension)}" for alias, text in texts.items()}
        for alias, text in texts.items():
            path = anyio.Path(workspace.inputs / names[alias])
            await path.write_text(bind_text(text.text, names), encoding="utf-8")
        return names

    async def _fetch_one(
        self,
        alias: str,
        source: UrlSource | StoredSource,
        workspace: Workspace,
        names: dict[str, str],
        limiter: anyio.CapacityLimiter,
    ) -> None:
        async with limiter:
            if isinstance(source, StoredSource):
                names[alias] = await self._link(alias, source.file_id, workspace)
            else:
                names[alias] = await self._download(alias, source, workspace)

    async def _link(self, alias: str, file_id: FileId, workspace: Workspace) -> str:
        """Take a stored file without copying it."""
        try:
            file = await self._files.find(file_id, sees=None)
            if is_playlist(file.alias):
                return await self._link_playlist(alias, file, workspace)
            name = f"{alias}{suffix(extension_of(file.filename))}"
            await self._storage.link_into(file.key, workspace.inputs / name)
        except (NotFoundError, ObjectMissingError) as error:
            raise AttemptFailedError(
                ErrorStatus.UNREACHABLE_INPUT_FILE,
                f"{alias} is the stored file {file_id}, which was deleted before the command ran.",
            ) from error
        return name

    async def _link_playlist(self, alias: str, file: StoredFile, workspace: Workspace) -> str:
        """Take a playlist into a folder of its own, with everything that it names beside it."""
        folder = workspace.inputs / alias
        keys = {**await self._files.keys_beside(file), file.filename: file.key}
        for path, key in keys.items():
            await anyio.Path((folder / path).parent).mkdir(parents=True, exist_ok=True)
            await self._storage.link_into(key, folder / path)
        return f"{alias}/{file.filename}"

    async def _download(self, alias: str, source: UrlSource, workspace: Workspace) -> str:
        """Fetch a URL, or take what another job of the batch has fetched."""
        arriving = workspace.inputs / f"{alias}.part"
        with explained(alias):
            if source.batch_id is None:
                extension = await self._save(source.url, arriving)
            else:
                place = (source.batch_id, source.url)
                extension = await self._shared.link_into(place, arriving, self._save)
        name = f"{alias}{suffix(extension)}"
        await anyio.Path(arriving).rename(workspace.inputs / name)
        return name

    async def _save(self, url: str, path: Path) -> str:
        """Fetch a URL to a new file.

        Returns:
            The extension of the URL, else the usual one for its media type.

        Raises:
            NotFetchedError: The file could not be had.
        """
        if await self._storage.free_bytes() <= 0:
            raise NotFetchedError(
                ErrorStatus.STORAGE_FULL, "was not fetched: the box is short of disk space."
            )
        with told():
            async with self._downloader.open(url) as download:
                await save(download.pieces, path)
                return extension_of(download.file_name) or extension_for(download.mime_type)
