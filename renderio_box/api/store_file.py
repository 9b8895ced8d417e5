"""Asking for a file to be fetched and kept, in both dialects."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.renderio.wire import UploadedFile
from renderio_box.api.sources import is_http_url
from renderio_box.api.urls import Urls
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.catalog.wanted import WantedFiles
from renderio_box.errors import DescriptionError
from renderio_box.identifiers import FileId
from renderio_box.jobs.file_names import MAX_NAME_BYTES, cleaned, name_in
from renderio_box.jobs.files import StoredFile


class StoreFileRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Where the file is, in ``file_url`` or in ``url``, and what it shall be called.

    Without ``filename`` it is called what its URL ends with.
    """

    file_url: str | None = None
    url: str | None = None
    filename: str | None = None

    @property
    def field(self) -> str:
        """Return the field that holds the URL."""
        return "url" if self.file_url is None and self.url is not None else "file_url"

    def source(self) -> str:
        """Return the URL; DescriptionError when there is none, or not one."""
        url = self.file_url if self.file_url is not None else self.url
        if url is None:
            raise DescriptionError("file_url: is required.", loc=("file_url",))
        if self.url is not None and self.url != url:
            raise DescriptionError(
                "file_url and url name different files; send one of them.", loc=("url",)
            )
        if not is_http_url(url):
            raise DescriptionError(f"{self.field} must be an http or https URL.", loc=(self.field,))
        return url

    def chosen_name(self) -> str:
        """Return what the file is called as far as is known; DescriptionError for a bad name."""
        if self.filename is None:
            return name_in(self.source())
        if cleaned(self.filename) != self.filename:
            raise DescriptionError(
                "filename must be a bare name without slashes or control characters, with no"
                f" blank or dot at its ends, and of at most {MAX_NAME_BYTES} bytes.",
                loc=("filename",),
            )
        return self.filename


class WantedFile(msgspec.Struct, frozen=True):
    """The file is wanted, and this is noted on disk."""

    file_id: FileId


async def ask_for(
    request: StoreFileRequest, wanted: WantedFiles, principal: Principal
) -> StoredFile:
    """Have the file fetched; DescriptionError when the request does not say which."""
    return await wanted.add(
        request.source(), request.chosen_name(), owner=principal.owner, field=request.field
    )


@post("/files/store-file", status_code=200, guards=[requires(Scope.FILES), json_only])
async def store_file(
    data: JSONBody[StoreFileRequest],
    principal: NamedDependency[Principal],
    wanted: NamedDependency[WantedFiles],
    urls: NamedDependency[Urls],
) -> UploadedFile:
    """Have the box fetch a file and keep it. Its address works once its record says STORED."""
    return UploadedFile.of(await ask_for(data, wanted, principal), urls)


@post("/files/store-file", status_code=200, guards=[requires(Scope.FILES), json_only])
async def rendi_store_file(
    data: JSONBody[StoreFileRequest],
    principal: NamedDependency[Principal],
    wanted: NamedDependency[WantedFiles],
) -> WantedFile:
    """Have the box fetch a file and keep it. Its record says how far it is."""
    return WantedFile((await ask_for(data, wanted, principal)).id)
