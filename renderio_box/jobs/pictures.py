"""How large the pictures are that a command makes, and which filters hold many of them."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from renderio_box.jobs.filter_graph import Filter, filters_in
from renderio_box.jobs.options import FILTER_OPTIONS, Item

ASSUMED_PIXELS: Final = 1920 * 1080
"""The size of pictures of which a command says nothing."""
MOST_PIXELS: Final = 16_384 * 16_384
SIZE: Final = re.compile(r"(\d{1,5})[x:](\d{1,5})")
NAMED: Final = {
    "qvga": 320 * 240,
    "vga": 640 * 480,
    "hd480": 852 * 480,
    "hd720": 1280 * 720,
    "hd1080": 1920 * 1080,
    "2k": 2048 * 1080,
    "uhd2160": 3840 * 2160,
    "4k": 4096 * 2160,
    "uhd4320": 7680 * 4320,
}
SIZE_OPTIONS: Final = frozenset({"s", "video_size"})
SIZING_FILTERS: Final = frozenset({"scale", "zscale", "pad", "zoompan"})
SIDES: Final = {"w": 0, "width": 0, "h": 1, "height": 1}
SIZE_KEYS: Final = frozenset({"s", "size"})


def graph_filters(options: Iterable[Item]) -> Iterator[Filter]:
    """Yield every filter that the options name."""
    for option in options:
        if option.name in FILTER_OPTIONS:
            yield from filters_in(option.value)


def pixels_made(options: Iterable[Item]) -> int:
    """Return the pixels of the largest picture that the options state, else the usual number."""
    options = list(options)
    stated = [pixels_of(option.value) for option in options if option.name in SIZE_OPTIONS]
    stated += [pixels_from(each) for each in graph_filters(options)]
    return min(max(stated, default=0) or ASSUMED_PIXELS, MOST_PIXELS)


def pixels_of(size: str) -> int:
    """Return the pixels of a size such as ``1280x720`` or ``hd720``, 0 if it is not understood."""
    if match := SIZE.fullmatch(size):
        return int(match[1]) * int(match[2])
    return NAMED.get(size, 0)


def pixels_from(made: Filter) -> int:
    """Return the pixels of what a filter makes, 0 if that is not its matter.

    A side that follows from the other is taken as one of 16:9.
    """
    is_sizing = made.name in SIZING_FILTERS
    sides = ["", ""]
    for place, each in enumerate(made.arguments):
        if each.key in SIZE_KEYS or (not each.key and place == 0 and pixels_of(each.value)):
            return pixels_of(each.value)
        side = SIDES.get(each.key, place if not each.key else -1)
        if is_sizing and 0 <= side < len(sides):
            sides[side] = each.value
    width, height = (int(side) if side.isdecimal() and len(side) < 6 else 0 for side in sides)  # noqa: PLR2004
    return (width or height * 16 // 9) * (height or width * 9 // 16)
