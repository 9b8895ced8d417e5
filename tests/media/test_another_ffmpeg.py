"""Our commands on another build of FFmpeg, with no ffprobe to be found.

OTHER_FFMPEG=/opt/ffmpeg-9/ffmpeg python -m pytest tests/media
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.corpus import OURS, Row, expected, found, rows, submit_all
from tests.running_box import RunningBox, running_box

OTHER = os.environ.get("OTHER_FFMPEG", "")
OUR_ROWS = rows(OURS)
WITHIN_S = 60.0

pytestmark = [
    pytest.mark.skipif(not OTHER, reason="OTHER_FFMPEG names no other build"),
    pytest.mark.timeout(WITHIN_S),
]


@pytest.fixture(scope="module")
def other_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that runs the other build and finds nothing on its PATH."""
    data = tmp_path_factory.mktemp("other") / "data"
    with running_box(data, RENDERIO_FFMPEG_FFMPEG=OTHER, PATH=str(data)) as box:
        yield box


@pytest.fixture(scope="module")
def submitted(other_box: RunningBox, stand_ins: Path) -> dict[str, str]:
    """The id of every row's command."""
    return submit_all(other_box, OUR_ROWS, stand_ins)


@pytest.mark.parametrize("row", OUR_ROWS, ids=lambda row: row["id"])
def test_a_command_of_ours_makes_the_same_as_elsewhere(
    row: Row, other_box: RunningBox, submitted: dict[str, str]
) -> None:
    polled = other_box.finished(submitted[row["id"]], within_s=WITHIN_S)

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    assert found(row, polled) == expected(row)


def test_an_option_that_the_build_has_dropped_is_passed_under_its_present_name(
    other_box: RunningBox, submitted: dict[str, str]
) -> None:
    polled = other_box.finished(submitted["vsync"], within_s=WITHIN_S)

    [warning] = polled["warnings"]
    assert warning.startswith("-vsync was passed as -fps_mode cfr, because FFmpeg ")
