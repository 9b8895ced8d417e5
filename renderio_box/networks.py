"""Ranges of addresses by name, and those that an operator opens with ``network.allow``."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

import msgspec

Network = IPv4Network | IPv6Network

MAX_NAME_LENGTH: Final = 253
NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""What is read as an address although it looks like a name: ``127.1``, ``0x7f000001``."""


class Range(msgspec.Struct, frozen=True):
    """Addresses of one kind."""

    kind: str
    network: Network

    @property
    def rule(self) -> str:
        """Return what is said of an address that is in it."""
        return f"{self.kind} ({self.network})"


def ranges(kind: str, *networks: str) -> tuple[Range, ...]:
    """Return ranges of one kind."""
    return tuple(Range(kind, ip_network(network)) for network in networks)


METADATA: Final = "cloud metadata"
"""Where Amazon, Google, Oracle, Scaleway, Akamai, Alibaba and Azure tell machines secrets."""
TRANSLATION: Final = "IPv6 translation"

NEVER: Final = (
    *ranges(METADATA, "169.254.169.254/32", "169.254.170.2/32", "fd00:ec2::/32"),
    *ranges(METADATA, "fd20:ce::254/128", "192.0.0.192/32", "fd00:c1::a9fe:a9fe/128"),
    *ranges(METADATA, "169.254.42.42/32", "fd00:42::42/128", "fd00:a9fe:a9fe::1/128"),
    *ranges(METADATA, "100.100.100.200/32", "fd00:100::100:200/128", "168.63.129.16/32"),
    *ranges("link-local", "169.254.0.0/16", "fe80::/10"),
    *ranges("multicast", "224.0.0.0/4", "ff00::/8"),
    *ranges("unspecified", "0.0.0.0/8", "::/128"),
    *ranges("broadcast", "255.255.255.255/32"),
    # Where the IPv4 address stands in these is for each network to decide.
    *ranges(TRANSLATION, "64:ff9b:1::/48"),
)
"""Closed whatever is configured; where two fit, the first."""

CLOSED: Final = (
    *ranges("loopback", "127.0.0.0/8", "::1/128"),
    *ranges("private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    *ranges("shared", "100.64.0.0/10"),
    *ranges("documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    *ranges("documentation", "2001:db8::/32", "3fff::/20"),
    *ranges(TRANSLATION, "64:ff9b::/96", "2002::/16", "2001::/32", "192.88.99.0/24"),
    *ranges(TRANSLATION, "::/96", "::ffff:0:0:0/96"),
    *ranges("reserved", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "100::/64", "2001::/23"),
    # Of IPv6 only 2000::/3 is handed out; this is the rest.
    *ranges("reserved", "::/3", "4000::/2", "8000::/1"),
)
"""Closed unless an operator opens them; where two fit, the first."""

MAPPED: Final = IPv6Network("::ffff:0:0/96")


class UnusableEntryError(ValueError):
    """An entry opens nothing; the text says why, as the end of a sentence."""


class Opened(msgspec.Struct, frozen=True):
    """What an operator opens: networks, and hosts by their names in lower case."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()


def opened_by(entries: Sequence[str]) -> Opened:
    """Return what the entries of ``network.allow`` open.

    Raises:
        UnusableEntryError: One of them is neither network nor name, or can never be opened.
    """
    networks: list[Network] = []
    names: set[str] = set()
    for entry in entries:
        network = network_in(entry)
        if network is None:
            names.add(name_in(entry))
        else:
            check(entry, network)
            networks.append(network)
    return Opened(tuple(networks), frozenset(names))


def network_in(entry: str) -> Network | None:
    """Return the network, or the one address, that an entry is; None for anything else."""
    try:
        return ip_network(entry)
    except ValueError:
        pass
    try:
        around = ip_network(entry, strict=False)
    except ValueError:
        return None
    raise UnusableEntryError(
        f"{entry} is one address and a network at once; write {around} for the network,"
        f" or {entry.partition('/')[0]} for the address"
    )


def check(entry: str, network: Network) -> None:
    """Refuse a network of which no address would ever be contacted."""
    if closed := around(network, NEVER):
        raise UnusableEntryError(f"{entry} is {closed.rule}, which is never contacted; remove it")
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        raise UnusableEntryError(f"{entry} is IPv4 written as IPv6; write it as IPv4")


def around(network: Network, known: Iterable[Range]) -> Range | None:
    """Return the first range that holds all of a network."""
    return next((each for each in known if holds(each.network, network)), None)


def holds(outer: Network, inner: Network) -> bool:
    """Tell whether all of ``inner`` is in ``outer``."""
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def name_in(entry: str) -> str:
    """Return the host name that an entry is, as it is compared."""
    name = plain(entry)
    if len(name) > MAX_NAME_LENGTH or not NAME.fullmatch(name) or NUMBER.fullmatch(name):
        raise UnusableEntryError(
            f'"{entry}" is neither a network such as 192.168.1.0/24, nor an address, nor a host'
            " name such as nas.lan; write it without scheme, port, brackets and wildcard"
        )
    return name


def plain(name: str) -> str:
    """Return a host name without what makes no difference to it."""
    return name.lower().removesuffix(".")
