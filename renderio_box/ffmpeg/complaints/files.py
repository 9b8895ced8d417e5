"""Inputs and other files: not there, not media, cut off, or out of reach."""

import re
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, doing, rule
from renderio_box.jobs.command_line import placeholders
from renderio_box.jobs.correction import inputs_of, outputs_of, with_added
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.options import Item, Role, items

OPENED: Final = re.compile(
    r"Error opening input file (?P<later>.*?)\.$|^(?P<earlier>[^[\s].*?): (?:Invalid data|No such file)",
    re.MULTILINE,
)
NUMBERED: Final = re.compile(r"^\[in#(\d+)", re.MULTILINE)
OUTSIDE: Final = "declare it in input_files as in_… and write {{in_…}} in its place"


def blamed(log: str, asked: Asked) -> str:
    """Return what the caller calls the input that could not be opened."""
    opened = OPENED.search(log)
    if opened is not None:
        return asked.named(opened["later"] or opened["earlier"])
    sources = inputs_of(asked.words)
    numbered = NUMBERED.search(log)
    place = int(numbered[1]) if numbered else 0
    return sources[place].value if place < len(sources) else "An input"


def cut_off(match: re.Match[str], asked: Asked) -> Advice:
    """Name the input whose index is missing."""
    return Advice(
        says=f"{blamed(match.string, asked)} is cut off, or is not the MP4 that its name says:"
        " it has no index (moov)"
    )


def no_media(match: re.Match[str], asked: Asked) -> Advice:
    """Name the input that is none."""
    return Advice(says=f"{blamed(match.string, asked)} is not media that FFmpeg can read")


def not_there(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell inputs that are not declared from folders that are not there and steps that failed."""
    path = match["earlier"] or match["later"]
    name = asked.named(path)
    if name.startswith("{{"):
        return Advice(
            says=f"{name} was not written by an earlier step", remedy="check what that step writes"
        )
    if any(item.value == path for item in outputs_of(asked.words)):
        return Advice(
            says=f"'{path[:60]}' cannot be written, because there is no such folder",
            remedy="write to a bare file name",
        )
    return undeclared(path, asked)


def undeclared(path: str, asked: Asked) -> Advice | None:
    """Put the one input that the command declares and does not use in the place of a name."""
    if all(item.value != path for item in inputs_of(asked.words)):
        return None
    says = f"'{path[:60]}' is not among this command's files, whose names are placeholders"
    spare = sorted(
        alias
        for alias in asked.paths
        if alias.startswith("in_") and alias not in placeholders(asked.words)
    )
    if len(spare) != 1:
        return Advice(says=says)
    words = tuple(
        word
        for item in items(asked.words)
        for word in (given(item, spare[0]) if item.value == path else item.words)
    )
    return Advice(says=says, remedy=f"write {{{{{spare[0]}}}}} in its place", words=words)


def given(item: Item, alias: str) -> tuple[str, ...]:
    """Return the input's words with a placeholder for its file."""
    return (*item.words[:-1], f"{{{{{alias}}}}}") if item.role is Role.INPUT else item.words


def trusted(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words so that a list may name any file of the command."""
    return with_added(words, ("-safe", "0"), Role.INPUT)


def missing_file(match: re.Match[str], asked: Asked) -> Advice | None:
    """Name the file that a filter or option reads."""
    name = next((group for group in match.groups() if group), "")
    if not name:
        return None
    return Advice(says=f"{asked.named(name)} is not there to be read")


RULES: Final = (
    rule(
        r"Protocol '(\w+)' not on whitelist",
        r"An input refers to something that would be fetched by \1, which a command cannot do",
        "give its URL in input_files, where the box fetches it",
        status=ErrorStatus.INPUT_REFUSED,
    ),
    rule(
        r"Unsafe file name '([^']*)'",
        "A list for -f concat names a file by a path",
        "add -safe 0 before its -i",
        doing(trusted),
    ),
    rule(
        r"Impossible to open '([^']*)'",
        "A list for -f concat names a file that is not there",
        "name files in the list by {{in_…}} placeholders",
        missing_file,
    ),
    rule(
        r"Could find no file (?:or sequence )?with path '([^']*)'",
        r"There are no pictures called '\1'",
        "send them as one zip in input_compressed_folder",
    ),
    rule(
        r"Could not open file : (.*[*?].*)",
        r"There are no files called '\1'",
        "send them as one zip in input_compressed_folder",
    ),
    rule(
        r"Unable to open (\S+)$|Failed to avformat_open_input '([^']*)'|ass_read_file\((.*)\): fopen"
        r"|The text file '([^']*)' could not be read|Could not open attachment file (.*)\.$"
        r"|^\[Parsed_\w+\] (?:\[FILE\] Cannot read file ')?([^:'\n]+)'?: No such file",
        "A file that the command reads is not there",
        OUTSIDE,
        missing_file,
    ),
    rule(
        r"Protocol not found",
        "An input's name begins like a URL that FFmpeg does not know",
        OUTSIDE,
    ),
    rule(
        r"moov atom not found",
        "An input is cut off",
        "check that its URL gives the whole file",
        cut_off,
    ),
    rule(
        r"Error opening input file (?P<later>.*)\.\nError opening input files: No such file"
        r"|^(?:\[out#\d+[^]]*\] Error opening output )?(?P<earlier>[^[\s].*?): No such file or directory",
        "A file is not there",
        OUTSIDE,
        not_there,
    ),
    rule(
        r"EBML header parsing failed",
        "An input is not the Matroska or WebM file that its name says",
        "check that its URL gives the file itself and not a page about it",
        no_media,
    ),
    rule(
        r"Permission denied|Read-only file system",
        "The command wants to write where it may not",
        "write to a bare file name",
    ),
    rule(
        r"Invalid data found when processing input",
        "An input is not media that FFmpeg can read",
        "check that its URL gives the file itself and not a page about it",
        no_media,
    ),
)
