"""The root of every error this program raises on purpose, and their stable codes.

Each room defines its own errors beside the code that raises them. What a code
means in HTTP is said in ``api.problems`` and nowhere else.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """Why a request was refused; the ``error`` field of an answer. Never renamed."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_COMMAND = "INVALID_COMMAND"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    ALREADY_FINISHED = "ALREADY_FINISHED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    STORAGE_FULL = "STORAGE_FULL"
    SHUTTING_DOWN = "SHUTTING_DOWN"


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


class NotFoundError(BoxError):
    """What was asked for does not exist, or belongs to somebody else."""

    code = ErrorCode.NOT_FOUND
