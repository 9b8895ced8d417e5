"""What a caller may write as the source of an input."""

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import FileId, is_id
from renderio_box.jobs.file_types import extension_for
from renderio_box.jobs.job import Source, StoredSource, TextSource, UrlSource

MAX_URL_LENGTH: Final = 8192
MAX_TEXT_BYTES: Final = 64 * 1024


def source_of(text: str, *, alias: str) -> Source:
    """Return the source that ``text`` names: a URL, a file id, or ``data:`` text.

    Raises:
        InvalidRequestError: It is none of these.
    """
    loc = ("input_files", alias)
    if text[:5].lower() == "data:":
        return text_of(text[5:], loc=loc)
    return fetched_source(text, field=alias, loc=loc, more=", or data: text")


def fetched_source(
    text: str, *, field: str, loc: tuple[str, ...], more: str = ""
) -> UrlSource | StoredSource:
    """Return the URL or the file of this box that ``text`` names.

    Raises:
        InvalidRequestError: It is neither; ``more`` is what else would have fitted.
    """
    if is_id(text):
        return StoredSource(FileId(text.lower()))
    if not is_http_url(text):
        either = "" if more else " or"
        raise InvalidRequestError(
            f"{field} must be an http or https URL{either or ','} a file_id of this box{more}.",
            loc=loc,
        )
    return UrlSource(text)


def is_http_url(text: str) -> bool:
    """Tell whether ``text`` is an absolute http or https URL without blanks."""
    if len(text) > MAX_URL_LENGTH or any(char.isspace() or not char.isprintable() for char in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def text_of(rest: str, *, loc: tuple[str, ...]) -> TextSource:
    """Read what follows ``data:`` as RFC 2397 has it."""
    header, comma, body = rest.partition(",")
    try:
        encoded = unquote_to_bytes(body)
        is_base64 = header.endswith(";base64")
        raw = base64.b64decode(encoded, validate=True) if is_base64 else encoded
        text = raw.decode("utf-8")
    except binascii.Error as error:
        raise InvalidRequestError(f"{loc[-1]} holds data: that is not base64.", loc=loc) from error
    except ValueError as error:
        raise InvalidRequestError(f"{loc[-1]} holds data: that is not UTF-8.", loc=loc) from error
    if not comma or len(raw) > MAX_TEXT_BYTES:
        raise InvalidRequestError(
            f"{loc[-1]} must be data:[type][;base64],TEXT of at most"
            f" {MAX_TEXT_BYTES // 1024} KiB; upload larger files.",
            loc=loc,
        )
    mime_type = header.removesuffix(";base64") or "text/plain"
    return TextSource(text=text, extension=extension_for(mime_type) or "txt")
