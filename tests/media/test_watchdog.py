"""Runs that stand still or fill the disk are stopped; slow ones are not. Real FFmpeg, real time."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.running_box import BUSY_S, RunningBox, eventually, ffmpegs, running_box

STALL_SECONDS: Final = 2
WITHIN_S: Final = 12.0 + BUSY_S
"""The bound itself, looks once a second before and after it, and FFmpeg's deafness to SIGTERM."""
OUTPUTS: Final = {"out_1": "out.mkv"}
PICTURES: Final = "-re -f lavfi -i testsrc2=size=64x36:rate=5 -c:v mpeg4"
ENDLESS: Final = PICTURES + " -metadata title={marker} {{{{out_1}}}}"
SLOW: Final = {
    "one frame a second": "-re -f lavfi -i testsrc2=size=64x36:rate=1 -c:v mpeg4",
    "a filter that keeps all frames to itself": (
        "-f lavfi -i testsrc2=size=352x288 -vf nlmeans=r=31,reverse -c:v mpeg4"
    ),
    "an encoder that looks far ahead": (
        "-f lavfi -i testsrc2=size=1280x720 -pix_fmt yuv420p -c:v libx264 -preset placebo"
    ),
    "an encoder that makes a frame in ten seconds": (
        "-f lavfi -i testsrc2=size=3840x2160 -pix_fmt yuv420p -c:v libx265 -preset placebo"
        " -x265-params log-level=none"
    ),
    "an expression without an end": "-f lavfi -i 'aevalsrc=while(1\\,1)'",
}
"""Commands that never end but that nobody may say of that they stand still."""
STOPPED: Final = "FFmpeg was stopped because"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that has no patience, and little room for each command."""
    with running_box(
        tmp_path_factory.mktemp("watched") / "data",
        RENDERIO_JOBS_VCPUS="8",
        RENDERIO_JOBS_NICE="0",  # whoever gets no CPU looks like one that needs none
        RENDERIO_JOBS_STALL_SECONDS=str(STALL_SECONDS),
        RENDERIO_JOBS_WORKSPACE_MBYTES="30",
        RENDERIO_JOBS_WORKSPACE_FILES="400",
    ) as box:
        yield box


def told(box: RunningBox, command: str) -> list[str]:
    """Return what such a command ends with, and why."""
    polled = box.finished(box.submit(command, "OUTPUT_FOLDER"), within_s=WITHIN_S)
    return [polled["error_status"], polled["error_message"]]


def has_made_something(box: RunningBox, command_id: str) -> bool:
    return bool((box.poll(command_id)["progress"] or {}).get("out_time_seconds"))


def test_a_frozen_ffmpeg_is_stopped_and_says_how_far_it_had_come(watched: RunningBox) -> None:
    marker = uuid4().hex
    command_id = watched.submit(ENDLESS.format(marker=marker), OUTPUTS)
    [process] = eventually(lambda: ffmpegs(marker))
    eventually(lambda: has_made_something(watched, command_id))
    os.kill(process, signal.SIGSTOP)

    polled = watched.finished(command_id, within_s=WITHIN_S)

    assert polled["error_status"] == "STALLED"
    assert re.match(
        STOPPED + r" nothing had happened for \d+ s \(jobs\.stall_seconds\);"
        r" its output had come to \d+\.\d\d s and \d+ frames\.",
        polled["error_message"],
    )
    assert polled["ffmpeg_command_run_seconds"] > STALL_SECONDS
    assert ffmpegs(marker) == []
    assert "testsrc2" in watched.log(command_id)


def test_slow_ones_go_on_until_their_time_is_over(watched: RunningBox) -> None:
    commands = {
        what: watched.submit(
            f"{command} {{{{out_1}}}}", OUTPUTS, max_command_run_seconds=3 * STALL_SECONDS
        )
        for what, command in SLOW.items()
    }

    ends = {what: watched.finished(sent, within_s=WITHIN_S) for what, sent in commands.items()}

    assert {what: end["error_status"] for what, end in ends.items()} == dict.fromkeys(
        SLOW, "TIMEOUT"
    )


def test_the_first_pass_of_two_goes_on_until_its_time_is_over(watched: RunningBox) -> None:
    source = "-f lavfi -i testsrc2=size=1280x720 -pix_fmt yuv420p -c:v libx264 -preset placebo"
    passes = [f"{source} -pass 1 -f null -", f"{source} -pass 2 {{{{out_1}}}}"]

    command_id = watched.submit_chain(passes, OUTPUTS, max_command_run_seconds=3 * STALL_SECONDS)

    polled = watched.finished(command_id, within_s=WITHIN_S)
    assert polled["error_status"] == "TIMEOUT"
    assert polled["error_message"].startswith("Step 1 of 2: ")


def test_copying_of_which_nothing_comes_out_for_long_goes_on(
    watched: RunningBox, stand_ins: Path
) -> None:
    source = {"in_1": str(watched.upload(stand_ins / "clip.mp4")["file_id"])}
    command = "-stream_loop -1 -i {{in_1}} -c copy -ss 90:00:00 {{out_1}}"

    command_id = watched.submit(
        command, OUTPUTS, input_files=source, max_command_run_seconds=3 * STALL_SECONDS
    )

    polled = watched.finished(command_id, within_s=WITHIN_S)
    assert polled["error_status"] == "TIMEOUT"


def test_a_command_that_writes_thousands_of_files_is_stopped(watched: RunningBox) -> None:
    command = "-f lavfi -i color=size=16x16 frame%08d.bmp"

    assert told(watched, command) == [
        "OUTPUT_TOO_LARGE",
        f"{STOPPED} it had written more than 400 files and folders (jobs.workspace_files).",
    ]


def test_a_command_whose_files_are_too_large_together_is_stopped(watched: RunningBox) -> None:
    command = (
        "-re -f lavfi -i testsrc2=size=640x360:rate=60 -c:v rawvideo"
        " -f segment -segment_time 0.2 part%d.avi"
    )

    assert told(watched, command) == [
        "OUTPUT_TOO_LARGE",
        f"{STOPPED} its files were larger than 30 MiB together (jobs.workspace_mbytes).",
    ]
