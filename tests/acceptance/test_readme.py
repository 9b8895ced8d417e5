"""The README's examples, run as a reader would paste them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.running_box import RunningBox, cli

ROOT: Final = Path(__file__).parents[2]
CLIP: Final = ROOT / "renderio_box" / "assets" / "bbb-720p-5s.mp4"
LIMIT_S: Final = 60


def example(language: str, containing: str) -> str:
    """Return the one block of that language that has ``containing`` in it."""
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    (found,) = [block for block in blocks if containing in block]
    return str(found)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(CLIP, tmp_path / "clip.mp4")
    return tmp_path


@pytest.fixture
def key(box: RunningBox, request: pytest.FixtureRequest) -> str:
    return cli("keys", "add", request.node.name, "--data", box.data).stdout.strip()


def pasted(command: list[str], box: RunningBox, key: str, directory: Path) -> str:
    finished = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | {"BOX": box.url, "KEY": key},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.timeout(90)
@pytest.mark.skipif(not shutil.which("jq") or not shutil.which("curl"), reason="needs curl and jq")
def test_the_curl_example_fetches_a_smaller_clip(
    box: RunningBox, key: str, directory: Path
) -> None:
    script = example("sh", "run-ffmpeg-command")

    pasted(["sh", "-euc", script], box, key, directory)

    assert (directory / "small.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.timeout(90)
def test_the_python_example_prints_where_its_thumbnail_is(
    box: RunningBox, key: str, directory: Path
) -> None:
    script = example("python", "httpx")

    printed = pasted([sys.executable, "-c", script], box, key, directory)

    assert box.download(printed.strip()).startswith(b"\xff\xd8")


@pytest.mark.timeout(90)
@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_javascript_example_prints_where_its_clip_is(
    box: RunningBox, key: str, directory: Path
) -> None:
    (directory / "example.mjs").write_text(example("js", "run-ffmpeg-command"))

    printed = pasted(["node", "example.mjs"], box, key, directory)

    assert box.download(printed.strip())[4:8] == b"ftyp"
