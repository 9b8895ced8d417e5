"""Filter graphs as FFmpeg reads them: which filters, with which arguments.

Two of FFmpeg's three levels of quoting are undone here: that of the graph, which keeps
filters apart, and that of one filter's argument list. The third, such as the expansion of
``drawtext``, belongs to each filter.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

BLANKS: Final = " \n\t\r"
ENDS_OF_NAME: Final = "=,;["
ENDS_OF_ARGUMENTS: Final = "[],;"
KEY_MARKS: Final = "-_/."


class Argument(msgspec.Struct, frozen=True):
    """One ``key=value``; the key is empty where the value's place says what it means."""

    key: str
    value: str


class Filter(msgspec.Struct, frozen=True):
    """One filter of a graph, by the name of its kind."""

    name: str
    arguments: tuple[Argument, ...]


def filters_in(graph: str) -> Iterator[Filter]:
    """Yield every filter of a graph; what FFmpeg would not understand is passed over."""
    at = 0
    while at < len(graph):
        if graph[at] == "[":
            at = after(graph, "]", at)
        elif graph[at] in BLANKS or graph[at] in "],;=":
            at += 1
        else:
            name, at = token(graph, at, ENDS_OF_NAME)
            text = ""
            if graph[at : at + 1] == "=":
                text, at = token(graph, at + 1, ENDS_OF_ARGUMENTS)
            yield Filter(name.partition("@")[0].strip(), tuple(arguments_in(text)))


def arguments_in(text: str, *, separator: str = ":") -> Iterator[Argument]:
    """Yield the parts of a list such as ``clip.mp4:loop=0:s=1``."""
    at = 0
    while at < len(text):
        key, at = key_at(text, at)
        value, at = token(text, at, separator)
        yield Argument(key, value)
        at += 1


def names_in(text: str, *, separator: str) -> Iterator[str]:
    """Yield the unquoted parts of a list of names, such as ``a.ts|b.ts``."""
    at = 0
    while at < len(text):
        name, at = token(text, at, separator)
        yield name
        at += 1


def key_at(text: str, at: int) -> tuple[str, int]:
    """Return the key that stands here and where its value begins; no key, no move."""
    start = skipped(text, at)
    end = start
    while end < len(text) and is_key_character(text[end]):
        end += 1
    equals = skipped(text, end)
    if end == start or text[equals : equals + 1] != "=":
        return "", at
    return text[start:end], equals + 1


def is_key_character(char: str) -> bool:
    """Tell whether the character may stand in a key."""
    return (char.isascii() and char.isalnum()) or char in KEY_MARKS


def token(text: str, at: int, ends: str) -> tuple[str, int]:
    """Return the text up to one of ``ends``, unquoted, and where that is.

    Blanks around it go; a backslash takes the next character as it is, single quotes all
    that they enclose. A quotation that is never closed reaches to the end.
    """
    pieces: list[str] = []
    kept = 0
    at = skipped(text, at)
    while at < len(text) and text[at] not in ends:
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            pieces.append(text[at])
            at, kept = at + 1, len(pieces)
        elif char == "'":
            end = text.find("'", at)
            pieces.extend(text[at:] if end < 0 else text[at:end])
            at = len(text) if end < 0 else end + 1
            kept = kept if end < 0 else len(pieces)
        else:
            pieces.append(char)
    return "".join(pieces[:kept]) + "".join(pieces[kept:]).rstrip(BLANKS), at


def skipped(text: str, at: int) -> int:
    """Return where the blanks that begin here end."""
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at


def after(text: str, char: str, at: int) -> int:
    """Return where ``char`` has been passed, the end when it does not come."""
    found = text.find(char, at)
    return len(text) if found < 0 else found + 1
