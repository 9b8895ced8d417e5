"""Uploads in parts: begun with a key, sent without one, completed with the key."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import anyio
import msgspec
from litestar import MediaType, Request, Response, post, put
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.problems import PayloadTooLargeError
from renderio_box.api.renderio.files import UploadLimit
from renderio_box.api.renderio.wire import FileRecord
from renderio_box.api.rendi.wire import RendiFile
from renderio_box.api.uploads import too_large
from renderio_box.api.urls import Urls
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.catalog.part_uploads import PartUploads
from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import FileId
from renderio_box.jobs.file_names import cleaned
from renderio_box.jobs.uploads import MAX_PARTS, ClaimedPart, Upload
from renderio_box.storage.storage import Incoming, Storage

SILENT_SECONDS: Final = 60.0
"""How long a client may send nothing in the middle of a part."""


class InitUploadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A file that will be sent in parts."""

    filename: Annotated[str, Meta(min_length=1)]
    size_bytes: Annotated[int, Meta(ge=1)]


class BegunUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts are sent to; all but the last have exactly ``part_size`` bytes."""

    file_id: FileId
    part_size: int
    upload_urls: list[str]


class SentPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that was sent, and the ETag that answered it."""

    part_number: int
    etag: str


class CompleteUploadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Every part of the upload."""

    parts: Annotated[list[SentPart], Meta(min_length=1, max_length=MAX_PARTS)]


@post("/files/init-upload", status_code=200, guards=[requires(Scope.FILES), json_only])
async def init_upload(
    data: JSONBody[InitUploadRequest],
    principal: NamedDependency[Principal],
    part_uploads: NamedDependency[PartUploads],
    upload_limit: NamedDependency[UploadLimit],
    urls: NamedDependency[Urls],
) -> BegunUpload:
    """Begin an upload in parts, which may be sent side by side, in any order, and again."""
    if data.size_bytes > upload_limit.max_bytes:
        raise too_large(upload_limit.max_bytes, loc=("size_bytes",))
    upload = await part_uploads.begin(
        cleaned(data.filename), data.size_bytes, owner=principal.owner
    )
    numbers = range(1, upload.part_count + 1)
    return BegunUpload(
        file_id=upload.file_id,
        part_size=upload.part_size,
        upload_urls=[urls.of_part(upload, number) for number in numbers],
    )


@put(
    "/uploads/{token:str}/{number:int}",
    status_code=200,
    request_max_body_size=None,
    media_type=MediaType.TEXT,
    tags=["Files"],
)
async def receive_part(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    number: FromPath[int],
    part_uploads: NamedDependency[PartUploads],
    storage: NamedDependency[Storage],
) -> Response[bytes]:
    """Take the raw bytes of one part; the answer's ETag is needed to complete the upload.

    The address is the permission. A part that is sent again replaces the earlier one.
    """
    upload = await part_uploads.awaiting(token, number)
    check_announced(request.headers.get("content-length", ""), upload, number)
    async with storage.receive() as incoming:
        await receive_exactly(request, incoming, upload, number)
        part = await part_uploads.add_part(upload, number, incoming)
    return Response(b"", headers={"ETag": part.etag}, media_type=MediaType.TEXT)


COMPLETE: Final = "/files/{file_id:str}/complete-upload"


@post(COMPLETE, status_code=200, guards=[requires(Scope.FILES), json_only])
async def complete_upload(
    file_id: FromPath[str],
    data: JSONBody[CompleteUploadRequest],
    principal: NamedDependency[Principal],
    part_uploads: NamedDependency[PartUploads],
    urls: NamedDependency[Urls],
) -> FileRecord:
    """Make the file of its parts. Its address works when this answers.

    A refusal names the part at fault and loses nothing; completing again is harmless.
    """
    file = await part_uploads.complete(FileId(file_id), claimed(data), sees=principal.sees)
    return FileRecord.of(file, urls)


@post(COMPLETE, status_code=200, guards=[requires(Scope.FILES), json_only])
async def rendi_complete_upload(
    file_id: FromPath[str],
    data: JSONBody[CompleteUploadRequest],
    principal: NamedDependency[Principal],
    part_uploads: NamedDependency[PartUploads],
    urls: NamedDependency[Urls],
) -> RendiFile:
    """Make the file of its parts. Its address works when this answers.

    A refusal names the part at fault and loses nothing; completing again is harmless.
    """
    file = await part_uploads.complete(FileId(file_id), claimed(data), sees=principal.sees)
    return RendiFile.of(file, urls)


def claimed(request: CompleteUploadRequest) -> list[ClaimedPart]:
    """Return the parts that the caller says it has sent."""
    return [ClaimedPart(part.part_number, part.etag) for part in request.parts]


async def receive_exactly(
    request: Request[Any, Any, Any], incoming: Incoming, upload: Upload, number: int
) -> None:
    """Write the body into ``incoming``.

    Raises:
        PayloadTooLargeError: The body is larger than any part; the rest of it is not read.
        InvalidRequestError: The body is no complete part, or comes to a standstill.
    """
    received = 0
    try:
        async for piece in steadily(request.stream()):
            received += len(piece)
            if received > upload.part_size:
                raise over_the_part(upload)
            await incoming.write(piece)
    except InternalServerException as error:  # how Litestar says that the client went away
        raise InvalidRequestError("The part broke off before it was complete.") from error
    if received != upload.length_of(number):
        raise wrong_length(received, upload, number)


async def steadily(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces; InvalidRequestError when none comes for a minute."""
    while True:
        try:
            with anyio.fail_after(SILENT_SECONDS):
                piece = await anext(pieces, None)
        except TimeoutError as error:
            raise InvalidRequestError(
                f"Nothing of the part arrived for {SILENT_SECONDS:g} seconds; send it again."
            ) from error
        if piece is None:
            return
        yield piece


def check_announced(length: str, upload: Upload, number: int) -> None:
    """Refuse a body that says beforehand that it will not fit."""
    if not length.isdecimal():
        return
    if int(length) > upload.part_size:
        raise over_the_part(upload)
    if int(length) != upload.length_of(number):
        raise wrong_length(int(length), upload, number)


def over_the_part(upload: Upload) -> PayloadTooLargeError:
    """Return the error for a body that is larger than any part."""
    return PayloadTooLargeError(f"A part of this upload has at most {upload.part_size} bytes.")


def wrong_length(received: int, upload: Upload, number: int) -> InvalidRequestError:
    """Return the error for a body that is not as long as its part."""
    return InvalidRequestError(
        f"Part {number} of this upload has {upload.length_of(number)} bytes, not {received}."
    )
