"""A box and a clip for everything in this folder."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_box import RunningBox, running_box


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
