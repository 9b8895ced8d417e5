"""A box and small media for everything in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.stand_ins import make_stand_ins
from tests.running_box import RunningBox, running_box


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that runs as long as the tests do, and keeps 64 KiB of each log."""
    data = tmp_path_factory.mktemp("media") / "data"
    with running_box(data, RENDERIO_JOBS_LOG_KBYTES="64") as box:
        yield box


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of small media."""
    return make_stand_ins(tmp_path_factory.mktemp("stand_ins"))
