"""The shapes of an error answer: one problem, said in the dialect of the address it arose at."""

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar.types import Scope

from renderio_box.errors import ErrorCode
from renderio_box.jobs.job import Dialect

RENDI_ROOM: Final = "v1"
RENDI_SENTENCES: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.UNAUTHORIZED: "Invalid authorization key",
    ErrorCode.STORAGE_FULL: "Account has passed its' storage quota",
}
"""The very words of Rendi's answers, which its clients look for."""
LISTED_BY_RENDI: Final = frozenset({ErrorCode.INVALID_REQUEST, ErrorCode.VALIDATION_ERROR})
"""What Rendi answers with a list of faults, where there are any, instead of a text."""


class Fault(msgspec.Struct, frozen=True):
    """A field at fault: the path to it within one part of the request, and what is wrong."""

    path: tuple[str, ...]
    message: str
    part: str = "body"

    @property
    def loc(self) -> tuple[str, ...]:
        """Return the path, or the part where all of it is at fault."""
        return self.path or (self.part,)


class Problem(msgspec.Struct, frozen=True):
    """Why a request is not answered as it hoped, in no dialect yet.

    ``is_in_order`` means that the request itself is, and no field of it at fault.
    """

    code: ErrorCode
    message: str
    faults: tuple[Fault, ...] = ()
    is_in_order: bool = False

    @property
    def is_listed(self) -> bool:
        """Tell whether Rendi answers with a list of faults instead of a text."""
        return self.code in LISTED_BY_RENDI and not self.is_in_order


class Detail(msgspec.Struct, frozen=True):
    """A field at fault: where it is, what is wrong with it."""

    loc: tuple[str, ...]
    msg: str
    type: str = "value_error"


class RenderioError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error answer; ``error`` is stable, ``message`` is for people."""

    error: ErrorCode
    message: str
    detail: tuple[Detail, ...] = ()


class RendiError(msgspec.Struct, frozen=True):
    """The body of an error answer: a text, or the fields at fault."""

    detail: str | tuple[Detail, ...]


ErrorBody = RenderioError | RendiError


def dialect_of(scope: Scope) -> Dialect:
    """Return whose API the request speaks, by its path within the application.

    Litestar takes the prefix of a sub-path deployment off the path when it has found a
    route; where there is none it is still there.
    """
    path = scope["path"]
    if "path_template" not in scope:
        path = path.removeprefix(scope.get("root_path", ""))
    room = path.lstrip("/").partition("/")[0]
    return Dialect.RENDI if room == RENDI_ROOM else Dialect.RENDERIO


def error_body(problem: Problem, dialect: Dialect) -> ErrorBody:
    """Return the problem as the body of an answer."""
    return rendi_error(problem) if dialect is Dialect.RENDI else renderio_error(problem)


def renderio_error(problem: Problem) -> RenderioError:
    """Return the problem with its code, and with its faults where there are any."""
    detail = tuple(Detail(fault.loc, fault.message) for fault in problem.faults)
    return RenderioError(problem.code, problem.message, detail)


def rendi_error(problem: Problem) -> RendiError:
    """Return the problem as a text, or as a list that names part and path as FastAPI does."""
    if not problem.is_listed:
        return RendiError(RENDI_SENTENCES.get(problem.code, problem.message))
    faults = problem.faults or (Fault((), problem.message),)
    return RendiError(tuple(Detail((each.part, *each.path), each.message) for each in faults))
