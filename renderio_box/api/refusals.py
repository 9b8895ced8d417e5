"""How each operation can be refused, as the API's description shows it."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

import msgspec

from renderio_box.api.envelopes import Problem, RenderioError, RendiError, error_body
from renderio_box.api.operations import answer
from renderio_box.api.problems import RENDI_STATUS, RETRY_AFTER_S, STATUS
from renderio_box.errors import ErrorCode
from renderio_box.jobs.job import Dialect

Json = dict[str, Any]

STATUSES: Final = {Dialect.RENDERIO: STATUS, Dialect.RENDI: RENDI_STATUS}
BODIES: Final = {Dialect.RENDERIO: RenderioError, Dialect.RENDI: RendiError}
CARRIED: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.UNAUTHORIZED: "WWW-Authenticate",
    ErrorCode.RATE_LIMITED: "Retry-After",
    **dict.fromkeys(RETRY_AFTER_S, "Retry-After"),
}
"""The header that an answer with the code has."""


def refusals(codes: Iterable[ErrorCode], dialect: Dialect) -> dict[int, tuple[ErrorCode, ...]]:
    """Return by HTTP status which of the codes an answer with it can have."""
    statuses = STATUSES[dialect]
    ordered = sorted(codes, key=lambda code: (statuses[code], list(ErrorCode).index(code)))
    return {status: tuple(same) for status, same in groupby(ordered, key=statuses.__getitem__)}


def refusal_name(codes: tuple[ErrorCode, ...], dialect: Dialect) -> str:
    """Return what the answer with one of these codes is called among the components."""
    return "-".join([*(["rendi"] if dialect is Dialect.RENDI else []), *codes])


def refusal(codes: tuple[ErrorCode, ...], dialect: Dialect) -> Json:
    """Return the answer with one of these codes, each with an example."""
    examples = {
        code.value: {
            "summary": code.meaning,
            "value": msgspec.to_builtins(error_body(Problem(code, code.explanation), dialect)),
        }
        for code in codes
    }
    schema = {"$ref": f"#/components/schemas/{BODIES[dialect].__name__}"}
    return answer(
        " ".join(f"`{code}`: {code.meaning}" for code in codes),
        *sorted({CARRIED[code] for code in codes if code in CARRIED}),
        content={"application/json": {"schema": schema, "examples": examples}},
    )
