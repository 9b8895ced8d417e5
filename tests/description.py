"""The API's description as the program completes it, without a box behind it."""

import re
from functools import cache
from typing import Any, NamedTuple

from renderio_box.api.app import Parts, create_app
from renderio_box.api.openapi import completed
from renderio_box.api.operations import twin

Json = dict[str, Any]


class Operation(NamedTuple):
    """One operation of the description; ``twin`` is what the tables may call it."""

    id: str
    twin: str
    method: str
    path: str
    described: Json


@cache
def document() -> Json:
    """Return the whole description; it does not depend on what the parts are."""
    parts = dict.fromkeys(Parts.__struct_fields__) | {"public_url": "", "max_body_bytes": 1}
    return completed(create_app(Parts(**parts)).openapi_schema.to_schema())


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation."""
    return tuple(
        Operation(
            described["operationId"],
            twin(described["operationId"]),
            method.upper(),
            path,
            described,
        )
        for path, item in document()["paths"].items()
        for method, described in item.items()
    )


def operation_at(method: str, path: str) -> Operation | None:
    """Return the operation that answers there, None where none does."""
    for operation in operations():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.path))
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    return None


def json_content(described: Json) -> Json:
    """Return the JSON of a body or an answer, nothing where there is none."""
    content: Json = described.get("content", {}).get("application/json", {})
    return content


def success(operation: Operation) -> tuple[int, Json]:
    """Return the answer that is no refusal, with its status."""
    (status,) = [status for status in operation.described["responses"] if status in SUCCESSES]
    return int(status), operation.described["responses"][status]


SUCCESSES = ("200", "201", "202")


def referring(schema: Json) -> Json:
    """Return the schema as one that finds what it refers to."""
    return schema | {"components": document()["components"]}
