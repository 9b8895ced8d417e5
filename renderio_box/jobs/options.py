"""How FFmpeg reads its argument list: which words are options, values, inputs and outputs.

The table was made by asking ffmpeg 5.1.9 and 9.0.2 for each option of
``ffmpeg -h full`` whether it wants a value; options it does not name (private
options of codecs, muxers and filters) always take one.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Final

import msgspec

_FLAGS: Final = frozenset(
    """
    accurate_seek an auto_conversion_filters autorotate autoscale benchmark benchmark_all bitexact
    bsfs buildconf codecs colors copy_unknown copyinkf copyts debug_ts decoders demuxers devices
    display_hflip display_vflip dispositions dn dump encoders filters find_stream_info
    fix_sub_duration fix_sub_duration_heartbeat force_fps formats hex hide_banner hwaccels
    ignore_unknown layouts license L muxers n pix_fmts print_graphs protocols psnr qphist re
    recast_media report sample_fmts shortest sn start_at_zero stats stdin version vn vstats xerror y
    """.split()  # noqa: SIM905 - a hundred quotation marks would hide the names
)
FILTER_OPTIONS: Final = frozenset({"vf", "af", "filter", "filter_complex", "lavfi"})
"""Options whose value is a filter graph."""
_VALUED_BEFORE_6: Final = frozenset({"autorotate", "autoscale"})


class Role(Enum):
    """What a stretch of the argument list does."""

    OPTION = auto()
    INPUT = auto()
    OUTPUT = auto()


class Item(msgspec.Struct, frozen=True):
    """An option with its value, ``-i`` with its input, or an output on its own.

    ``name`` is the option without dash and stream specifier, empty for an output;
    ``words`` are the one or two arguments as they stand.
    """

    role: Role
    name: str
    words: tuple[str, ...]

    @property
    def value(self) -> str:
        """Return the last word: an option's value, a flag itself, a file."""
        return self.words[-1]


def items(arguments: Sequence[str]) -> Iterator[Item]:
    """Yield the arguments grouped as FFmpeg will understand them.

    Joined again, the words of all items are exactly ``arguments``.
    """
    at = 0
    after_dashes = False
    while at < len(arguments):
        item = item_at(arguments, at, after_dashes=after_dashes)
        after_dashes = item.words == ("--",)
        yield item
        at += len(item.words)


def item_at(arguments: Sequence[str], at: int, *, after_dashes: bool) -> Item:
    """Return the item that begins at position ``at``."""
    word = arguments[at]
    if word == "--":
        return Item(Role.OPTION, "", (word,))
    if after_dashes or not word.startswith("-") or word == "-":
        return Item(Role.OUTPUT, "", (word,))
    name = word[1:].partition(":")[0]
    follower = arguments[at + 1] if at + 1 < len(arguments) else None
    if follower is None or not takes_value(name, follower):
        return Item(Role.OPTION, name, (word,))
    role = Role.INPUT if word == "-i" else Role.OPTION
    return Item(role, name, (word, follower))


def takes_value(name: str, follower: str) -> bool:
    """Tell whether the option reads ``follower`` as its value."""
    if name in _VALUED_BEFORE_6 and follower in {"0", "1"}:
        return True
    return name not in _FLAGS and name.removeprefix("no") not in _FLAGS
