"""Edits of a command's words: what is wrong is changed, the rest stays as its caller wrote it.

An edit that finds nothing to change, or more than one place where it could, returns the words
as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from renderio_box.jobs.options import FILTER_OPTIONS, Item, Role, items

Words = tuple[str, ...]
Test = Callable[[Item], bool]

GRAPH_FORMAT: Final = "lavfi"
CODEC_OPTION: Final = re.compile(r"-(?:(?:c|codec)(?::([vas])(?::.*)?)?|([vas])codec)")
"""An option that names a codec; its groups are the kind of stream, none for all kinds."""


def words_of(found: Iterable[Item]) -> Words:
    """Return the words of the items, one after another."""
    return tuple(chain.from_iterable(item.words for item in found))


def called(*names: str) -> Test:
    """Return what tells whether an option has one of these names, whatever its stream."""
    return lambda item: item.role is Role.OPTION and item.name in names


def written(option: str) -> Test:
    """Return what tells whether an option stands exactly like that, without its dash."""
    return lambda item: item.role is Role.OPTION and item.words[0] == f"-{option}"


def inputs_of(words: Words) -> list[Item]:
    """Return the inputs in their order."""
    return [item for item in items(words) if item.role is Role.INPUT]


def outputs_of(words: Words) -> list[Item]:
    """Return the outputs in their order."""
    return [item for item in items(words) if item.role is Role.OUTPUT]


def with_value(words: Words, wanted: Test, value: str | Callable[[str], str]) -> Words:
    """Return the words with another value for each option that is wanted."""

    def changed(item: Item) -> Words:
        if not wanted(item) or len(item.words) == 1:
            return item.words
        return (item.words[0], value if isinstance(value, str) else value(item.value))

    return tuple(chain.from_iterable(changed(item) for item in items(words)))


def with_name(words: Words, wanted: Test, name: str) -> Words:
    """Return the words with the wanted options under another name, their streams kept."""

    def changed(item: Item) -> Words:
        if not wanted(item):
            return item.words
        _, colon, stream = item.words[0].partition(":")
        return (f"-{name}{colon}{stream}", *item.words[1:])

    return tuple(chain.from_iterable(changed(item) for item in items(words)))


def without(words: Words, wanted: Test) -> Words:
    """Return the words without the options that are wanted, their values included."""
    return words_of(item for item in items(words) if not wanted(item))


def before_output(words: Words, *added: str) -> Words:
    """Return the words with options added to the only output."""
    return with_added(words, added, Role.OUTPUT)


def before_input(words: Words, *added: str) -> Words:
    """Return the words with options added to the only input."""
    return with_added(words, added, Role.INPUT)


def with_added(words: Words, added: Sequence[str], role: Role) -> Words:
    """Return the words with others before the one item of that role; "--" is left alone."""
    found = list(items(words))
    places = [place for place, item in enumerate(found) if item.role is role]
    if len(places) != 1 or "--" in words:
        return words
    return (*words_of(found[: places[0]]), *added, *words_of(found[places[0] :]))


def moved(words: Words, wanted: Test, to: Role) -> Words:
    """Return the words with the wanted options before the only output or input."""
    options = words_of(item for item in items(words) if wanted(item))
    rest = without(words, wanted)
    placed = with_added(rest, options, to)
    return words if placed == rest else placed


def in_graphs(words: Words, edit: Callable[[str], str]) -> Words:
    """Return the words with every filter graph edited, those of lavfi inputs too."""

    def edited() -> Iterator[str]:
        form = ""
        for item in items(words):
            is_graph = item.name in FILTER_OPTIONS or (
                item.role is Role.INPUT and form == GRAPH_FORMAT
            )
            yield from (*item.words[:-1], edit(item.value)) if is_graph else item.words
            if item.name == "f" or item.role is not Role.OPTION:
                form = item.value if item.name == "f" else ""

    return tuple(edited())


def graphs_of(words: Words) -> list[str]:
    """Return every filter graph of the command."""
    graphs: list[str] = []

    def kept(graph: str) -> str:
        graphs.append(graph)
        return graph

    in_graphs(words, kept)
    return graphs


def with_filter(words: Words, added: str) -> Words:
    """Return the words with a filter behind all others that the only output's picture passes.

    Where a complex graph makes the picture, it is the one that ``-map`` takes by a label.
    """
    labels = [
        item.value for item in items(words) if item.name == "map" and item.value.startswith("[")
    ]
    if any(is_video_filter(item) for item in items(words)):
        return with_value(words, is_video_filter, lambda graph: f"{graph},{added}")
    if not any(called("filter_complex", "lavfi")(item) for item in items(words)):
        return before_output(words, "-vf", added)
    pictures = [label for label in labels if not label.startswith("[a")]
    if len(pictures) != 1:
        return words
    new = f"{pictures[0][:-1]}_new]"
    words = with_value(
        words,
        called("filter_complex", "lavfi"),
        lambda graph: f"{graph};{pictures[0]}{added}{new}",
    )
    return with_value(words, called("map"), lambda label: new if label == pictures[0] else label)


def is_video_filter(item: Item) -> bool:
    """Tell whether the option is the filter of one output's picture."""
    return item.words[0] in {"-vf", "-filter:v"}


def codec_kind(item: Item) -> str | None:
    """Return whose codec an option names: v, a, s, all as ""; None for other options."""
    match = CODEC_OPTION.fullmatch(item.words[0])
    return None if match is None or item.role is not Role.OPTION else match[1] or match[2] or ""


def with_codec(words: Words, kind: str, codec: str) -> Words:
    """Return the words with that codec for video, audio or subtitles (v, a, s) of the outputs."""
    sources, rest = around_last_input(words)
    if any(codec_kind(item) == kind for item in items(rest)):
        return sources + with_value(rest, lambda item: codec_kind(item) == kind, codec)
    return before_output(words, f"-c:{kind}", codec)


def without_codecs(words: Words) -> Words:
    """Return the words without codecs for the outputs, so that FFmpeg takes its usual ones."""
    sources, rest = around_last_input(words)
    return sources + without(rest, lambda item: codec_kind(item) is not None)


def around_last_input(words: Words) -> tuple[Words, Words]:
    """Return the words up to the last input, and those behind it."""
    found = list(items(words))
    end = max((at + 1 for at, item in enumerate(found) if item.role is Role.INPUT), default=0)
    return words_of(found[:end]), words_of(found[end:])
