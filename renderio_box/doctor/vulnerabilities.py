"""PURE. Faults of FFmpeg's that attackers know, and which versions have them.

As of 2026-11-23, from the advisories of NVD and FFmpeg's release notes. Only faults that a
file of a stranger's reaches through usual commands are listed.
"""

import re
from typing import Final

import msgspec

Version = tuple[int, ...]


class Vulnerability(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: its number, what it lets a file do, and the first release of each line without."""

    cve: str
    what: str
    fixed: tuple[Version, ...]


KNOWN: Final = (
    Vulnerability(
        cve="CVE-2026-8461",
        what="a MagicYUV file may run code of its own",
        fixed=((7, 1, 5), (8, 0, 3), (8, 1, 2)),
    ),
    Vulnerability(
        cve="CVE-2026-40962",
        what="an encrypted MP4 file may overwrite memory",
        fixed=((8, 1),),
    ),
)
RELEASE: Final = re.compile(r"n?(\d+(?:\.\d+)+)(.*)", flags=re.DOTALL)
OF_A_DISTRIBUTION: Final = re.compile(
    r"[-+~].*(?:deb|ubuntu|mint|raspbian|rpt|\.fc\d|\.el\d|alpine|arch|nixos|jellyfin)|-\d"
)
"""What distributions add to the number of a release whose faults they mend themselves."""


class Verdict(msgspec.Struct, frozen=True):
    """What a version tells: the faults that it has, or that its number does not say."""

    vulnerable: tuple[Vulnerability, ...] = ()
    is_open: bool = False


def verdict_on(version: str) -> Verdict:
    """Return what FFmpeg's version tells of known faults.

    Distributions mend faults without changing the number, and builds from between two
    releases have none: of both it cannot be told.
    """
    match = RELEASE.fullmatch(version)
    if match is None:
        return Verdict(is_open=True)
    number = tuple(int(part) for part in match[1].split("."))
    vulnerable = tuple(each for each in KNOWN if not is_fixed(number, each.fixed))
    if vulnerable and OF_A_DISTRIBUTION.search(match[2]):
        return Verdict(vulnerable, is_open=True)
    return Verdict(vulnerable)


def is_fixed(number: Version, fixed: tuple[Version, ...]) -> bool:
    """Tell whether a release is in a line from its first mended one on, or of a newer line."""
    of_the_line = [first for first in fixed if first[:2] == number[:2]]
    return number >= (of_the_line[0] if of_the_line else max(fixed))
