"""Bodies of requests as JSON, within bounds."""

from collections.abc import Iterable
from typing import Any, Final, cast

from litestar import Request
from litestar.exceptions import InternalServerException

from renderio_box.errors import InvalidRequestError

MAX_DEPTH: Final = 64
"""How deeply arrays and objects may be nested. What is read here must be writable again, from
any depth of calls, and Python's limit is one on both together."""


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is the caller's fault, whatever is wrong with it."""

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            InvalidRequestError: It breaks off.
        """
        try:
            return await super().body()
        except InternalServerException as error:  # how Litestar says that the client went away
            raise InvalidRequestError("The body broke off before it was complete.") from error

    async def json(self) -> Any:  # noqa: ANN401 - Litestar's own
        """Return the body as Python has it. Of equal keys in an object the last one counts.

        Raises:
            InvalidRequestError: It is nested too deeply, or not UTF-8.
            SerializationException: It is not JSON.
        """
        try:
            value: object = await super().json()
        except UnicodeDecodeError as error:
            raise InvalidRequestError("The body is not in UTF-8.") from error
        except RecursionError as error:
            raise too_deep() from error
        if is_deeper(value, MAX_DEPTH):
            raise too_deep()
        return value


def too_deep() -> InvalidRequestError:
    """Return the error for JSON that is nested too deeply."""
    return InvalidRequestError(f"The JSON is nested too deeply; {MAX_DEPTH} levels are the most.")


def is_deeper(value: object, levels: int) -> bool:
    """Tell whether arrays and objects lie in one another to more than that many levels."""
    level: list[object] = [value] if is_container(value) else []
    while level and levels:
        level = [child for outer in level for child in children(outer) if is_container(child)]
        levels -= 1
    return bool(level)


def is_container(value: object) -> bool:
    """Tell whether a value of JSON has others in it."""
    return isinstance(value, dict | list)


def children(value: object) -> Iterable[object]:
    """Return the values in an array or an object."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value)
