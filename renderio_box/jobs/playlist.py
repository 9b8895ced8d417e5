"""Which files a playlist names: HLS (.m3u8) and DASH (.mpd).

Only references that a player would resolve beside the playlist count: those with a
host, a scheme or a leading slash lead elsewhere and are left alone. The expressions
here read what a command wrote, so none of them goes back over what it has read.
"""

import html
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from renderio_box.jobs.file_types import extension_of

MAX_TEMPLATES: Final = 64
MAX_REPRESENTATIONS: Final = 256

URI: Final = re.compile(r'[:,]\s*URI="([^"]*)"')
ATTRIBUTE: Final = re.compile(
    r"(?<![\w:-])(?:media|initialization|sourceURL)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
)
BASE_URL: Final = re.compile(r"<BaseURL\b[^<>]*>([^<]*)<")
REPRESENTATION: Final = re.compile(r"<Representation\b[^<>]*?\sid\s*=\s*[\"']([^\"'<>]*)[\"']")
IDENTIFIER: Final = re.compile(
    r"\$(?:(RepresentationID|Number|Time|Bandwidth|SubNumber)(?:%0([0-9]{1,2})d)?)?\$"
)


class UnusablePlaylistError(Exception):
    """The playlist cannot be followed; the text is what it does, as the end of a sentence."""


class Named(msgspec.Struct, frozen=True):
    """What a playlist names: paths as they are, and patterns that paths match whole.

    All are relative to the directory that the first playlist is in. A path may lead out
    of it, but is then none of a file in it.
    """

    paths: frozenset[str]
    patterns: tuple[re.Pattern[str], ...] = ()

    def among(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of ``paths`` that a pattern matches."""
        return frozenset(
            path for path in paths if any(pattern.fullmatch(path) for pattern in self.patterns)
        )


def named_by(text: str, *, at: str) -> Named:
    """Read a playlist whose own path is ``at``.

    Raises:
        UnusablePlaylistError: It is more involved than any that FFmpeg writes.
    """
    if extension_of(at) == "mpd":
        return named_by_dash(text, at=at)
    return Named(frozenset(literal_paths(hls_references(text), at=at)))


def hls_references(text: str) -> Iterator[str]:
    """Yield every line that names a file, and the address in every tag that has one."""
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith("#EXT"):
            yield from URI.findall(stripped)
        elif stripped and not stripped.startswith("#"):
            yield stripped


def named_by_dash(text: str, *, at: str) -> Named:
    """Read an MPD: whole names, and templates of names for each of its representations."""
    found = {html.unescape(double or single) for double, single in ATTRIBUTE.findall(text)}
    found |= {html.unescape(url).strip() for url in BASE_URL.findall(text)}
    templates = sorted(reference for reference in found if IDENTIFIER.search(reference))
    representations = sorted({html.unescape(each) for each in REPRESENTATION.findall(text)})
    if len(templates) > MAX_TEMPLATES or len(representations) > MAX_REPRESENTATIONS:
        raise UnusablePlaylistError(
            f"has more than {MAX_TEMPLATES} templates or {MAX_REPRESENTATIONS} representations"
        )
    return Named(
        # A base that ends in a slash is a folder, and no file.
        frozenset(
            literal_paths((each for each in found - {*templates} if each[-1:] != "/"), at=at)
        ),
        tuple(
            pattern_of(joined(at, parts.path), representations)
            for template in templates
            if (parts := beside(template)) is not None
        ),
    )


def literal_paths(references: Iterable[str], *, at: str) -> Iterator[str]:
    """Yield where references lead that stand in the playlist at ``at``."""
    for reference in references:
        if (parts := beside(reference)) is not None:
            yield joined(at, unquote(parts.path))


def joined(at: str, path: str) -> str:
    """Return a path that is relative to the playlist at ``at`` as one like ``at`` itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(at), path))


def beside(reference: str) -> SplitResult | None:
    """Return a reference in parts when a player resolves it beside the playlist."""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return None
    leads_elsewhere = parts.scheme or parts.netloc or parts.path.startswith("/")
    return None if leads_elsewhere or not parts.path else parts


def pattern_of(template: str, representations: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of all names that a DASH template stands for.

    An identifier that stands twice means the same both times.
    """
    expressions = {"RepresentationID": "|".join(map(re.escape, representations)) or "(?!)"}
    pattern, at = "", 0
    for match in IDENTIFIER.finditer(template):
        pattern += re.escape(unquote(template[at : match.start()]))
        at = match.end()
        name, width = match[1], int(match[2] or 1)
        if name is None:
            pattern += re.escape("$")
        elif f"(?P<{name}>" in pattern:
            pattern += f"(?P={name})"
        else:
            pattern += f"(?P<{name}>{expressions.get(name, f'[0-9]{{{width},}}+')})"
    return re.compile(pattern + re.escape(unquote(template[at:])))
