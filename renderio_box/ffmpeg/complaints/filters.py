"""Filters: unknown ones, their options, their expressions, and sizes that do not work."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, rule
from renderio_box.ffmpeg.complaints.vocabulary import COLORS, OPTIONS, VARIABLES
from renderio_box.ffmpeg.nearest import nearest
from renderio_box.jobs.correction import (
    Words,
    called,
    graphs_of,
    in_graphs,
    with_filter,
    with_value,
)
from renderio_box.jobs.filter_graph import filters_in
from renderio_box.jobs.options import items

EVEN: Final = "crop=trunc(iw/2)*2:trunc(ih/2)*2"
FITTED: Final = r"\g<1>scale=\2:\3:force_original_aspect_ratio=decrease,pad=\2:\3"
NAME_AT_START: Final = re.compile(r"[A-Za-z_]\w*")


def misspelt(asked: Asked) -> tuple[str, str | None] | None:
    """Return the first filter of the command that the build lacks, with the one most like it."""
    known = asked.build.filters
    for graph in graphs_of(asked.words) if known else ():
        for found in filters_in(graph):
            if found.name and found.name not in known:
                return found.name, nearest(found.name, known)
    return None


def unknown_filter(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the filter that was meant; a comma that was meant to be text makes filters too."""
    del match
    if (whole := with_commas_kept(asked)) is not None:
        return whole
    found = misspelt(asked)
    if found is None:
        return None
    wrong, meant = found
    says = f"This FFmpeg has no filter called '{wrong[:60]}'"
    if meant is None:
        return Advice(says=says)
    words = in_graphs(asked.words, lambda graph: in_place(graph, wrong, meant))
    return Advice(says=says, remedy=f"use {meant}", words=words)


def with_commas_kept(asked: Asked) -> Advice | None:
    """Return the advice to keep commas between parentheses; None when there are none."""
    words = in_graphs(asked.words, keep_commas)
    if words == asked.words:
        return None
    return Advice(
        says="A comma within parentheses ends the filter",
        remedy="write it as \\,",
        words=words,
    )


def keep_commas(graph: str) -> str:
    r"""Return the graph with ``\,`` for every comma between parentheses and outside of quotes."""
    pieces: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in graph:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "'":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            pieces.append("\\" if char == "," and depth > 0 else "")
        pieces.append(char)
    return "".join(pieces)


def in_place(text: str, wrong: str, meant: str) -> str:
    """Return the text with a whole name replaced wherever it stands."""
    return re.sub(rf"(?<![\w@]){re.escape(wrong)}(?!\w)", meant, text)


def no_name_near(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell a filter that is not there from arguments that cannot be read."""
    return unknown_filter(match, asked)


def filter_option(match: re.Match[str], asked: Asked) -> Advice:
    """Name the argument that was meant."""
    name, wrong = match["name"] or match["named"], match["option"] or match["wrong"]
    says = f"The filter {name} has no argument called '{wrong}'"
    meant = nearest(wrong, OPTIONS.get(name, "").split())
    if meant is None:
        return Advice(says=says)
    words = in_graphs(
        asked.words, lambda graph: re.sub(rf"\b{re.escape(wrong)}(?=\s*=)", meant, graph)
    )
    return Advice(says=says, remedy=f"write {meant}=", words=words)


def variable(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the variable that was meant."""
    if (whole := with_commas_kept(asked)) is not None:
        return whole
    name = NAME_AT_START.match(match[1])
    if name is None or name[0] in VARIABLES:
        return None
    meant = nearest(name[0], VARIABLES)
    if meant is None:
        return None
    words = in_graphs(asked.words, lambda graph: in_place(graph, name[0], meant))
    return Advice(remedy=f"write {meant}", words=words)


def parenthesis(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell a comma that cuts an expression in two from a parenthesis that was forgotten."""
    del match
    return with_commas_kept(asked)


def even(match: re.Match[str], asked: Asked) -> Advice:
    """Let scale choose an even side, or leave the odd row or column out."""
    words = asked.words
    size = re.search(r"\((\d+)x(\d+)\)", match.string[match.start() :])
    if any(item.name == "s" for item in items(words)):
        words = with_value(words, called("s"), even_size)
    if words == asked.words and size is not None:
        words = in_graphs(words, lambda graph: with_even_side(graph, int(size[1]), int(size[2])))
    if words == asked.words:
        words = with_filter(words, EVEN)
    return Advice(words=words)


def even_size(size: str) -> str:
    """Return a size such as 63x35 with even sides."""
    sides = size.split("x")
    if not all(side.isdecimal() for side in sides):
        return size
    return "x".join(str(max(2, int(side) // 2 * 2)) for side in sides)


def with_even_side(graph: str, width: int, height: int) -> str:
    """Return the graph with -2 for -1 where only the side that scale computes is odd."""
    if width % 2 == 0:
        return re.sub(rf"(\bscale=(?:w=)?{width}:(?:h=)?)-1\b", r"\1-2", graph)
    if height % 2 == 0:
        return re.sub(rf"(\bscale=(?:w=)?)-1(:(?:h=)?{height})\b", r"\1-2\2", graph)
    return graph


def smaller_crop(match: re.Match[str], asked: Asked) -> Advice:
    """Crop no more than there is."""
    del match
    words = in_graphs(
        asked.words,
        lambda graph: re.sub(r"\bcrop=(\d+):(\d+)", r"crop=min(iw\\,\1):min(ih\\,\2)", graph),
    )
    return Advice(words=words)


def fitted(match: re.Match[str], asked: Asked) -> Advice:
    """Make the picture fit before it is padded."""
    del match
    words = in_graphs(asked.words, lambda graph: re.sub(r"(^|[],;])pad=(\d+):(\d+)", FITTED, graph))
    return Advice(words=words)


def color(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the colour that was meant."""
    meant = nearest(match[1], COLORS)
    if meant is None:
        return None
    words: Words = in_graphs(asked.words, lambda graph: in_place(graph, match[1], meant))
    return Advice(remedy=f"use {meant}", words=words)


VALUES: Final = (
    rule(
        r"Cannot find color '([^']*)'",
        r"There is no colour called '\1'",
        "use a name such as red, or #RRGGBB",
        color,
    ),
    rule(
        r"Unable to parse (?:\"\w+\" )?option value \"([^\"]*)\" as image size",
        r"'\1' is not a size",
        "write it like 1280x720",
    ),
)
"""Rules for single values, which come before what FFmpeg says of options in general."""

RULES: Final = (
    rule(
        r"No such filter: '(.*)'",
        r"This FFmpeg has no filter called '\1'",
        "check its spelling",
        unknown_filter,
    ),
    rule(
        r"No option name near '(.*)'",
        r"The arguments of a filter cannot be read at '\1'",
        "write them as name=value between colons, and a colon within text as \\:",
        no_name_near,
    ),
    rule(
        r"\[Parsed_(?P<name>[A-Za-z]\w*?)_\d+\] Option '(?P<option>\w+)' not found"
        r"|Error applying option '(?P<wrong>\w+)' to filter '(?P<named>\w+)': Option not found",
        "A filter has no such argument",
        "check its spelling",
        filter_option,
    ),
    rule(
        r"Missing '\)'(?: or too many args)? in '(.*)'",
        r"The expression '\1' lacks a parenthesis",
        "close it, and put an expression that has commas in single quotation marks",
        parenthesis,
    ),
    rule(
        r"not divisible by 2|Picture (?:width|height) must be an integer multiple",
        "The encoder takes only pictures with an even number of columns and rows",
        "use scale=-2:… or crop the picture to even sides",
        even,
    ),
    rule(
        r"Invalid too big or non positive size for width '(.*)' or height '(.*)'",
        r"crop asks for \1x\2, which is more than the picture has",
        "crop less, or scale the picture first",
        smaller_crop,
    ),
    rule(
        r"Padded dimensions cannot be smaller than input dimensions",
        "pad makes pictures larger, and this one is larger already",
        "scale it down first",
        fitted,
    ),
    rule(
        r"Picture size 0x0 is invalid",
        "Nothing says how large the pictures are",
        "give -video_size and -framerate before -i",
    ),
    rule(
        r"Picture size (\S+) is invalid",
        r"Pictures of \1 are too large",
        "scale them to less",
    ),
    rule(
        r"Either text, a valid file, a timecode or text source must be provided",
        "drawtext has nothing to write",
        "give it text=… or textfile={{in_…}}",
    ),
    rule(
        r"Both text and text file provided",
        "drawtext has text and a file, perhaps because a colon within the text ends it",
        "write the colon as \\: or put the text into single quotation marks",
    ),
    rule(
        r"Cannot find a valid font|Could not load font|Cannot load default font"
        r"|No font filename provided|Fontconfig error: Cannot load default config",
        "The font was not found",
        "declare a font file in input_files and write fontfile={{in_font}}",
    ),
    rule(
        r"Unable to parse (?:\"(\w+)\" )?option value \"([^\"]*)\"",
        r"'\2' is not a value that the option takes",
        "check its spelling",
    ),
    rule(
        r"Undefined constant or missing '\(' in '(.*)'",
        r"The expression '\1' uses a name that means nothing here",
        "use names such as iw, ih, w, h, t or n",
        variable,
    ),
)
