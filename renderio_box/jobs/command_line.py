"""FFmpeg command strings: splitting, placeholders, and what can be refused beforehand.

A command is split first and its placeholders are bound afterwards, argument by
argument, so that no name or URL can ever add an argument.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from renderio_box.errors import BoxError, ErrorCode
from renderio_box.jobs.files import is_playlist
from renderio_box.jobs.policy import OutsideError, refuse_outside
from renderio_box.jobs.words import UnclosedQuoteError, shortened, split_words

MAX_ALIASES: Final = 64
MAX_ALIAS_LENGTH: Final = 64
MAX_FILE_NAME_LENGTH: Final = 128
PLAYLIST_ENDINGS: Final = (".m3u8", ".mpd")

PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
ANY_FORM: Final = re.compile(
    r"(?:\\?\{){2}\s*([A-Za-z0-9_]+)\s*(?:\\?\}){2}|<<\s*((?:in|out)_[A-Za-z0-9_]+)\s*>>"
)
SINGLE_BRACES: Final = re.compile(r"(?<!\{)\\?\{\s*((?:in|out)_[A-Za-z0-9_]+)\s*\\?\}(?!\})")
ALIAS: Final = re.compile(r"(?:in|out)_[A-Za-z0-9_]+")
FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.[A-Za-z0-9_-]+")


class InvalidCommandError(BoxError):
    """The command, or the files it is to work on, cannot be run as written."""

    code = ErrorCode.INVALID_COMMAND

    def __init__(self, message: str, *, loc: tuple[str, ...] = ("ffmpeg_command",)) -> None:
        super().__init__(message, loc=loc)


def parse(command: str) -> tuple[str, ...]:
    """Split ``command`` into FFmpeg's arguments, every placeholder written ``{{alias}}``.

    Raises:
        InvalidCommandError: A quotation mark is left open, a placeholder has single
            braces, nothing is left to run, or an argument names what lies outside.
    """
    if "\0" in command:
        raise InvalidCommandError("ffmpeg_command holds a NUL character; remove it.")
    text = normalized(command)
    if single := SINGLE_BRACES.search(text):
        raise InvalidCommandError(
            f"ffmpeg_command has {{{single[1]}}} in single braces; write {{{{{single[1]}}}}}."
        )
    try:
        words = split_words(text)
    except UnclosedQuoteError as error:
        raise InvalidCommandError(str(error)) from error
    if words and words[0] == "ffmpeg":
        words = words[1:]
    if not words:
        raise InvalidCommandError("ffmpeg_command is empty; write FFmpeg's arguments.")
    try:
        refuse_outside(words)
    except OutsideError as error:
        raise InvalidCommandError(str(error)) from error
    return tuple(words)


def normalized(text: str) -> str:
    """Return ``text`` with every placeholder written ``{{alias}}``, whatever its form was."""
    return ANY_FORM.sub(lambda match: f"{{{{{match[1] or match[2]}}}}}", text)


def placeholder_of(text: str) -> str | None:
    """Return the alias when ``text`` is one placeholder and nothing else."""
    match = PLACEHOLDER.fullmatch(text)
    return None if match is None else match[1]


def placeholders(arguments: Iterable[str]) -> frozenset[str]:
    """Return every alias that the arguments refer to."""
    return frozenset(alias for word in arguments for alias in PLACEHOLDER.findall(word))


def bind(arguments: Iterable[str], paths: Mapping[str, str]) -> tuple[str, ...]:
    """Return ``arguments`` with file paths in place of aliases, one word for one word.

    Raises:
        KeyError: An argument refers to an alias that ``paths`` lacks.
    """
    return tuple(bind_text(word, paths) for word in arguments)


def bind_text(text: str, paths: Mapping[str, str]) -> str:
    """Return ``text`` with paths in place of aliases; KeyError when one is missing."""
    return PLACEHOLDER.sub(lambda match: paths[match[1]], text)


def check_aliases(inputs: Iterable[str], outputs: Mapping[str, str] | None) -> None:
    """Refuse aliases and output file names that break the contract's rules.

    ``outputs`` None means that everything the command writes is wanted.

    Raises:
        InvalidCommandError: Names the field at fault and the rule.
    """
    for alias in inputs:
        check_alias(alias, prefix="in_", field="input_files")
    if outputs is None:
        return
    if not outputs:
        raise InvalidCommandError(
            "output_files is empty; declare at least one output.", loc=("output_files",)
        )
    taken: dict[str, str] = {}
    for alias, name in outputs.items():
        check_alias(alias, prefix="out_", field="output_files")
        check_file_name(name, alias=alias)
        if other := taken.get(name):
            raise InvalidCommandError(
                f"{other} and {alias} are both called {name}; give them different names.",
                loc=("output_files", alias),
            )
        taken[name] = alias


def check_alias(alias: str, *, prefix: str, field: str) -> None:
    """Refuse a key that is not an alias of the right kind."""
    fits = alias.startswith(prefix) and ALIAS.fullmatch(alias)
    if not fits or len(alias) > MAX_ALIAS_LENGTH:
        raise InvalidCommandError(
            f"{shortened(alias)} is not a valid key of {field}: it must be {prefix} followed by"
            f" letters, digits or underscores, at most {MAX_ALIAS_LENGTH} characters in all.",
            loc=(field, alias),
        )


def check_file_name(name: str, *, alias: str) -> None:
    """Refuse an output name that is not a bare file name with an extension."""
    if not FILE_NAME.fullmatch(name) or len(name) > MAX_FILE_NAME_LENGTH:
        raise InvalidCommandError(
            f"{shortened(name)} is not a valid output name: use a bare name with an extension,"
            f" such as clip.mp4, of letters, digits, dots, dashes and underscores, not starting"
            f" with a dot or a dash, at most {MAX_FILE_NAME_LENGTH} characters.",
            loc=("output_files", alias),
        )
    if is_playlist(alias) and not name.lower().endswith(PLAYLIST_ENDINGS):
        raise InvalidCommandError(
            f"{alias} is a playlist, so its name must end in {' or '.join(PLAYLIST_ENDINGS)}.",
            loc=("output_files", alias),
        )


def check_use(
    used: frozenset[str],
    *,
    inputs: Iterable[str],
    outputs: Iterable[str],
    allow_unused_inputs: bool,
) -> None:
    """Refuse undeclared placeholders and declared files that nothing uses.

    Raises:
        InvalidCommandError: Names every alias at fault.
    """
    declared_inputs, declared_outputs = frozenset(inputs), frozenset(outputs)
    if undeclared := used - declared_inputs - declared_outputs:
        raise InvalidCommandError(
            f"ffmpeg_command uses {listed(undeclared)}, which input_files and output_files"
            " do not declare."
        )
    if unused := declared_outputs - used:
        raise InvalidCommandError(
            f"ffmpeg_command never uses {listed(unused)} of output_files.",
            loc=("output_files", min(unused)),
        )
    if (unused := declared_inputs - used) and not allow_unused_inputs:
        raise InvalidCommandError(
            f"ffmpeg_command never uses {listed(unused)} of input_files.",
            loc=("input_files", min(unused)),
        )


def listed(aliases: Iterable[str]) -> str:
    """Return the aliases as placeholders in a sentence."""
    return ", ".join(f"{{{{{shortened(alias)}}}}}" for alias in sorted(aliases))
