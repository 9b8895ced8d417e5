"""Reading a multipart upload as it arrives, straight into storage."""

from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from renderio_box.api.problems import (
    MissingPartError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.file_names import cleaned
from renderio_box.storage.storage import Incoming

FILE_PART: Final = "file"
MAX_PARTS: Final = 32
ENVELOPE_BYTES: Final = 64 * 1024
"""What the multipart format may add around the file: boundaries, headers, small fields."""


async def receive_upload(
    request: Request[Any, Any, Any], incoming: Incoming, *, max_bytes: int
) -> str:
    """Write the part called ``file`` into ``incoming`` and return its file name.

    Raises:
        MissingPartError: There is no such part.
        PayloadTooLargeError: The file is larger than ``max_bytes``.
        UnsupportedMediaTypeError: The body is not multipart.
        InvalidRequestError: The body is broken, or ends too early.
    """
    content_type, options = request.content_type
    if content_type != "multipart/form-data" or "boundary" not in options:
        raise UnsupportedMediaTypeError("Send the file as multipart/form-data in a part 'file'.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes + ENVELOPE_BYTES:
        raise too_large(max_bytes)
    filename: str | None = None
    try:
        async for segment, piece in parts(request, options["boundary"], max_bytes=max_bytes):
            if segment.name == FILE_PART and segment.filename is not None:
                filename = cleaned(segment.filename)
                await incoming.write(piece)
    except MultipartError as error:
        raise InvalidRequestError("The multipart body is broken.") from error
    except InternalServerException as error:  # how Litestar says that the client went away
        raise InvalidRequestError("The upload broke off before it was complete.") from error
    if filename is None:
        raise MissingPartError("The upload has no part called 'file'.", loc=("file",))
    return filename


async def parts(
    request: Request[Any, Any, Any], boundary: str, *, max_bytes: int
) -> AsyncIterator[tuple[MultipartSegment, bytes]]:
    """Yield each piece of content with the part that it belongs to, empty at its beginning."""
    received = 0
    segment: MultipartSegment | None = None
    file: MultipartSegment | None = None
    with PushMultipartParser(boundary, max_segment_count=MAX_PARTS) as parser:
        async for chunk in request.stream():
            received += len(chunk)
            if received > max_bytes + ENVELOPE_BYTES:
                raise too_large(max_bytes)
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    segment = event
                    file = file or (segment if segment.name == FILE_PART else None)
                    piece = b""
                else:
                    piece = bytes(event or b"")
                if segment is not None and segment is file:
                    yield segment, piece


def too_large(max_bytes: int, *, loc: tuple[str, ...] = ()) -> PayloadTooLargeError:
    """Return the error that names the limit."""
    return PayloadTooLargeError(
        f"The file is larger than {max_bytes // (1024 * 1024)} MiB, the limit of this box"
        " (storage.upload_mbytes).",
        loc=loc,
    )
