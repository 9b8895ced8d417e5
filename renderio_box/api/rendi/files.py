"""Files over HTTP as Rendi's clients handle them."""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from renderio_box.api.authentication import requires
from renderio_box.api.renderio.commands import Offset
from renderio_box.api.renderio.files import FileController
from renderio_box.api.rendi.commands import LongLimit
from renderio_box.api.rendi.wire import RendiFile
from renderio_box.api.urls import Urls
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.identifiers import FileId


class RendiFileController(Controller):
    """Look at files; they are uploaded and deleted as at RenderIO."""

    path = "/v1/files"
    tags = ("Files (Rendi)",)
    guards = (requires(Scope.FILES),)

    upload_file = FileController.upload_file
    delete_file = FileController.delete_file

    @get()
    async def list_files(
        self,
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
        urls: NamedDependency[Urls],
        limit: LongLimit = 1000,
        offset: Offset = 0,
    ) -> list[RendiFile]:
        """Return the owner's files, newest first, without deleted ones."""
        found = await files.list(sees=principal.sees, limit=limit, offset=offset)
        return [RendiFile.of(file, urls) for file in found]

    @get("/{file_id:str}")
    async def show_file(
        self,
        file_id: FromPath[str],
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
        urls: NamedDependency[Urls],
    ) -> RendiFile:
        """Return what is known of a file, a deleted one too."""
        return RendiFile.of(await files.find(FileId(file_id), sees=principal.sees), urls)
