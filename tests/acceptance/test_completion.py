"""What shells complete, asked of bash itself and of the others by their protocol."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.running_box import PROGRAM, cli, environment

ASKED = """
source /dev/stdin <<< "$(renderio-box completion bash)"
COMP_WORDS=({words}) COMP_CWORD={last}
{function} renderio-box "" ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A PATH on which the program is."""
    program = tmp_path / "renderio-box"
    program.write_text(f'#!/bin/sh\nexec {" ".join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("renderio-box ba", {"backup"}),
        ("renderio-box config ''", {"check", "show"}),
        ("renderio-box backup --f", {"--files"}),
        ("renderio-box completion f", {"fish"}),
    ],
)
def test_bash_completes(programs: str, words: str, expected: set[str]) -> None:
    script = ASKED.format(
        words=words, last=len(words.split()) - 1, function="_renderio_box_completion"
    )

    shown = subprocess.run(
        ["bash", "-c", script],
        env=environment(PATH=programs),
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(shown.stdout.split()) == expected, shown.stderr


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("zsh", {"COMP_WORDS": "renderio-box ba", "COMP_CWORD": "1"}),
        ("fish", {"COMP_WORDS": "renderio-box ba", "COMP_CWORD": "ba"}),
    ],
)
def test_other_shells_are_answered_as_they_ask(shell: str, words: dict[str, str]) -> None:
    script = cli("completion", shell)
    answered = cli(_RENDERIO_BOX_COMPLETE=f"{shell}_complete", **words)

    assert (script.returncode, f"{shell}_complete" in script.stdout) == (0, True)
    assert "backup" in answered.stdout


def test_a_shell_that_is_not_known_is_wrong_usage() -> None:
    assert cli("completion", "tcsh").returncode == 2
