"""A box and a clip for everything in this folder."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.running_box import RunningBox, cli, running_box

CLIP: Final = Path(__file__).parents[2] / "renderio_box" / "assets" / "bbb-720p-5s.mp4"


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that runs as long as the tests do."""
    with running_box(tmp_path_factory.mktemp("acceptance") / "data") as box:
        yield box


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of video with a blank in its name."""
    path = tmp_path_factory.mktemp("clips") / "my clip.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=1")
    subprocess.run(["ffmpeg", "-v", "error", *source, str(path)], check=True)
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a clip.mp4 of five seconds, for those who paste examples."""
    shutil.copy(CLIP, tmp_path / "clip.mp4")
    return tmp_path


@pytest.fixture
def key(box: RunningBox, request: pytest.FixtureRequest) -> str:
    """A key of the test's own with the usual scopes."""
    name = "".join(char if char.isalnum() else "-" for char in request.node.name)
    return cli("keys", "add", name, "--data", box.data).stdout.strip()
