"""The machine's clock is corrected by a day while FFmpeg runs. A real process, real time."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.running_box import RunningBox, eventually, ffmpegs, running_box

DAY_S: Final = 86_400
LASTS_S: Final = 3
SLOW: Final = (
    f"-re -f lavfi -i testsrc2=size=64x36:rate=10:duration={LASTS_S} -metadata title={{marker}}"
    " {{{{out_video}}}}"
)
OUTPUTS: Final = {"out_video": "slow.mkv"}


@pytest.fixture(scope="module")
def correction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says by how many seconds the box's clock is wrong."""
    file = tmp_path_factory.mktemp("clock") / "seconds"
    file.write_text("0")
    return file


@pytest.fixture(scope="module")
def jumping(tmp_path_factory: pytest.TempPathFactory, correction: Path) -> Iterator[RunningBox]:
    program = (sys.executable, "-m", "tests.media.jumping_box", str(correction))
    data = tmp_path_factory.mktemp("jumping") / "data"
    settings = {"RENDERIO_JOBS_STALL_SECONDS": "5"}
    with running_box(data, program=program, **settings) as box:
        yield box


def during_a_jump(box: RunningBox, correction: Path, by_s: float) -> dict[str, Any]:
    """Run a command of some seconds and correct the clock in its midst."""
    marker = uuid4().hex
    command_id = box.submit(SLOW.format(marker=marker), OUTPUTS, max_command_run_seconds=30)
    eventually(lambda: ffmpegs(marker))
    correct(correction, by_s)
    polled = box.finished(command_id)
    assert ffmpegs(marker) == []
    return polled


def correct(correction: Path, by_s: float) -> None:
    wrong_by = float(correction.read_text()) + by_s
    new = correction.with_suffix(".new")
    new.write_text(str(wrong_by))
    new.replace(correction)


@pytest.mark.parametrize("by_s", [DAY_S, -2 * DAY_S], ids=["forward", "back"])
def test_a_command_during_which_the_clock_jumps_runs_once_and_to_its_end(
    jumping: RunningBox, correction: Path, by_s: float
) -> None:
    polled = during_a_jump(jumping, correction, by_s)

    assert (polled["status"], polled["error_message"], polled["attempt"]) == ("SUCCESS", None, 1)
    assert polled["output_files"]["out_video"]["duration"] == pytest.approx(LASTS_S, abs=0.2)
    assert 0 < polled["ffmpeg_command_run_seconds"] < DAY_S / 2
    assert polled["total_processing_seconds"] >= 0
    assert polled["created_at"] <= polled["started_at"] <= polled["finished_at"]


def test_a_box_that_was_killed_takes_its_command_up_again_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    correction, marker = tmp_path / "seconds", uuid4().hex
    correction.write_text("0")
    program = (sys.executable, "-m", "tests.media.jumping_box", str(correction))
    with running_box(tmp_path / "data", program=program) as box:
        command_id = box.submit(SLOW.format(marker=marker), OUTPUTS)
        eventually(lambda: ffmpegs(marker))
        box.process.kill()
        box.process.wait()
    correct(correction, -DAY_S)

    with running_box(tmp_path / "data", program=program) as box:
        polled = box.finished(command_id)

    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 2)
