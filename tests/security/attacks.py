"""Attacks that are kept in files, one a line: our own, and the published ones where they are."""

import json
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.media.corpus import PUBLISHED as PUBLISHED_COMMANDS

OURS: Final = Path(__file__).with_name("attacks.jsonl")
PUBLISHED: Final = PUBLISHED_COMMANDS.with_name("attacks.jsonl")
BY_COMMAND: Final = frozenset(
    {
        *("file-read", "media-file-read", "filter-file-read", "option-file-read", "file-write"),
        *("ssrf", "media-ssrf", "listen", "code-exec", "device"),
    }
)
"""Kinds of attack that one FFmpeg command makes."""
COMPILER: Final = shutil.which("cc")
BOMB: Final = "resource-bomb"

MARK: Final = re.compile(r"\$\{(\w+)\}")
PLACEHOLDER: Final = re.compile(r"\{\{(in|out)_([^}]+)\}\}")
PUBLISHED_MARKS: Final = {
    "SECRETDIR": "SECRETS",
    "OTHERMP4": "OTHER",
    "OTHERPNG": "PICTURE",
    "HTTP": "WEB",
    "PPID": "APPLIANCE",
    "USOCK": "SOCKET",
    "LPORT": "LISTEN",
}
PUBLISHED_FILES: Final = {
    "list_plain.txt": "paths.txt",
    "concat_abs.txt": "absolute.txt",
    "concat_http.txt": "web.txt",
    "hls_othermp4.mp4": "disguised.mp4",
    "hls_secret.m3u8": "plain.m3u8",
    "hls_key.m3u8": "key.m3u8",
    "hls_map.m3u8": "map.m3u8",
    "hls_http.m3u8": "web.m3u8",
    "dash_file.mpd": "base.mpd",
    "dash_http.mpd": "web.mpd",
    "evil.sdp": "session.sdp",
    "evil.svg": "image.svg",
    "evil.idx": "index.idx",
    "cpl.xml": "composition.xml",
    "ok.srt": "subtitles.srt",
    "evil": "plugin",
    "attach_trav.mkv": "travelling.mkv",
    "k.cl": "kernel.cl",
    "x.avs": "script.avs",
    "video.mp4": "clip.mp4",
}
"""What the published attacks call places and files that our laboratory has too."""
NO_ALIAS: Final = re.compile(r"[^A-Za-z0-9_]")


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """One attack; its command has marks for places of the laboratory, and placeholders.

    ``sees`` is what the oracle sees of it at least when FFmpeg 5.1 runs it without walls;
    one that is ``never_bare`` is not run without walls, because it names the machine itself.
    ``passes`` tells that the command policy leaves it to the sandbox, None that nobody said.
    ``ends`` are statuses of a bomb. ``what`` tells an attack without a command, ``shown_by`` the tests that make it.
    """

    id: str
    kind: str
    command: str = ""
    what: str = ""
    sees: frozenset[str] = frozenset()
    needs: str = ""
    never_bare: bool = False
    passes: bool | None = False
    ends: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()

    def words(self, marks: Mapping[str, str], inputs: Path, outputs: Path) -> list[str]:
        """Return FFmpeg's arguments with absolute paths in place of placeholders."""

        def path(match: re.Match[str]) -> str:
            return str((inputs if match[1] == "in" else outputs) / file_name(match[2]))

        return [PLACEHOLDER.sub(path, word) for word in shlex.split(marked(self.command, marks))]

    def request(self, marks: Mapping[str, str], file_ids: Mapping[str, str]) -> dict[str, Any]:
        """Return the body that submits the command; files are known by their names."""
        files = {alias(*found): file_name(found[1]) for found in PLACEHOLDER.findall(self.command)}
        outputs = {key: name for key, name in files.items() if key.startswith("out_")}
        command = PLACEHOLDER.sub(
            lambda match: f"{{{{{alias(match[1], match[2])}}}}}", marked(self.command, marks)
        )
        if any("%" in name for name in outputs.values()):  # no single file has such a name
            for key, name in outputs.items():
                command = command.replace(f"{{{{{key}}}}}", name)
            outputs = {}
        return {
            "ffmpeg_command": command,
            "input_files": {
                key: file_ids[name] for key, name in files.items() if key.startswith("in_")
            },
            "output_files": outputs or "OUTPUT_FOLDER",
        }


def marked(text: str, marks: Mapping[str, str]) -> str:
    """Return ``text`` with places of the laboratory in place of marks."""
    return MARK.sub(lambda match: marks[match[1]], text)


def alias(direction: str, name: str) -> str:
    """Return the alias of a placeholder."""
    return f"{direction}_{NO_ALIAS.sub('_', name)}"


def file_name(name: str) -> str:
    """Return the file that a placeholder stands for: ``clip_mp4`` is ``clip.mp4``."""
    stem, line, ending = name.rpartition("_")
    return f"{stem}.{ending}" if line else name


def our_attacks() -> list[Attack]:
    """Return every attack of our own."""
    return [msgspec.json.decode(line, type=Attack) for line in OURS.read_bytes().splitlines()]


def published_attacks() -> list[Attack]:
    """Return every published attack, none where they are not."""
    if not PUBLISHED.exists():
        return []
    rows = [json.loads(line) for line in PUBLISHED.read_text().splitlines()]
    return [
        Attack(
            id=row["id"],
            kind=row["kind"],
            command=translated(row["ffmpeg_command"]),
            what=row["input_description"],
            never_bare=row["kind"] == "device",
            passes=None,
        )
        for row in rows
    ]


def translated(command: str) -> str:
    """Return a published command with our names of places and files."""

    def ours(match: re.Match[str]) -> str:
        name = PUBLISHED_FILES.get(match[2], match[2])
        return f"{{{{{match[1]}_{'_'.join(name.rsplit('.', 1))}}}}}"

    named = MARK.sub(lambda mark: f"${{{PUBLISHED_MARKS.get(mark[1], mark[1])}}}", command)
    return PLACEHOLDER.sub(ours, named.replace("/evil.so", "/plugin.so"))


def by_command(attacks: Iterable[Attack]) -> list[Attack]:
    """Return the attacks that one command makes and that can be made here."""
    return [
        attack
        for attack in attacks
        if attack.kind in BY_COMMAND and (attack.needs != "compiler" or COMPILER is not None)
    ]


OUR_ATTACKS: Final = our_attacks()
PUBLISHED_ATTACKS: Final = published_attacks()
corpora: Final = pytest.mark.parametrize(
    "attacks",
    [
        pytest.param(by_command(OUR_ATTACKS), id="ours"),
        pytest.param(
            by_command(PUBLISHED_ATTACKS),
            id="published",
            marks=pytest.mark.skipif(not PUBLISHED_ATTACKS, reason="they are not here"),
        ),
    ],
)
