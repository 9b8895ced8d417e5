"""The README's examples, run as a reader would paste them."""

import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.pasting import blocks, needs_curl_and_jq, pasted
from tests.running_box import RunningBox

README: Final = Path(__file__).parents[2] / "README.md"


def example(language: str, containing: str) -> str:
    """Return the one block of that language that has ``containing`` in it."""
    (found,) = [block for block in blocks(README.read_text(), language) if containing in block]
    return found


@needs_curl_and_jq
def test_the_curl_example_fetches_a_smaller_clip(
    box: RunningBox, key: str, directory: Path
) -> None:
    script = example("sh", "run-ffmpeg-command")

    pasted(["sh", "-euc", script], box, key, directory)

    assert (directory / "small.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_python_example_prints_where_its_thumbnail_is(
    box: RunningBox, key: str, directory: Path
) -> None:
    script = example("python", "httpx")

    printed = pasted([sys.executable, "-c", script], box, key, directory)

    assert box.download(printed.strip()).startswith(b"\xff\xd8")


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_javascript_example_prints_where_its_clip_is(
    box: RunningBox, key: str, directory: Path
) -> None:
    (directory / "example.mjs").write_text(example("js", "run-ffmpeg-command"))

    printed = pasted(["node", "example.mjs"], box, key, directory)

    assert box.download(printed.strip())[4:8] == b"ftyp"
