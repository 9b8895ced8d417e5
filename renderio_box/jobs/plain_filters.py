"""Filters that need a device, and what does the same without one."""

import re
from collections.abc import Collection
from typing import Final

from renderio_box.jobs.correction import Words, graphs_of, in_graphs, without
from renderio_box.jobs.filter_graph import filters_in
from renderio_box.jobs.options import Item

ARGUMENTS: Final = r"(?:=(?P<arguments>(?:[^\[\],;'\\]|\\.|'[^']*')*))?"
NAMED: Final = r"(?:(?<=^)|(?<=[\s,;\]]))"
DEVICE_FILTER: Final = re.compile(
    rf"{NAMED}(?P<name>[a-z0-9]+)_(?:cuda|npp|opencl|qsv|vaapi|vulkan)(?:@\w+)?{ARGUMENTS}"
)
TRANSFER: Final = re.compile(
    rf"{NAMED}(?:hwupload_cuda|hwupload|hwdownload|hwmap)(?:@\w+)?{ARGUMENTS}(?=$|[\s\[\],;])"
)
PIXELS: Final = re.compile(
    rf"{NAMED}format=(?:pix_fmts=)?'?(?:nv12|p010(?:le)?|vaapi|cuda|qsv|vulkan|opencl|\|)+'?(?=$|[\s\[\],;])"
)
NOTHING: Final = "null"
FIRST_OF_MORE: Final = re.compile(r"(?:(?<=^)|(?<=[,;\]]))null,")
LAST_OF_MORE: Final = re.compile(r",null(?=$|[\[,;])")
OTHER_NAMES: Final = {
    "deinterlace": "yadif",
    "denoise": "hqdn3d",
    "sharpness": "unsharp",
    "vpp": "scale",
}
"""Filters that have another name without hardware."""
WITHOUT_ARGUMENTS: Final = frozenset({"hqdn3d", "unsharp"})
FIELD_RATE: Final = "rate=field"
SIZES: Final = frozenset({"w", "width", "h", "height"})
SCALED: Final = frozenset({*SIZES, "force_original_aspect_ratio", "force_divisible_by"})
OF_CARDS: Final = frozenset(
    {"async_depth", "extra_hw_frames", "format", "interp_algo", "mode", "passthrough"}
)
"""Arguments that say how a card does it, not what comes out."""
UNLIKE: Final = frozenset({"libplacebo"})
EVEN: Final = re.compile(r"(^|=)-1$")


class NothingLikeItError(Exception):
    """What the hardware is asked for has no certain equal without it."""


def with_plain_filters(words: Words, known: Collection[str]) -> Words:
    """Return the words with the usual filters in place of those that need a device.

    Raises:
        NothingLikeItError: A filter is not among the ``known`` ones without hardware.
    """
    plain = in_graphs(words, plain_graph)
    if plain == words:
        if any(each.name in UNLIKE for graph in graphs_of(words) for each in filters_in(graph)):
            raise NothingLikeItError
        return words
    for graph in graphs_of(plain):
        if not {each.name for each in filters_in(graph)} <= {*known, NOTHING}:
            raise NothingLikeItError
    return without(plain, does_nothing)


def does_nothing(item: Item) -> bool:
    """Tell whether the option is a filter of one output that leaves pictures as they are."""
    return item.name in {"vf", "filter"} and item.value == NOTHING


def plain_graph(graph: str) -> str:
    """Return one graph without devices; one that has none stays as it is."""
    if TRANSFER.search(graph) is None and DEVICE_FILTER.search(graph) is None:
        return graph
    graph = TRANSFER.sub(NOTHING, graph)
    graph = PIXELS.sub(NOTHING, graph)
    graph = DEVICE_FILTER.sub(plain_filter, graph)
    while (shorter := LAST_OF_MORE.sub("", FIRST_OF_MORE.sub("", graph))) != graph:
        graph = shorter
    return graph


def plain_filter(match: re.Match[str]) -> str:
    """Return one filter without its device."""
    before, given = match["name"], match["arguments"] or ""
    name = OTHER_NAMES.get(before, before)
    if before == "vpp":
        given = only_a_size(given)
    if before == "deinterlace":
        return f"{name}=send_field" if FIELD_RATE in given else name
    if name in WITHOUT_ARGUMENTS:
        return name
    kept = [each for place, each in enumerate(given.split(":")) if each and fits(name, place, each)]
    if name == "scale":
        kept = [EVEN.sub(r"\1-2", each) for each in kept]
    return f"{name}={':'.join(kept)}" if kept else name


def only_a_size(arguments: str) -> str:
    """Return the arguments of a filter that does many things when they ask for a size alone."""
    if not {each.partition("=")[0] for each in arguments.split(":") if each} <= {*SIZES, *OF_CARDS}:
        raise NothingLikeItError
    return arguments


def fits(name: str, place: int, argument: str) -> bool:
    """Tell whether a filter without hardware takes the argument that stands in that place."""
    key, equals, _ = argument.partition("=")
    if name == "scale":
        return key in SCALED if equals else place <= 1
    if name in {"yadif", "bwdif"}:
        return True
    return not equals or key not in OF_CARDS
