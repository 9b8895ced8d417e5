"""Code blocks of our own pages, run as a reader would paste them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running_box import PATIENCE_S, RunningBox

needs_curl_and_jq = pytest.mark.skipif(
    not shutil.which("jq") or not shutil.which("curl"), reason="needs curl and jq"
)


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of that language in a page of Markdown."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def pasted(command: list[str], box: RunningBox, key: str, directory: Path) -> str:
    """Run the command with the box's address and key in its environment."""
    finished = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | {"BOX": box.url, "KEY": key},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
