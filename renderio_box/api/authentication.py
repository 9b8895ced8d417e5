"""Who a request speaks for; nothing happens before that is known."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from renderio_box.api.problems import UnsupportedMediaTypeError
from renderio_box.catalog.keys import KeyRing, Principal, Scope, UnauthorizedError, digest
from renderio_box.errors import InvalidRequestError

AnyConnection = ASGIConnection[Any, Any, Any, Any]

KEYS: Final = "keys"
JSON_TYPES: Final = frozenset({"application/json"})


class Authentication(AbstractAuthenticationMiddleware):
    """Looks up the key of every request that passes, in the application's key ring.

    A request's ``auth`` is the digest of its key.
    """

    async def authenticate_request(self, connection: AnyConnection) -> AuthenticationResult:
        """Return who the key speaks for; UnauthorizedError when it is missing or unknown."""
        key = connection.headers.get("x-api-key") or bearer(
            connection.headers.get("authorization", "")
        )
        if not key:
            raise UnauthorizedError
        keys: KeyRing = connection.app.state[KEYS]
        key = key.strip()
        return AuthenticationResult(user=await keys.principal(key), auth=digest(key))


def bearer(authorization: str) -> str:
    """Return the token of an ``Authorization: Bearer`` header, empty for any other."""
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else ""


def principal_of(request: Request[Principal, Any, Any]) -> Principal:
    """Return who the request speaks for."""
    return request.user


Guard = Callable[[AnyConnection, BaseRouteHandler], None]


def requires(scope: Scope) -> Guard:
    """Return a guard that lets only keys with that scope pass."""

    def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        connection.user.require(scope)

    return guard


def json_only(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Refuse bodies that are empty, or that a web page could send without asking its user."""
    content_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in JSON_TYPES:
        raise UnsupportedMediaTypeError("Send the body as Content-Type: application/json.")
    is_chunked = "transfer-encoding" in connection.headers
    if not is_chunked and connection.headers.get("content-length", "0") == "0":
        raise InvalidRequestError("The body is empty; send JSON.")
