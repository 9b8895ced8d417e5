"""Who a request speaks for; nothing happens before that is known."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from renderio_box.api.problems import UnsupportedMediaTypeError
from renderio_box.catalog.keys import KeyRing, Principal, Scope, UnauthorizedError, digest
from renderio_box.errors import InvalidRequestError
from renderio_box.logs import Sparingly

log = structlog.get_logger()

AnyConnection = ASGIConnection[Any, Any, Any, Any]

KEYS: Final = "keys"
REFUSALS: Final = "refusals"
JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json")
"""What a web page can send to another site only if that allows it, which the box never does."""


class Authentication(AbstractAuthenticationMiddleware):
    """Looks up the key of every request that passes, in the application's key ring.

    A request's ``auth`` is the digest of its key.
    """

    async def authenticate_request(self, connection: AnyConnection) -> AuthenticationResult:
        """Return who the key speaks for; UnauthorizedError when it is missing or unknown."""
        key = connection.headers.get("x-api-key") or bearer(
            connection.headers.get("authorization", "")
        )
        keys: KeyRing = connection.app.state[KEYS]
        key = key.strip()
        try:
            return AuthenticationResult(user=keys.principal(key), auth=digest(key))
        except UnauthorizedError as error:
            tell_refusal(connection, error.reason)
            raise


def tell_refusal(connection: AnyConnection, reason: str) -> None:
    """Log who was refused, unless there was too much of that lately; never with which key."""
    sparingly: Sparingly = connection.app.state[REFUSALS]
    if (unsaid := sparingly.turn()) is not None:
        client = connection.client.host if connection.client else None
        log.warning("caller_refused", client=client, reason=reason, unsaid=unsaid)


def bearer(authorization: str) -> str:
    """Return the token of an ``Authorization: Bearer`` header, empty for any other."""
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else ""


def principal_of(request: Request[Principal, Any, Any]) -> Principal:
    """Return who the request speaks for."""
    return request.user


Guard = Callable[[AnyConnection, BaseRouteHandler], Awaitable[None]]
"""Guards wait for nothing, but Litestar would run one that is no coroutine in a thread."""


def requires(scope: Scope) -> Guard:
    """Return a guard that lets only keys with that scope pass."""

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        connection.user.require(scope)

    return guard


async def json_only(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Refuse bodies that are empty, or that a web page could send without asking its user."""
    content_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not JSON.fullmatch(content_type):
        raise UnsupportedMediaTypeError("Send the body as Content-Type: application/json.")
    is_chunked = "transfer-encoding" in connection.headers
    if not is_chunked and connection.headers.get("content-length", "0") == "0":
        raise InvalidRequestError("The body is empty; send JSON.")
