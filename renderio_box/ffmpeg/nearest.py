"""PURE. The name that somebody most likely meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

ALIKE: Final = 0.66
"""From which likeness on two names are one that is misspelt; 1 is the same."""
BEGINNING: Final = 0.1
MAX_LENGTH: Final = 64


def nearest(name: str, names: Iterable[str], *, alike: float = ALIKE) -> str | None:
    """Return the name that is most like ``name``, None when none is like it at all.

    ``alike`` is how like it must be, from 0 to 1.
    """
    wanted = name[:MAX_LENGTH].lower()
    matcher = SequenceMatcher(b=wanted, autojunk=False)

    def likeness(other: str) -> float:
        matcher.set_seq1(other.lower())
        return 0.0 if matcher.quick_ratio() < alike else matcher.ratio()

    def closeness(other: str) -> float:
        """Prefer, of names that are about as like, the one that begins the same."""
        same = likeness(other)
        return same + BEGINNING * beginning(wanted, other.lower()) * (1 - same)

    best = max(
        (name for name in sorted(names) if likeness(name) >= alike), key=closeness, default=""
    )
    return best or None


def beginning(one: str, other: str) -> int:
    """Return how many of the first four characters are the same from the start."""
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one[:4], other[:4], strict=False))
    )
