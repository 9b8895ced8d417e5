"""Errors as answers; the one place that knows HTTP statuses."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from renderio_box.api.envelopes import ErrorBody, Fault, Problem, dialect_of, error_body
from renderio_box.api.observed import request_id_of
from renderio_box.database.connection import DatabaseFullError
from renderio_box.errors import BoxError, ErrorCode, NotDoableError
from renderio_box.jobs.job import Dialect
from renderio_box.storage.storage import ObjectMissingError, StorageFullError

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]

STATUS: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.INVALID_COMMAND: 400,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.IDEMPOTENCY_CONFLICT: 409,
    ErrorCode.ALREADY_FINISHED: 409,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VALIDATION_ERROR: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.NOT_SUPPORTED: 501,
    ErrorCode.QUEUE_FULL: 503,
    ErrorCode.STORAGE_FULL: 503,
    ErrorCode.SHUTTING_DOWN: 503,
}
RENDI_STATUS: Final[Mapping[ErrorCode, int]] = {
    **STATUS,
    ErrorCode.INVALID_REQUEST: 422,
    ErrorCode.STORAGE_FULL: 403,
}
RETRY_AFTER_S: Final = {
    ErrorCode.QUEUE_FULL: 30,
    ErrorCode.STORAGE_FULL: 60,
    ErrorCode.SHUTTING_DOWN: 10,
}
BY_STATUS: Final = {
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
}
PLACE: Final = re.compile(r"\[(\d+)\]")


class PayloadTooLargeError(BoxError):
    """The body is over a limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE


class UnsupportedMediaTypeError(BoxError):
    """The body is of a kind that this address does not take."""

    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class MissingPartError(BoxError):
    """An upload has no file in it."""

    code = ErrorCode.VALIDATION_ERROR


class RateLimitedError(BoxError):
    """There was too much from this caller, or from all; it may come again after a while."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def answer(request: AnyRequest, problem: Problem) -> Response[ErrorBody]:
    """Return the answer for a problem in the request's dialect, with the headers of its code."""
    dialect = dialect_of(request.scope)
    statuses = RENDI_STATUS if dialect is Dialect.RENDI and not problem.is_in_order else STATUS
    headers: dict[str, str] = {}
    if problem.code is ErrorCode.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.code in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[problem.code])
    return Response(
        error_body(problem, dialect),
        status_code=statuses[problem.code],
        headers=headers,
        media_type="application/json",
    )


def answer_expected(request: AnyRequest, error: BoxError) -> Response[ErrorBody]:
    """Answer an error that this program raised on purpose."""
    faults = (Fault(error.loc, str(error)),) if error.loc else ()
    is_in_order = isinstance(error, NotDoableError)
    return answer(request, Problem(error.code, str(error), faults, is_in_order))


def answer_limited(request: AnyRequest, error: RateLimitedError) -> Response[ErrorBody]:
    """Answer a request that came too early, with when to come again."""
    refusal = answer(request, Problem(error.code, str(error)))
    refusal.headers["Retry-After"] = str(error.retry_after_s)
    return refusal


def answer_invalid(request: AnyRequest, error: ValidationException) -> Response[ErrorBody]:
    """Answer a request that does not decode, naming each field at fault."""
    return answer(request, undecoded(error, ErrorCode.INVALID_REQUEST))


def answer_misdescribed(request: AnyRequest, error: ValidationException) -> Response[ErrorBody]:
    """Answer like ``answer_invalid``, but say that it is the body which describes wrongly."""
    in_body = any(each.get("source") == "body" for each in findings_of(error))
    code = ErrorCode.VALIDATION_ERROR if in_body else ErrorCode.INVALID_REQUEST
    return answer(request, undecoded(error, code))


def undecoded(error: ValidationException, code: ErrorCode) -> Problem:
    """Return what is wrong with a request that does not decode."""
    faults = tuple(fault_of(each) for each in findings_of(error))
    if not faults:
        return Problem(code, "The request is not valid.")
    return Problem(code, sentence_of(faults[0]), faults)


def findings_of(error: ValidationException) -> list[Mapping[str, Any]]:
    """Return what Litestar found wrong, field by field."""
    return error.extra if isinstance(error.extra, list) else []


def fault_of(extra: Mapping[str, Any]) -> Fault:
    """Return one of Litestar's findings as a fault; the word ``data`` means nothing outside."""
    message = str(extra.get("message", "is not valid"))
    key = str(extra.get("key", ""))
    dotted = PLACE.sub(r".\1", key.replace("[...]", ""))
    path = [part for part in dotted.split(".") if part not in {"", "data"}]
    if missing := re.search(r"missing required field `(\w+)`", message):
        path.append(missing[1])
        message = "is required"
    source = extra.get("source")
    part = source.value if isinstance(source, ParamType) else "body"
    return Fault(tuple(path), message, part)


def sentence_of(fault: Fault) -> str:
    """Return a fault for people: one of several commands is called by its number, from 1."""
    heading, loc = "", fault.loc
    if loc[:1] == ("commands",) and loc[1:2] and loc[1].isdecimal():
        heading, loc = f"Command {int(loc[1]) + 1}: ", loc[2:]
    return heading + ": ".join(filter(None, (".".join(loc), fault.message)))


def answer_http(request: AnyRequest, error: HTTPException) -> Response[ErrorBody]:
    """Answer an error that the framework raised."""
    if error.status_code >= 500:  # noqa: PLR2004 - HTTP's own border between whose fault it is
        return answer_unexpected(request, error)
    code = BY_STATUS.get(error.status_code, ErrorCode.INVALID_REQUEST)
    is_in_order = not isinstance(error.__cause__, SerializationException)
    refusal = answer(request, Problem(code, sentence_for(code, error), is_in_order=is_in_order))
    if allowed := (error.headers or {}).get("allow"):
        refusal.headers["Allow"] = allowed
    return refusal


def sentence_for(code: ErrorCode, error: HTTPException) -> str:
    """Return what to say of an error that the framework raised."""
    if code is ErrorCode.NOT_FOUND:
        return "There is nothing at this address."
    if code is ErrorCode.INVALID_REQUEST:
        part = "body" if isinstance(error.__cause__, SerializationException) else "request"
        return f"The {part} cannot be read: {error.detail}."
    return code.explanation


def answer_missing_object(request: AnyRequest, error: ObjectMissingError) -> Response[ErrorBody]:
    """Answer when a row speaks of a file that the disk no longer has."""
    log.error("stored_file_missing", key=str(error))
    return answer(request, Problem(ErrorCode.NOT_FOUND, "The file is gone from the box's disk."))


def answer_full_database(request: AnyRequest, error: DatabaseFullError) -> Response[ErrorBody]:
    """Answer when there was no room on the disk even for a row."""
    log.error("database_full", path=request.url.path, reason=str(error))
    return answer_expected(request, StorageFullError())


def answer_unexpected(request: AnyRequest, error: Exception) -> Response[ErrorBody]:
    """Answer a failure of our own: the caller gets a request id, the log gets the rest."""
    request_id = request_id_of(request.scope)
    log.error("request_failed", request_id=request_id, path=request.url.path, exc_info=error)
    sentence = f"The box failed to answer; its log has the details under {request_id}."
    return answer(request, Problem(ErrorCode.INTERNAL_ERROR, sentence))


EXCEPTION_HANDLERS: Final = {
    RateLimitedError: answer_limited,
    BoxError: answer_expected,
    ValidationException: answer_invalid,
    HTTPException: answer_http,
    ObjectMissingError: answer_missing_object,
    DatabaseFullError: answer_full_database,
    Exception: answer_unexpected,
}

Handlers = dict[int | type[Exception], Callable[[AnyRequest, Any], Response[Any]]]
DESCRIPTION_HANDLERS: Final[Handlers] = {ValidationException: answer_misdescribed}
"""For routes whose body describes something that is kept: 422 when it does not decode."""
