"""Deleting many files at once, all or none."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from renderio_box.api.authentication import json_only, requires
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.identifiers import FileId


class BulkDeleteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The files to delete."""

    file_ids: Annotated[list[str], Meta(min_length=1, max_length=1000)]


class DeletedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files whose bytes are gone."""

    deleted_file_ids: list[FileId]


@post("/files/bulk-delete", status_code=200, guards=[requires(Scope.FILES), json_only])
async def bulk_delete(
    data: JSONBody[BulkDeleteRequest],
    principal: NamedDependency[Principal],
    files: NamedDependency[FileCatalog],
) -> DeletedFiles:
    """Delete the bytes of up to 1,000 files; none when one of them is not there."""
    deleted = await files.delete_all(map(FileId, data.file_ids), sees=principal.sees)
    return DeletedFiles(deleted_file_ids=list(deleted))
