"""Streams and graphs: what is mapped, joined, copied and filtered."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, doing, rule
from renderio_box.ffmpeg.nearest import nearest
from renderio_box.jobs.correction import (
    Words,
    called,
    codec_kind,
    graphs_of,
    inputs_of,
    with_name,
    with_value,
    without,
)
from renderio_box.jobs.filter_graph import filters_in
from renderio_box.jobs.options import items

LABEL: Final = re.compile(r"\[([A-Za-z_]\w*)\]")
KINDS: Final = {"v": "picture", "V": "picture", "a": "sound", "s": "subtitles"}
SIMPLE: Final = called("vf", "af", "filter")
COMPLEX: Final = called("filter_complex", "lavfi")
WANTED_MAP: Final = re.compile(r"Failed to set value '(.*)' for option 'map'")


def no_stream(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the stream, and let it be missing where the output has others."""
    later = WANTED_MAP.search(match.string)
    wanted = match[1] or (later[1] if later else "")
    maps = [item.value for item in items(asked.words) if item.name == "map"]
    if wanted not in maps:
        return None
    says = f"-map {wanted} finds nothing: {source(asked, wanted)} has no {kind_of(wanted)}"
    if len(set(maps)) == 1:
        return Advice(says=says, remedy="map something that is there")
    words = with_value(
        asked.words, called("map"), lambda value: f"{value}?" if value == wanted else value
    )
    return Advice(says=says, remedy=f"write {wanted}? to do without it", words=words)


def source(asked: Asked, stream: str) -> str:
    """Return the input that a stream such as 1:a:0 belongs to, as the caller calls it."""
    number, sources = re.match(r"\d+", stream), inputs_of(asked.words)
    place = int(number[0]) if number else 0
    value = sources[place].value if place < len(sources) else ""
    return value if value.startswith("{{") else f"input {place}"


def kind_of(stream: str) -> str:
    """Return what a stream such as 0:a:1 is, for a person."""
    parts = stream.split(":")
    kind = KINDS.get(parts[1], "") if len(parts) > 1 else ""
    return kind if len(parts) == 2 and kind else "such stream"  # noqa: PLR2004 - input and kind


def no_stream_in_graph(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the stream that the graph begins with and no input has."""
    specifier, graph = match[1].removeprefix(":"), match[2]
    if not match[1].startswith(":") and specifier in LABEL.findall(graph):
        return Advice(
            says=f"[{specifier}] is used twice or never made in the graph",
            remedy="use a label once; split=2 makes two of one",
        )
    streams = re.findall(rf"\[(\d+:{re.escape(specifier)})\]", graph)
    if not streams:
        return None
    places = ", ".join(
        dict.fromkeys(f"[{stream}] of {source(asked, stream)}" for stream in streams)
    )
    kind = kind_of(streams[0])
    return Advice(says=f"The graph asks for {places}, and there is no {kind} there")


def unknown_label(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the label that was meant."""
    wrong = match[1]
    made = {label for graph in graphs_of(asked.words) for label in LABEL.findall(graph)}
    if wrong in made:
        return Advice(
            says=f"[{wrong}] is used more than once",
            remedy="let split=2 or asplit=2 make two of it",
        )
    mapped = {item.value for item in items(asked.words) if item.name == "map"}
    free = {label for label in made if f"[{label}]" not in mapped}
    meant = next(iter(free)) if len(free) == 1 else nearest(wrong, free)
    if meant is None:
        return None
    words = with_value(
        asked.words,
        called("map"),
        lambda value: f"[{meant}]" if value == f"[{wrong}]" else value,
    )
    return Advice(remedy=f"map [{meant}]", words=words)


def unconnected(match: re.Match[str], asked: Asked) -> Advice | None:
    """Throw away what split makes and nobody takes."""
    filter_name = match[1] or match[2]
    sink = {"split": "nullsink", "asplit": "anullsink"}.get(filter_name.partition(":")[0])
    mapped = {item.value for item in items(asked.words) if item.name == "map"}
    labels = [label for graph in graphs_of(asked.words) for label in LABEL.findall(graph)]
    left = [label for label in labels if labels.count(label) == 1 and f"[{label}]" not in mapped]
    if not left:
        return None
    says = f"[{left[0]}] is made in the graph and never used"
    if sink is None:
        return Advice(says=says)
    ends = "".join(f";[{label}]{sink}" for label in left)
    return Advice(says=says, words=with_value(asked.words, COMPLEX, lambda graph: graph + ends))


def as_complex(match: re.Match[str], asked: Asked) -> Advice | None:
    """Write the graph where several inputs are allowed."""
    del match
    if len(inputs_of(asked.words)) == 1:
        return Advice(
            says="The filter takes several inputs, and the command has one",
            remedy="add the other -i, and use -filter_complex",
        )
    words = with_name(asked.words, called("vf", "af"), "filter_complex")
    return Advice(words=words)


def without_copy(match: re.Match[str], asked: Asked) -> Advice:
    """Encode the kind of stream that is filtered."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 :]
    before = match.string[: match.end()]
    sound = re.search(r"for audio output|\[aost", before + line.partition("\n")[0]) is not None
    kind, other = ("a", "v") if sound else ("v", "a")
    words = without(asked.words, lambda item: codec_kind(item) == kind and item.value == "copy")
    if words == asked.words:
        words = tuple(
            word
            for item in items(asked.words)
            for word in (
                (f"-c:{other}", "copy")
                if codec_kind(item) == "" and item.value == "copy"
                else item.words
            )
        )
    what = "sound" if sound else "picture"
    return Advice(
        remedy=f"copy only what is not filtered: leave the {what} to be encoded", words=words
    )


def one_graph(match: re.Match[str], asked: Asked) -> Advice | None:
    """Put the simple filter behind the complex graph."""
    del match
    found = list(items(asked.words))
    simple = [item for item in found if SIMPLE(item)]
    maps = [item for item in found if item.name == "map" and item.value.startswith("[")]
    if len(simple) != 1 or len(maps) != 1:
        return None
    label = maps[0].value
    new = f"{label[:-1]}_new]"
    words = without(asked.words, SIMPLE)
    words = with_value(words, COMPLEX, lambda graph: f"{graph};{label}{simple[0].value}{new}")
    return Advice(
        words=with_value(words, called("map"), lambda value: new if value == label else value)
    )


def other_kind(match: re.Match[str], asked: Asked) -> Advice | None:
    """Swap -vf and -af where one filter stands behind the wrong one of them."""
    del match
    simple = [item for item in items(asked.words) if SIMPLE(item)]
    if len(simple) != 1 or len(list(filters_in(simple[0].value))) != 1:
        return None
    meant = {"-vf": "af", "-af": "vf"}.get(simple[0].words[0])
    if meant is None:
        return None
    words: Words = with_name(asked.words, SIMPLE, meant)
    return Advice(remedy=f"use -{meant}", words=words)


def sizes(match: re.Match[str], asked: Asked) -> Advice:
    """Say which size the others need."""
    del asked
    return Advice(
        remedy=f"scale them to one size first, such as scale={match[2]}:{match[3]},setsar=1"
    )


RULES: Final = (
    rule(
        r"Stream map '(.*)' matches no streams",
        "A stream that -map asks for is not there",
        "map something that is there",
        no_stream,
    ),
    rule(
        r"Stream specifier '(.*)' in filtergraph description (.*) matches no streams",
        "The graph asks for a stream that no input has",
        "use one that is there, or make one with anullsrc or color",
        no_stream_in_graph,
    ),
    rule(
        r"Invalid file index (\d+) in filtergraph description",
        r"The graph uses input \1, which the command does not have",
        "inputs are counted from 0; add the missing -i",
    ),
    rule(
        r"Output with label '(.*)' does not exist in any defined filter graph",
        r"No graph makes [\1]",
        "map a label that the graph ends with",
        unknown_label,
    ),
    rule(
        r"Filter (\S+) has an unconnected output|Filter '([^']*)' has output \d+ \([^)]*\) unconnected",
        "The graph makes something that is never used",
        "map it, or end it in nullsink",
        unconnected,
    ),
    rule(
        r"Cannot find a matching stream for unlabeled input pad \d+ on filter Parsed_([A-Za-z]\w*?)_\d"
        r"|Cannot find an unused \w+ input stream to feed the unlabeled input pad (\w+)",
        "A filter of the graph takes more inputs than the command has",
        "add the missing -i, or write [0:v] and [1:v] before the filter",
    ),
    rule(
        r"Simple filtergraph '.*' was expected to have exactly 1 input and 1 output",
        "-vf and -af take filters with one input and one output",
        "use -filter_complex",
        as_complex,
    ),
    rule(
        r"Streamcopy requested for output stream .*fed from a complex filtergraph",
        "What is filtered cannot be copied",
        "leave -c copy out for it, so that it is encoded",
        doing(
            lambda words: without(
                words, lambda item: codec_kind(item) in {"v", "a"} and item.value == "copy"
            )
        ),
    ),
    rule(
        r"Filtering and streamcopy cannot be used together",
        "What is filtered cannot be copied",
        "",
        without_copy,
    ),
    rule(
        r"cannot be used together for the same stream",
        "A stream that comes out of -filter_complex cannot pass through -vf or -af as well",
        "put the filter at the end of the graph",
        one_graph,
    ),
    rule(
        r"Cannot connect (?:audio|video) filter to|Filtergraph has an? (?:audio|video) output, cannot",
        "A filter for sound stands where pictures are filtered, or the other way round",
        "use -af for sound and -vf for pictures",
        other_kind,
    ),
    rule(
        r"Media type mismatch between",
        "The graph leads sound into a filter for pictures, or the other way round",
        "check which labels stand before and behind the filters",
    ),
    rule(
        r"parameters \(size (\S+?)[,)].* do not match .*\((?:size )?(\d+)x(\d+)",
        "The filter takes only pictures of one size",
        "",
        sizes,
    ),
    rule(
        r"timebase \(\S+\) do not match",
        "The filter takes only videos of one frame rate",
        "put fps=25,settb=AVTB before it for each of them",
    ),
    rule(
        r"Input 1 (height|width) (\d+) does not match input 0 \1 (\d+)",
        r"The pictures have different \1s, \3 and \2",
        r"scale them to one \1 first",
    ),
)
