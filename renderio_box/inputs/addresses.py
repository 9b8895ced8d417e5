"""PURE. Which addresses may be contacted, by which rule, and what would change it.

Addresses are judged, never the names or numbers in URLs: those are looked up first, by the
very code that would connect.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.networks import CLOSED, NEVER, Network, Opened, Range, around, plain

Address = IPv4Address | IPv6Address

SETTING: Final = "network.allow"
LOW_32: Final = 2**32 - 1
LOOPBACK: Final = IPv6Address("::1")
SIX_TO_FOUR: Final = IPv6Network("2002::/16")
TEREDO: Final = IPv6Network("2001::/32")
ENDING_IN_IPV4: Final = (
    IPv6Network("64:ff9b::/96"),
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0:0/96"),
)
ISATAP: Final = 0x0000_5EFE
ISATAP_MASK: Final = 0xFDFF_FFFF
"""Without the bit that says whether the IPv4 address in it is unique in the world."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one address may be contacted.

    ``kind`` may be told to callers, ``rule`` says more to operators. ``setting`` is what
    would change it, empty when nothing would; ``entries`` are what a refused one lacks
    there. ``address`` is the one to connect to.
    """

    address: str
    is_allowed: bool
    kind: str
    rule: str
    setting: str
    entries: tuple[str, ...] = ()


class NetworkPolicy(msgspec.Struct, frozen=True):
    """Public addresses, and what the operator opened."""

    opened: Opened = Opened()

    def judge(self, address: str, *, host: str) -> Decision:
        """Decide about an address that ``host`` was found to have.

        An IPv6 address in which an IPv4 one is written leads there, so that one counts too.
        """
        found = ip_address(address.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        return self._decide(mapped or found, plain(host))

    def _decide(self, address: Address, host: str) -> Decision:
        itself = self._itself(address, host)
        inside = [self._decide(each, host) for each in embedded(address)]
        refusals = [each for each in (itself, *inside) if not each.is_allowed]
        if not refusals:
            return itself
        # What no setting changes decides; else the outer rule does.
        deciding = next((each for each in refusals if not each.setting), refusals[0])
        rules = (itself.rule, *(each.rule for each in inside if not each.is_allowed))
        return replace(
            deciding,
            address=str(address),
            rule=", leading to ".join(rules),
            entries=tuple(each.address for each in refusals if deciding.setting),
        )

    def _itself(self, address: Address, host: str) -> Decision:
        """Decide about an address without looking at what is written in it."""
        network = ip_network(address)
        closed = around(network, NEVER)
        if closed is not None:
            return decision(address, closed, is_allowed=False, setting="")
        entry = self._entry_for(network, host)
        closed = around(network, CLOSED)
        if entry is not None:
            allowed = decision(address, closed, is_allowed=True, setting=SETTING)
            return replace(allowed, rule=f"{allowed.rule}, opened by {entry}")
        if closed is not None:
            return decision(address, closed, is_allowed=False, setting=SETTING)
        return decision(address, None, is_allowed=True, setting="")

    def _entry_for(self, network: Network, host: str) -> str | None:
        """Return the entry of ``network.allow`` that opens an address."""
        if host in self.opened.names:
            return host
        opening = (Range("", each) for each in self.opened.networks)
        found = around(network, opening)
        return None if found is None else str(found.network)


def decision(address: Address, found: Range | None, *, is_allowed: bool, setting: str) -> Decision:
    """Return the decision about an address of the range; None is the public rest."""
    return Decision(
        address=str(address),
        is_allowed=is_allowed,
        kind="public" if found is None else found.kind,
        rule="public" if found is None else found.rule,
        setting=setting,
    )


def embedded(address: Address) -> Iterable[IPv4Address]:
    """Return the IPv4 addresses to which packets for an IPv6 address may be passed on."""
    number = int(address)
    if isinstance(address, IPv4Address) or number <= int(LOOPBACK):
        return ()
    low = IPv4Address(number & LOW_32)
    if address in SIX_TO_FOUR:
        return (IPv4Address(number >> 80 & LOW_32),)
    if address in TEREDO:
        return (IPv4Address(number >> 64 & LOW_32), IPv4Address(~number & LOW_32))
    is_isatap = number >> 32 & ISATAP_MASK == ISATAP
    return (low,) if is_isatap or any(address in each for each in ENDING_IN_IPV4) else ()
