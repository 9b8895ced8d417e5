"""Looking at a file: the facts that its record holds, and FFmpeg's own description."""

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.renderio.wire import FileRecord, mebibytes
from renderio_box.api.sources import is_http_url
from renderio_box.api.urls import Urls
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.inspection import Inspected, Inspector
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import FileId
from renderio_box.jobs.file_types import extension_of, mime_type_of

NOTHING_KNOWN: Final[Mapping[str, object]] = dict.fromkeys(FileRecord.__struct_fields__)
"""The record of a file that the box does not keep, before it is looked at."""


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The file to look at: one that the box keeps, or one that it shall fetch for this."""

    url: str | None = None
    file_id: str | None = None


@post("/probe", status_code=200, guards=[requires(Scope.SUBMIT), json_only])
async def probe(
    data: JSONBody[ProbeRequest],
    principal: NamedDependency[Principal],
    files: NamedDependency[FileCatalog],
    inspector: NamedDependency[Inspector],
    urls: NamedDependency[Urls],
) -> dict[str, object]:
    """Return the file's record with ffprobe's ``streams`` and ``format``, empty for no media.

    A file at a URL is fetched, looked at and not kept, so that most of its record is null.
    """
    if data.url is not None and data.file_id is None:
        if not is_http_url(data.url):
            raise InvalidRequestError("url must be an http or https URL.", loc=("url",))
        inspected = await inspector.inspect_url(data.url, sees=principal.sees)
        record = {**NOTHING_KNOWN, "original_file_url": data.url, **facts_of(inspected)}
    elif data.file_id is not None and data.url is None:
        file = await files.find(FileId(data.file_id), sees=principal.sees)
        inspected = await inspector.inspect_file(file)
        record = {**msgspec.to_builtins(FileRecord.of(file, urls)), **facts_of(inspected)}
    else:
        raise InvalidRequestError("Send either url or file_id.", loc=("url",))
    described = inspected.described
    return {**record, "streams": described.streams, "format": described.format}


def facts_of(inspected: Inspected) -> dict[str, object]:
    """Return the part of a file record that looking at the file tells."""
    return {
        **msgspec.structs.asdict(inspected.media),
        "filename": inspected.filename,
        "size_mbytes": mebibytes(inspected.size_bytes),
        "mime_type": mime_type_of(inspected.filename),
        "file_format": extension_of(inspected.filename) or None,
    }
