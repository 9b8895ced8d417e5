"""The command policy against the published corpora, where they are."""

import re
from pathlib import Path

import pytest

from renderio_box.jobs.command_line import InvalidCommandError, parse
from renderio_box.jobs.invocation import adapt
from tests.builders import BUILD
from tests.media.corpus import OURS, PUBLISHED, Row, rows

REACHING = frozenset(
    {
        *("file-read", "filter-file-read", "option-file-read", "file-write"),
        *("ssrf", "listen", "code-exec", "device"),
    }
)
"""Kinds of attack that a command itself can show."""
LEFT_TO_THE_SANDBOX = frozenset(
    {
        # The command is innocent, its input is not.
        *("concat-demux-safe1-abs", "code-avisynth-autoprobe"),
        # Honest commands set the same options for lists that they made themselves.
        *("concat-demux-http", "hls-ext-all", "hls-key-ext-all", "sdp-input-whitelist"),
        # The name that leads outside stands in the input.
        "out-dump-attachment-name",
        # A declared file, handed to a filter that is made for it.
        "code-opencl-kernel",
    }
)
STANDS_FOR = {"HTTP": "http://127.0.0.1:1", "TCP": "1", "UDP": "1", "LPORT": "1", "PPID": "1"}
MARK = re.compile(r"\$\{(\w+)\}")
NAMED_PLACEHOLDER = re.compile(r"\{\{((?:in|out)_[^}]*)\}\}")

ATTACKS = [
    row for row in rows(Path(PUBLISHED).with_name("attacks.jsonl")) if row["kind"] in REACHING
]
HONEST = [*rows(OURS), *rows(PUBLISHED)]


def written(row: Row) -> str:
    """Return the row's command with absolute paths where it has marks, and with our aliases."""
    text = MARK.sub(lambda mark: STANDS_FOR.get(mark[1], f"/srv/{mark[1]}"), row["ffmpeg_command"])
    return NAMED_PLACEHOLDER.sub(
        lambda match: f"{{{{{re.sub(r'[^A-Za-z0-9_]', '_', match[1])}}}}}", text
    )


@pytest.mark.skipif(not ATTACKS, reason="the published attacks are not here")
def test_every_recognisable_attack_is_refused_and_no_other() -> None:
    passed: set[str] = set()
    for row in ATTACKS:
        try:
            adapt(parse(written(row)), BUILD)
        except InvalidCommandError:
            continue
        passed.add(row["id"])

    assert passed == LEFT_TO_THE_SANDBOX


@pytest.mark.parametrize("row", HONEST, ids=lambda row: row["id"])
def test_no_honest_command_is_refused(row: Row) -> None:
    commands = row["command"] if isinstance(row["command"], list) else [row["command"]]

    assert all(parse(command) for command in commands)
