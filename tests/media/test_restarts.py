"""Commands that outlive the box they began in."""

from pathlib import Path
from uuid import uuid4

import pytest

from renderio_box.jobs.transitions import MAX_INTERRUPTIONS
from tests.running_box import RunningBox, eventually, ffmpegs, running_box

LASTS_S = 3
LONG = f"-re -f lavfi -i testsrc2=size=64x36:rate=10:duration={LASTS_S} -metadata title="
OUTPUTS = {"out_video": "long.mkv"}


def start_long(box: RunningBox, marker: str) -> str:
    """Submit a command of some seconds and return its id once its FFmpeg runs."""
    command_id = box.submit(f"{LONG}{marker} {{{{out_video}}}}", OUTPUTS)
    eventually(lambda: ffmpegs(marker))
    return command_id


def test_ffmpeg_dies_with_a_box_that_is_killed(tmp_path: Path) -> None:
    marker = uuid4().hex

    with running_box(tmp_path / "data") as box:
        start_long(box, marker)
        box.process.kill()
        box.process.wait()

    assert eventually(lambda: not ffmpegs(marker))


def test_a_command_runs_again_after_its_box_was_killed(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = start_long(box, uuid4().hex)
        box.process.kill()
        box.process.wait()

    with running_box(tmp_path / "data") as box:
        polled = box.finished(command_id)

    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 2)
    assert polled["output_files"]["out_video"]["duration"] == pytest.approx(LASTS_S, abs=0.2)


def test_nothing_of_a_dead_attempt_is_left_in_the_workspaces(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = start_long(box, uuid4().hex)
        box.process.kill()
        box.process.wait()
    assert list((tmp_path / "data" / "work").iterdir()) != []

    with running_box(tmp_path / "data") as box:
        box.finished(command_id)

    assert list((tmp_path / "data" / "work").iterdir()) == []


def test_a_command_that_was_queued_when_the_box_was_killed_runs_first_thing(
    tmp_path: Path,
) -> None:
    command = "-f lavfi -i color=size=64x36:duration=1 {{out_video}}"

    with running_box(tmp_path / "data", RENDERIO_JOBS_VCPUS="1") as box:
        start_long(box, uuid4().hex)
        queued = box.submit(command, OUTPUTS)
        box.process.kill()
        box.process.wait()

    with running_box(tmp_path / "data") as box:
        polled = box.finished(queued)
    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 1)


def test_a_box_that_is_stopped_hands_its_command_to_the_next_one(tmp_path: Path) -> None:
    marker = uuid4().hex

    with running_box(tmp_path / "data") as box:
        command_id = start_long(box, marker)
        assert box.stop() == 0
    assert ffmpegs(marker) == []

    with running_box(tmp_path / "data") as box:
        shown = box.poll(command_id)
        polled = box.finished(command_id)
    assert shown["status"] == "PROCESSING"
    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 2)


def test_a_command_that_ends_while_the_box_drains_is_finished(tmp_path: Path) -> None:
    with running_box(tmp_path / "data", RENDERIO_SERVER_DRAIN_SECONDS="20") as box:
        command_id = start_long(box, uuid4().hex)
        assert box.stop() == 0

    with running_box(tmp_path / "data") as box:
        polled = box.poll(command_id)
    assert (polled["status"], polled["attempt"]) == ("SUCCESS", 1)


def test_stops_do_not_count_towards_giving_up(tmp_path: Path) -> None:
    marker = uuid4().hex
    command_id = None

    for _ in range(MAX_INTERRUPTIONS):
        with running_box(tmp_path / "data", RENDERIO_SERVER_DRAIN_SECONDS="0.1") as box:
            command_id = command_id or start_long(box, marker)
            eventually(lambda: ffmpegs(marker))
    with running_box(tmp_path / "data") as box:
        polled = box.finished(command_id)

    assert (polled["status"], polled["attempt"]) == ("SUCCESS", MAX_INTERRUPTIONS + 1)
