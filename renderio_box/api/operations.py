"""What operations do that their signatures cannot say, by operation id."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from renderio_box.errors import ErrorCode

Json = dict[str, Any]
Entry = TypeVar("Entry")

SUBMITTING: Final = (
    ErrorCode.INVALID_COMMAND,
    ErrorCode.IDEMPOTENCY_CONFLICT,
    ErrorCode.QUEUE_FULL,
    ErrorCode.SHUTTING_DOWN,
)
CODES: Final[Mapping[str, tuple[ErrorCode, ...]]] = {
    "run_command": SUBMITTING,
    "run_chain": SUBMITTING,
    "run_multiple": SUBMITTING,
    "cancel_command": (ErrorCode.ALREADY_FINISHED,),
    "upload_file": (
        ErrorCode.INVALID_REQUEST,
        ErrorCode.PAYLOAD_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.VALIDATION_ERROR,
        ErrorCode.STORAGE_FULL,
    ),
    "configure_webhook": (ErrorCode.VALIDATION_ERROR,),
    "test_webhook": (ErrorCode.NOT_FOUND,),
    "ytdlp_download": (ErrorCode.NOT_SUPPORTED,),
    "run_ytdlp_command": (ErrorCode.NOT_SUPPORTED,),
}
"""Refusals beyond those that every operation of its shape can answer with."""

BINARY: Final[Json] = {"type": "string", "format": "binary"}
WHEREABOUTS: Final = ("ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition")

HEADERS: Final[Mapping[str, str]] = {
    "X-Request-Id": "Names this answer; the log lines about it carry it too.",
    "Retry-After": "After how many seconds to try again.",
    "WWW-Authenticate": "Always Bearer.",
    "ETag": "The SHA-256 of the content, in quotation marks: a stored file never changes.",
    "Last-Modified": "When the file was stored.",
    "Accept-Ranges": "Always bytes.",
    "Content-Range": "Which bytes these are, and of how many.",
    "Content-Disposition": "attachment for what a browser would execute and for ?download=1.",
}
REQUEST_HEADERS: Final[Mapping[str, str]] = {
    "Idempotency-Key": "1 to 255 characters of the caller's choice. The same request with the same"
    " key within 24 hours gets the first answer and runs nothing.",
    "Range": "One range of bytes, such as bytes=0-1023; several mean the whole file.",
    "If-Range": "An ETag or a date; the range is served only if the file is that one.",
    "If-None-Match": "ETags that the caller has already; 304 when this is one of them.",
    "If-Modified-Since": "304 when the file is no newer.",
}
DOWNLOAD: Final[Json] = {
    "name": "download",
    "in": "query",
    "required": False,
    "description": "1 has a browser save the file instead of showing it.",
    "schema": {"type": "string"},
}

MARK: Final[Json] = {
    "name": "metadata.KEY",
    "in": "query",
    "required": False,
    "description": "Only commands whose metadata has that value under KEY; up to ten of these.",
    "schema": {"type": "string"},
}


def header(name: str, *, required: bool = False) -> Json:
    """Return a request header as a parameter."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": REQUEST_HEADERS[name],
        "schema": {"type": "string"},
    }


def answer(description: str, *headers: str, content: Json | None = None) -> Json:
    """Return one answer; every one has a request id."""
    named = ("X-Request-Id", *headers)
    shown: Json = {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in named},
    }
    return shown if content is None else shown | {"content": content}


PARAMETERS: Final[Mapping[str, tuple[Json, ...]]] = {
    "list_commands": (MARK,),
    "serve_file": (
        *map(header, ("Range", "If-Range", "If-None-Match", "If-Modified-Since")),
        DOWNLOAD,
    ),
}
BODIES: Final[Mapping[str, Json]] = {
    "upload_file": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": BINARY | {"description": "The file, with its file name."}
                    },
                    "required": ["file"],
                }
            }
        },
    },
}
ANSWERS: Final[Mapping[str, Mapping[str, Json]]] = {
    "serve_file": {
        "200": answer("The whole file.", *WHEREABOUTS, content={"*/*": {"schema": BINARY}}),
        "206": answer(
            "The range that was asked for.",
            *WHEREABOUTS,
            "Content-Range",
            content={"*/*": {"schema": BINARY}},
        ),
        "304": answer("The caller has the file already.", *WHEREABOUTS),
        "416": answer("The file has no such range.", *WHEREABOUTS, "Content-Range"),
    },
    "readyz": {
        "503": answer(
            "Commands cannot run now; the checks say why.",
            content={"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}},
        ),
    },
}
"""Answers in place of, or beside, what the signature says."""


def twin(operation_id: str) -> str:
    """Return what the same operation is called in RenderIO's dialect and with its usual method."""
    return operation_id.removesuffix("_head").removeprefix("rendi_")


def entry(table: Mapping[str, Entry], operation_id: str) -> Entry | None:
    """Return what the table has under the operation's own id, else under that of its twin."""
    return table.get(operation_id) or table.get(twin(operation_id))


def codes_of(operation_id: str, path: str, operation: Json) -> tuple[ErrorCode, ...]:
    """Return what the operation can be refused with, in the order of the catalogue."""
    codes = {ErrorCode.INTERNAL_ERROR, *(entry(CODES, operation_id) or ())}
    if operation.get("security"):
        codes |= {ErrorCode.UNAUTHORIZED, ErrorCode.RATE_LIMITED}
    if operation.get("security") and ErrorCode.NOT_SUPPORTED not in codes:
        codes |= {ErrorCode.FORBIDDEN}
    if "{" in path:
        codes |= {ErrorCode.NOT_FOUND}
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
        codes |= {ErrorCode.INVALID_REQUEST}
    if "requestBody" in operation:
        codes |= {
            ErrorCode.INVALID_REQUEST,
            ErrorCode.PAYLOAD_TOO_LARGE,
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        }
    return tuple(code for code in ErrorCode if code in codes)
