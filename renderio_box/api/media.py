"""Serving stored files to whoever has their address."""

import re
from collections.abc import AsyncIterator
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod, MediaType
from litestar.params import FromPath
from litestar.response import Stream

from renderio_box.catalog.files import FileCatalog, Served
from renderio_box.jobs.file_types import mime_type_of
from renderio_box.storage.storage import Storage

SINGLE_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", flags=re.ASCII)
MAX_DIGITS: Final = 18
EXECUTABLE: Final = re.compile(r".*(?:html|xml|script|pdf)")
"""Types in which a browser would run what the file says; every kind of XML is one."""
PLAYED: Final = re.compile(r"(?:video|audio|image)/.*")
PLAYING_POLICY: Final = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; media-src 'self';"
    " style-src 'unsafe-inline'"
)
"""What a browser needs to play a file whose address was opened.

It makes a page in which the file is fetched once more. Nothing can run in that page.
"""
LOCKED_POLICY: Final = "sandbox; default-src 'none'"


class Span(msgspec.Struct, frozen=True):
    """A stretch of a file: its first byte and how many."""

    start: int
    length: int


@route(
    "/files/{token:str}/{path:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["Files"],
)
async def serve_file(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    path: FromPath[str],
    files: NamedDependency[FileCatalog],
    storage: NamedDependency[Storage],
) -> Response[Any]:
    """Serve a stored file, whole or one range of it. The address is the permission.

    The path is the file's name, after what lets the address expire if it does; a playlist's
    token opens the files that it names as well.
    """
    file = await files.served(token, path.removeprefix("/"))
    headers = headers_of(file, download=request.query_params.get("download") == "1")
    if not_modified(request, file):
        return bare(304, headers)
    is_head = request.method == HttpMethod.HEAD
    span, status_code = Span(0, file.size_bytes), 200
    if not is_head and (asked := asked_range(request, file)):
        span, status_code = span_of(*asked, size=file.size_bytes), 206
        if span is None:
            return bare(416, headers | {"Content-Range": f"bytes */{file.size_bytes}"})
        last = span.start + span.length - 1
        headers["Content-Range"] = f"bytes {span.start}-{last}/{file.size_bytes}"
    headers["Content-Length"] = str(span.length)
    length = 0 if is_head else span.length
    return Stream(
        await begun(storage.read(file.key, start=span.start, length=length)),
        status_code=status_code,
        headers=headers,
        media_type=mime_type_of(file.filename),
    )


def bare(status_code: int, headers: dict[str, str]) -> Response[bytes]:
    """Return an answer without a body."""
    return Response(b"", status_code=status_code, headers=headers, media_type=MediaType.TEXT)


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the same pieces with the first one read, so that what can fail fails now."""
    first = await anext(pieces, b"")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return rest()


def headers_of(file: Served, *, download: bool) -> dict[str, str]:
    """Return the headers that every answer about the file carries."""
    mime_type = mime_type_of(file.filename)
    is_executable = EXECUTABLE.fullmatch(mime_type) is not None
    is_played = PLAYED.fullmatch(mime_type) is not None and not is_executable
    kind = "attachment" if download or is_executable else "inline"
    return {
        "ETag": etag(file),
        "Last-Modified": format_datetime(file.created_at, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": PLAYING_POLICY if is_played else LOCKED_POLICY,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(file.filename, safe='')}",
    }


def etag(file: Served) -> str:
    """Return the strong validator: files never change, so their digest is it."""
    return f'"{file.sha256}"'


def not_modified(request: Request[Any, Any, Any], file: Served) -> bool:
    """Tell whether the caller has the file already."""
    if (known := request.headers.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag(file) in tags
    since = request.headers.get("if-modified-since")
    return since is not None and is_since(file, since)


def asked_range(request: Request[Any, Any, Any], file: Served) -> tuple[str, str] | None:
    """Return first and last byte as written in the Range header, None for the whole file.

    Several ranges, unknown units, a range that ends before it begins and a stale
    If-Range all mean: the whole file.
    """
    match = SINGLE_RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or max(map(len, match.groups())) > MAX_DIGITS or not is_range(*match.groups()):
        return None
    validator = request.headers.get("if-range")
    if validator is not None and validator != etag(file) and not is_exactly(file, validator):
        return None
    return match[1], match[2]


def is_range(first: str, last: str) -> bool:
    """Tell whether the two make a range at all; RFC 9110 has others ignored."""
    return bool(first or last) and not (first and last and int(last) < int(first))


def span_of(first: str, last: str, *, size: int) -> Span | None:
    """Return the bytes that ``first-last`` names in a file of that size."""
    if not first:
        length = min(int(last), size) if last else 0
        return Span(size - length, length) if length else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return Span(start, end - start + 1) if start <= end else None


def is_since(file: Served, date: str) -> bool:
    """Tell whether the file is no newer than an HTTP date."""
    try:
        return file.created_at.replace(microsecond=0) <= parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return False


def is_exactly(file: Served, date: str) -> bool:
    """Tell whether the file is exactly of an HTTP date."""
    return date == format_datetime(file.created_at, usegmt=True)
