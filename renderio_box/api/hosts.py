"""The name under which a request reaches the box.

A web page can have its own name lead to an address in the network of whoever reads it, and
then read what the box answers there (DNS rebinding). It knows no key and no address with a
token, so what it could read is what the box says to anybody; that is said only under names
that no stranger can have given to the box.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from renderio_box.errors import NotDoableError
from renderio_box.settings import ServerConfig

AnyConnection = ASGIConnection[Any, Any, Any, Any]

HOSTS: Final = "hosts"
WELL_FORMED: Final = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,252}))(?::[0-9]{1,5})?",
    flags=re.ASCII | re.IGNORECASE,
)
NOBODYS: Final = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".test")
"""Ends of names that nobody can register on the Internet."""
ANY: Final = "*"


class HostError(NotDoableError):
    """The request came under a name that the box does not go by."""


class KnownHosts:
    """The names that are the box's own: configured ones, and those that no stranger can have."""

    def __init__(self, config: ServerConfig, *, machine: str) -> None:
        behind_a_proxy = bool(config.trusted_proxies) and not config.public_url
        self._any = ANY in config.hosts or behind_a_proxy
        public = urlsplit(config.public_url).hostname or ""
        self._names = frozenset(map(bare, (*config.hosts, machine, public)))

    def knows(self, host: str) -> bool:
        """Tell whether a Host header that is well formed names the box."""
        name = name_in(host)
        return self._any or "." not in name or is_ours(name, self._names)


def is_ours(name: str, names: Iterable[str]) -> bool:
    """Tell whether the name is listed, ends as nobody's does, or is no name but an address."""
    if name in names or name.endswith(NOBODYS):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def name_in(host: str) -> str:
    """Return a Host header without its port."""
    match = WELL_FORMED.fullmatch(host)
    return bare(match[1].strip("[]")) if match else ""


def bare(name: str) -> str:
    """Return a name in the one form that names are compared in."""
    return name.strip().rstrip(".").lower()


class HostCheck(ASGIMiddleware):
    """Refuses a Host header that is no host: addresses that the box hands out begin with it."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request pass, or raise HostError. None at all, as of HTTP/1.0, will do."""
        hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
        for host in hosts:
            if not WELL_FORMED.fullmatch(host.decode("latin-1")) and host:
                raise HostError("The Host header is no host name with a port.")
        if len(hosts) > 1:
            raise HostError("There is more than one Host header.")
        await next_app(scope, receive, send)


async def known_host(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard what needs neither a key nor an address with a token; HostError under others' names."""
    known: KnownHosts = connection.app.state[HOSTS]
    host = connection.headers.get("host", "")
    if host and not known.knows(host):
        raise HostError(
            f"The box does not know that it is called {name_in(host)}; add the name to"
            " server.hosts, or set server.public_url."
        )
