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
    "validate": (ErrorCode.INVALID_COMMAND,),
    "cancel_command": (ErrorCode.ALREADY_FINISHED,),
    "watch_command": (ErrorCode.SHUTTING_DOWN,),
    "watch_commands": (ErrorCode.SHUTTING_DOWN,),
    "add_preset": (ErrorCode.VALIDATION_ERROR,),
    "change_preset": (ErrorCode.VALIDATION_ERROR,),
    "execute_preset": (*SUBMITTING, ErrorCode.VALIDATION_ERROR),
    "upload_file": (
        ErrorCode.INVALID_REQUEST,
        ErrorCode.PAYLOAD_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.VALIDATION_ERROR,
        ErrorCode.STORAGE_FULL,
    ),
    "store_file": (ErrorCode.VALIDATION_ERROR,),
    "delete_file": (ErrorCode.INVALID_REQUEST,),
    "rendi_delete_file": (ErrorCode.NOT_FOUND,),
    "bulk_delete": (ErrorCode.NOT_FOUND,),
    "init_upload": (ErrorCode.VALIDATION_ERROR, ErrorCode.STORAGE_FULL),
    "receive_part": (ErrorCode.STORAGE_FULL,),
    "complete_upload": (ErrorCode.VALIDATION_ERROR, ErrorCode.STORAGE_FULL),
    "probe": (ErrorCode.NOT_FOUND, ErrorCode.STORAGE_FULL),
    "configure_webhook": (ErrorCode.VALIDATION_ERROR,),
    "test_webhook": (ErrorCode.NOT_FOUND,),
    "take_snapshot": (ErrorCode.STORAGE_FULL,),
    "ytdlp_download": (ErrorCode.NOT_SUPPORTED,),
    "run_ytdlp_command": (ErrorCode.NOT_SUPPORTED,),
}
"""Refusals beyond those that every operation of its shape can answer with."""

BINARY: Final[Json] = {"type": "string", "format": "binary"}
RAW: Final = "application/octet-stream"
WHEREABOUTS: Final = ("ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition")

HEADERS: Final[Mapping[str, str]] = {
    "X-Request-Id": "Names this answer, and in the log whatever becomes of the request: the"
    " caller's own X-Request-Id if it has 8 to 128 letters, digits, dots, colons, dashes or"
    " underscores.",
    "Retry-After": "After how many seconds to try again.",
    "WWW-Authenticate": "Always Bearer.",
    "ETag": "The SHA-256 of the content, in quotation marks: what is stored never changes.",
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
    "receive_part": {
        "required": True,
        "description": "The bytes of the part; their media type does not matter.",
        "content": {RAW: {"schema": BINARY}},
    },
    "validate": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "description": "The body of any of the three submits.",
                    "anyOf": [
                        {"$ref": f"#/components/schemas/{name}"}
                        for name in ("RunCommandRequest", "RunChainRequest", "RunMultipleRequest")
                    ],
                }
            }
        },
    },
}
STREAM: Final = answer(
    "A stream of server-sent events that begins with where and when to come back. `status` has"
    " command_id, status, attempt, at, and at the end error_status and error_message; `progress`"
    " has command_id, processing_stage and progress.",
    content={"text/event-stream": {"schema": {"type": "string"}}},
)
PLAYLIST: Final = answer(
    "A file is a playlist: it is deleted with its segments through DELETE commands/{command_id}/files.",
    content={"application/json": {"schema": {"$ref": "#/components/schemas/RendiError"}}},
)
PROBED: Final[Json] = {
    "type": "object",
    "description": "Beside streams and format every field of FileRecord, null where nothing is"
    " known.",
    "properties": {
        "streams": {
            "type": "array",
            "items": {"type": "object"},
            "description": "The streams as ffprobe describes them.",
        },
        "format": {"type": "object", "description": "The container as ffprobe describes it."},
    },
    "required": ["streams", "format"],
}
FIGURES: Final[Json] = {
    media_type: {"schema": {"type": "string"}}
    for media_type in ("text/plain", "application/openmetrics-text")
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
    "watch_command": {
        "200": STREAM,
        "204": answer("The command has ended, and the caller knows of it already."),
    },
    "watch_commands": {"200": STREAM},
    "rendi_delete_file": {"400": PLAYLIST},
    "rendi_bulk_delete": {"400": PLAYLIST},
    "receive_part": {"200": answer("The part is kept.", "ETag")},
    "probe": {
        "200": answer("What the file is.", content={"application/json": {"schema": PROBED}}),
    },
    "show_metrics": {"200": answer("Every figure.", content=FIGURES)},
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
    if body := operation.get("requestBody"):
        codes |= {ErrorCode.INVALID_REQUEST, ErrorCode.PAYLOAD_TOO_LARGE}
        codes |= set() if RAW in body["content"] else {ErrorCode.UNSUPPORTED_MEDIA_TYPE}
    return tuple(code for code in ErrorCode if code in codes)
