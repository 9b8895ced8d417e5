"""Living below a path: what a reverse proxy passes on with the path of ``public_url`` in front."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

App = Callable[[Any, Any, Any], Awaitable[None]]

OWN: Final = frozenset(
    {"api", "v1", "files", "uploads", "healthz", "readyz", "metrics", "schema", "llms.txt"}
)
"""How the box's own addresses begin. A path that begins like one of them is never taken away:
whether ``/api/v1/commands`` is whole or has ``/api`` in front cannot be told from it."""


class BelowPath:
    """Takes the path away from requests that have it, so that both kinds of proxy will do.

    Those that have had it taken away by the proxy pass as they are.
    """

    def __init__(self, app: App, path: str) -> None:
        self._app = app
        self._path = path
        self._raw = quote(path).encode()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        """Answer the request under the address that the box knows."""
        path, raw = str(scope.get("path", "")), bytes(scope.get("raw_path", b""))
        if path.startswith(f"{self._path}/") and raw.startswith(self._raw + b"/"):
            scope["path"] = path.removeprefix(self._path)
            scope["raw_path"] = raw.removeprefix(self._raw)
        await self._app(scope, receive, send)


def below_path_of(app: App, public_url: str) -> App:
    """Return the application as it is reached below ``public_url``."""
    path = unquote(urlsplit(public_url).path).rstrip("/")
    if not path or path.split("/")[1] in OWN:
        return app
    return BelowPath(app, path)
