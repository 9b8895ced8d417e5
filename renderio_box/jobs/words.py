"""Splitting a command string into words the way people write FFmpeg commands."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

FILTER_OPTION: Final = re.compile(
    r"-(?:vf|af|filter|filter:.*|filter_complex|lavfi)", flags=re.DOTALL
)
BLANKS: Final = frozenset(" \t\r\n")
ESCAPED_IN_DOUBLE_QUOTES: Final = frozenset('"\\$`')
PLAIN_WORD: Final = re.compile(r"[\w@%+=:,./{}?*-]+")


class UnclosedQuoteError(ValueError):
    """A quotation mark is opened and never closed, or the text ends in a backslash."""


def split_words(text: str) -> list[str]:
    r"""Split like a POSIX shell, without expansion of any kind.

    One exception: in the value of a filter option, single quotes and backslashes
    that begin inside an unquoted word are kept, because FFmpeg unquotes them
    itself: ``-vf select='lte(n\,1)'`` stays whole.

    Raises:
        UnclosedQuoteError: Says which quotation mark has no partner.
    """
    words: list[str] = []
    scanner = Scanner(text)
    while scanner.skip_blanks():
        is_filter = bool(words) and FILTER_OPTION.fullmatch(words[-1]) is not None
        words.append(scanner.word(is_filter=is_filter))
    return words


def joined_words(words: Iterable[str]) -> str:
    """Write a command string that is split into exactly these words again."""
    return " ".join(quoted(word) for word in words)


def quoted(word: str) -> str:
    """Return the word with quotation marks where it needs them."""
    if PLAIN_WORD.fullmatch(word):
        return word
    if "'" not in word:
        return f"'{word}'"
    escaped = "".join(f"\\{char}" if char in ESCAPED_IN_DOUBLE_QUOTES else char for char in word)
    return f'"{escaped}"'


def shortened(text: str) -> str:
    """Return ``text`` fit to stand in a sentence."""
    return repr(text[:60])[1:-1] if text else "(empty)"


class Scanner:
    """Reads one word after another from a command string."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def skip_blanks(self) -> bool:
        """Move to the next word; False when there is none."""
        while self._at < len(self._text):
            if self._text.startswith(("\\\n", "\\\r\n"), self._at):
                self._at = self._text.index("\n", self._at) + 1
            elif self._text[self._at] in BLANKS:
                self._at += 1
            else:
                return True
        return False

    def word(self, *, is_filter: bool) -> str:
        """Return the word that begins here, unquoted."""
        keeps_quotes = is_filter and self._text[self._at] not in "'\"\\"
        return "".join(self._pieces(keeps_quotes=keeps_quotes))

    def _pieces(self, *, keeps_quotes: bool) -> Iterator[str]:
        while self._at < len(self._text) and (char := self._text[self._at]) not in BLANKS:
            match char:
                case '"':
                    yield self._double_quoted()
                case "'":
                    quoted = self._single_quoted()
                    yield f"'{quoted}'" if keeps_quotes else quoted
                case "\\":
                    escaped = self._escaped()
                    yield f"\\{escaped}" if keeps_quotes and escaped else escaped
                case _:
                    self._at += 1
                    yield char

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise UnclosedQuoteError(self._complaint("a single quotation mark (')"))
        quoted = self._text[self._at + 1 : end]
        self._at = end + 1
        return quoted

    def _double_quoted(self) -> str:
        start = self._at
        self._at += 1
        pieces: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            follower = self._text[self._at + 1 : self._at + 2]
            if char == '"':
                self._at += 1
                return "".join(pieces)
            if self._text.startswith(("\\\n", "\\\r\n"), self._at):
                self._at = self._text.index("\n", self._at) + 1
            elif char == "\\" and follower in ESCAPED_IN_DOUBLE_QUOTES:
                pieces.append(follower)
                self._at += 2
            else:
                pieces.append(char)
                self._at += 1
        self._at = start
        raise UnclosedQuoteError(self._complaint('a double quotation mark (")'))

    def _escaped(self) -> str:
        """Return the character after a backslash; nothing for a continued line."""
        if self._text.startswith("\r\n", self._at + 1):
            self._at += 3
            return ""
        escaped = self._text[self._at + 1 : self._at + 2]
        if not escaped:
            raise UnclosedQuoteError("ffmpeg_command ends in a backslash; remove it.")
        self._at += 2
        return "" if escaped == "\n" else escaped

    def _complaint(self, what: str) -> str:
        rest = self._text[self._at : self._at + 30]
        return f"ffmpeg_command opens {what} and never closes it, at: {rest}"
