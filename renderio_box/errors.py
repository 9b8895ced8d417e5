"""The root of every error this program raises on purpose, and their stable codes.

Each room defines its own errors beside the code that raises them. What a code
means in HTTP is said in ``api.problems`` and nowhere else.
"""

from enum import StrEnum
from typing import ClassVar, Self


class Explained(StrEnum):
    """Codes that carry what they mean and what to do about them, each in one sentence.

    The API's description, ``/llms.txt`` and the README's tables are made from these.
    """

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> Self:
        """Make a member whose value is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.remedy = remedy
        return member

    @property
    def explanation(self) -> str:
        """Return meaning and remedy, for a message that has nothing more to say."""
        return f"{self.meaning} {self.remedy}"


class ErrorCode(Explained):
    """Why a request was refused; the ``error`` field of an answer. Never renamed."""

    INVALID_REQUEST = (
        "INVALID_REQUEST",
        "The body or the query is not JSON, lacks a field, or has a value that does not fit.",
        "Change the field that detail names as the message says.",
    )
    INVALID_COMMAND = (
        "INVALID_COMMAND",
        "The command, its placeholders or its file names cannot be run as written.",
        "Change the command as the message says.",
    )
    UNAUTHORIZED = (
        "UNAUTHORIZED",
        "The request has no API key, or one that is unknown, revoked or expired.",
        "Send a valid API key in the header X-API-KEY.",
    )
    FORBIDDEN = (
        "FORBIDDEN",
        "The key is good, but not for this.",
        "Use a key with the scope that the message names.",
    )
    NOT_FOUND = (
        "NOT_FOUND",
        "There is no such command, file, preset or address, or it belongs to somebody else.",
        "Check the id, and that the key is the one that made it.",
    )
    METHOD_NOT_ALLOWED = (
        "METHOD_NOT_ALLOWED",
        "The address exists but does not answer that method.",
        "Use a method of the Allow header.",
    )
    IDEMPOTENCY_CONFLICT = (
        "IDEMPOTENCY_CONFLICT",
        "The Idempotency-Key was used for another request within 24 hours.",
        "Send each request with a key of its own.",
    )
    ALREADY_FINISHED = (
        "ALREADY_FINISHED",
        "The command has ended; nothing can be changed about it.",
        "Poll it to see how it ended.",
    )
    PAYLOAD_TOO_LARGE = (
        "PAYLOAD_TOO_LARGE",
        "The body or the upload is over the limit of this box.",
        "Send less, or raise server.max_body_kbytes or storage.upload_mbytes.",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "UNSUPPORTED_MEDIA_TYPE",
        "The Content-Type is not the one that this address takes.",
        "Send application/json, or multipart/form-data for an upload.",
    )
    VALIDATION_ERROR = (
        "VALIDATION_ERROR",
        "An upload has no file, or a preset, webhook or file to store is not described rightly.",
        "Change the field that detail names as the message says.",
    )
    RATE_LIMITED = (
        "RATE_LIMITED",
        "The key sends more requests than the operator allows, or too many event streams are open.",
        "Wait for as many seconds as Retry-After says, or raise server.requests_per_minute.",
    )
    INTERNAL_ERROR = (
        "INTERNAL_ERROR",
        "The box failed to answer.",
        "Look for the request id of the message in the box's log.",
    )
    NOT_SUPPORTED = (
        "NOT_SUPPORTED",
        "The hosted service has this, the box does not.",
        "Download the file first, then upload it or give its URL.",
    )
    QUEUE_FULL = (
        "QUEUE_FULL",
        "As many commands wait as the operator allows.",
        "Send it after Retry-After seconds, or raise jobs.max_queued or jobs.max_queued_per_owner.",
    )
    STORAGE_FULL = (
        "STORAGE_FULL",
        "The disk has less free space than the operator's reserve.",
        "Delete files, add disk space, or lower storage.reserve_mbytes.",
    )
    SHUTTING_DOWN = (
        "SHUTTING_DOWN",
        "The box is being stopped or restarted.",
        "Send the request again after Retry-After seconds.",
    )


class BoxError(Exception):
    """An expected failure with a stable code; its text is safe to show to anyone.

    Attributes:
        code: The stable name of the failure.
        loc: Path of the request field at fault, empty where no field is.
    """

    code: ClassVar[ErrorCode]

    def __init__(self, message: str, *, loc: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.loc = loc


class InvalidRequestError(BoxError):
    """A value in the request is missing, of the wrong kind, or over a limit."""

    code = ErrorCode.INVALID_REQUEST


class NotDoableError(InvalidRequestError):
    """The request is in order, but what it names cannot be treated that way."""


class DescriptionError(BoxError):
    """A preset, a webhook, an upload or a file to store is not described rightly."""

    code = ErrorCode.VALIDATION_ERROR


class NotSupportedError(BoxError):
    """The hosted services offer this, the box does not."""

    code = ErrorCode.NOT_SUPPORTED

    def __init__(self) -> None:
        super().__init__(self.code.explanation)


class NotFoundError(BoxError):
    """What was asked for does not exist, or belongs to somebody else."""

    code = ErrorCode.NOT_FOUND
