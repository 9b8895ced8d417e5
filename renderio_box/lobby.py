"""Places for connections: so many in all, and a share of them for each address."""

import ipaddress
import resource
from collections import Counter
from collections.abc import Iterable
from typing import Final

import structlog

from renderio_box.logs import Sparingly
from renderio_box.settings import ServerConfig

log = structlog.get_logger()

NETWORK_BITS: Final = 64
"""How much of an IPv6 address tells callers apart: the rest is theirs to choose."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Lobby:
    """Counts who is connected. Reverse proxies that are trusted have no limit of their own."""

    def __init__(self, config: ServerConfig, sparingly: Sparingly) -> None:
        self._most = min(config.max_connections, open_files() // 2)
        self._share = config.connections_per_address
        self._proxies = networks_of(config.trusted_proxies)
        self._by_caller: Counter[str] = Counter()
        self._sparingly = sparingly

    @property
    def count(self) -> int:
        """Return how many places are taken."""
        return self._by_caller.total()

    def enter(self, address: str) -> bool:
        """Take a place for a connection from there; False when there is none."""
        caller = caller_of(address)
        if self.count >= self._most:
            self.tell("connection_refused", address, "server.max_connections")
            return False
        if self._by_caller[caller] >= self._share and not is_within(address, self._proxies):
            self.tell("connection_refused", address, "server.connections_per_address")
            return False
        self._by_caller[caller] += 1
        return True

    def leave(self, address: str) -> None:
        """Give back the place of a connection that had entered."""
        caller = caller_of(address)
        self._by_caller[caller] -= 1
        if not self._by_caller[caller]:
            del self._by_caller[caller]

    def tell(self, event: str, address: str, reason: str) -> None:
        """Log that a connection was refused or cut, unless there was too much of that lately."""
        if (unsaid := self._sparingly.turn()) is not None:
            log.info(event, client=address, reason=reason, unsaid=unsaid)


def open_files() -> int:
    """Return how many files this process may have open, connections among them."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def networks_of(proxies: Iterable[str]) -> tuple[Network, ...]:
    """Return the proxies that are written as addresses or as networks; ``*`` is every address."""
    networks: list[Network] = []
    for written in proxies:
        try:
            networks += map(
                ipaddress.ip_network, ("0.0.0.0/0", "::/0") if written == "*" else (written,)
            )
        except ValueError:  # a name: connections come from addresses
            continue
    return tuple(networks)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether the address is in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def caller_of(address: str) -> str:
    """Return what stands for whoever has that address: all of it, or its IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, NETWORK_BITS), strict=False))
