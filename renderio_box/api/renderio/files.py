"""Files over HTTP: uploads, records, deletion."""

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from renderio_box.api.authentication import requires
from renderio_box.api.renderio.commands import Limit, Offset
from renderio_box.api.renderio.wire import DeletedFile, FilePage, FileRecord, UploadedFile
from renderio_box.api.uploads import receive_upload
from renderio_box.api.urls import Urls
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.identifiers import FileId
from renderio_box.storage.storage import Storage


class UploadLimit(msgspec.Struct, frozen=True):
    """How large an upload may be."""

    max_bytes: int


class FileController(Controller):
    """Upload files, look at them, delete them."""

    path = "/api/v1/files"
    tags = ("Files",)
    guards = (requires(Scope.FILES),)

    @post("/upload", status_code=200, request_max_body_size=None)
    async def upload_file(
        self,
        request: Request[Principal, Any, Any],
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
        storage: NamedDependency[Storage],
        upload_limit: NamedDependency[UploadLimit],
        urls: NamedDependency[Urls],
    ) -> UploadedFile:
        """Store the multipart part called ``file``. Its address works when this answers."""
        async with storage.receive() as incoming:
            filename = await receive_upload(request, incoming, max_bytes=upload_limit.max_bytes)
            file = await files.add_upload(incoming, filename, owner=principal.owner)
        return UploadedFile.of(file, urls)

    @get()
    async def list_files(
        self,
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
        urls: NamedDependency[Urls],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> FilePage:
        """Return the owner's files, newest first, without deleted ones."""
        found = await files.list(sees=principal.sees, limit=limit, offset=offset)
        return FilePage([FileRecord.of(file, urls) for file in found], limit, offset)

    @get("/{file_id:str}")
    async def show_file(
        self,
        file_id: FromPath[str],
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
        urls: NamedDependency[Urls],
    ) -> FileRecord:
        """Return what is known of a file, a deleted one too."""
        return FileRecord.of(await files.find(FileId(file_id), sees=principal.sees), urls)

    @delete("/{file_id:str}", status_code=200)
    async def delete_file(
        self,
        file_id: FromPath[str],
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
    ) -> DeletedFile:
        """Delete a file's bytes; its record stays."""
        await files.delete(FileId(file_id), sees=principal.sees)
        return DeletedFile(file_id=FileId(file_id))
