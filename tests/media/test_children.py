"""FFmpeg as a child of the box, looked at from outside while it runs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.running_box import BUSY_S, RunningBox, eventually, ffmpegs, running_box

ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 -metadata title={marker} {{{{out_video}}}}"
DEAF = "-f lavfi -i 'aevalsrc=while(1\\,1)' -metadata title={marker} {{{{out_video}}}}"
OUTPUTS = {"out_video": "endless.mkv"}
KNOWN = {"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "LC_ALL", "AV_LOG_FORCE_NOCOLOR"}
NOT_EVERYWHERE = {"FONTCONFIG_FILE", "PWD"}  # without fonts of the system; by bubblewrap
NICENESS = 10
PROMISED_S = 5.0
UNSAFE = {"RENDERIO_SANDBOX_TIER": "unsandboxed", "RENDERIO_SANDBOX_ALLOW_UNSAFE": "true"}
STUBBORN = """#!/bin/sh
case "$*" in *stubborn*) ;; *) exec {ffmpeg} "$@" ;; esac
trap '' TERM
sh -c 'trap "" TERM; while :; do sleep 1; done' "$*" &
wait
while :; do sleep 1; done
"""
"""In place of FFmpeg: one that has a child, and both are deaf. Behind walls it could have none."""


@pytest.fixture
def marker() -> str:
    """A word by which one FFmpeg is told from all others."""
    return uuid4().hex


@pytest.fixture
def running(box: RunningBox, marker: str) -> Iterator[Path]:
    """The /proc directory of an FFmpeg that runs for the box without an end."""
    command_id = box.submit(ENDLESS.format(marker=marker), OUTPUTS)
    yield process_of(marker)
    box.cancel(command_id)
    box.finished(command_id)


def process_of(marker: str) -> Path:
    """Return the /proc directory of the FFmpeg with that marker as soon as there is one."""
    return Path("/proc") / str(eventually(lambda: ffmpegs(marker))[0])


def status_of(process: Path, field: str) -> str:
    lines = (process / "status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{field}:"))


def opened_by(process: Path) -> list[str]:
    """Return what a process has open; it may open and close files while we look."""
    opened: list[str] = []
    for handle in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            opened.append(str(handle.readlink()))
    return opened


@pytest.mark.parametrize("command", [ENDLESS, DEAF], ids=["that listens", "that is deaf"])
def test_cancelling_ends_ffmpeg_within_five_seconds(
    box: RunningBox, marker: str, command: str
) -> None:
    command_id = box.submit(command.format(marker=marker), OUTPUTS)
    process_of(marker)

    box.cancel(command_id)

    polled = box.finished(command_id, within_s=PROMISED_S + BUSY_S)
    assert (polled["status"], polled["error_status"]) == ("FAILED", "CANCELLED")
    assert ffmpegs(marker) == []


def test_a_command_that_asks_for_one_cpu_is_held_to_one(box: RunningBox, marker: str) -> None:
    command_id = box.submit(ENDLESS.format(marker=marker), OUTPUTS, vcpu_count=1)

    cpus = status_of(process_of(marker), "Cpus_allowed_list")

    box.cancel(command_id)
    assert cpus.isdecimal()
    assert int(cpus) in os.sched_getaffinity(box.process.pid)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is only one CPU")
def test_two_commands_that_ask_for_one_cpu_get_different_ones(box: RunningBox, marker: str) -> None:
    one, other = f"{marker}-one", f"{marker}-other"
    first = box.submit(ENDLESS.format(marker=one), OUTPUTS, vcpu_count=1)
    second = box.submit(ENDLESS.format(marker=other), OUTPUTS, vcpu_count=1)

    cpus = {status_of(process_of(each), "Cpus_allowed_list") for each in (one, other)}

    box.cancel(first)
    box.cancel(second)
    assert len(cpus) == 2


def test_a_command_that_asks_for_nothing_may_use_every_cpu(box: RunningBox, running: Path) -> None:
    assert os.sched_getaffinity(int(running.name)) == os.sched_getaffinity(box.process.pid)


def test_ffmpeg_is_nicer_than_the_box(box: RunningBox, running: Path) -> None:
    niceness = os.getpriority(os.PRIO_PROCESS, int(running.name))

    assert niceness == min(19, os.getpriority(os.PRIO_PROCESS, box.process.pid) + NICENESS)


def test_ffmpeg_can_gain_no_privileges(running: Path) -> None:
    assert status_of(running, "NoNewPrivs") == "1"
    assert int(status_of(running, "CapEff"), 16) == 0


def test_ffmpeg_reads_nothing_from_a_terminal(running: Path) -> None:
    assert (running / "fd" / "0").readlink() == Path(os.devnull)


def test_ffmpeg_holds_nothing_open_of_the_box(box: RunningBox, running: Path) -> None:
    ours = [name for name in opened_by(running) if name.startswith(("socket:", str(box.data)))]
    assert {Path(name).name for name in ours} <= set(OUTPUTS.values())


def test_ffmpeg_knows_nothing_of_our_environment(running: Path) -> None:
    lines = (running / "environ").read_bytes().decode().split("\0")

    assert {line.partition("=")[0] for line in lines if line} - NOT_EVERYWHERE == KNOWN


@pytest.fixture(scope="module")
def stubborn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box without walls whose FFmpeg has a child when it is told to be stubborn."""
    place = tmp_path_factory.mktemp("stubborn")
    program = place / "ffmpeg"
    program.write_text(STUBBORN.format(ffmpeg=shutil.which("ffmpeg")))
    program.chmod(0o755)
    with running_box(place / "data", RENDERIO_FFMPEG_FFMPEG=str(program), **UNSAFE) as box:
        yield box


def running_with(marker: str) -> list[int]:
    """Return the ids of all processes that have the marker among their arguments."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError, NotADirectoryError):
            if marker.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


@pytest.mark.parametrize("end", ["cancelled", "over its time"])
def test_a_child_that_forks_and_ignores_sigterm_is_gone_with_its_own(
    stubborn: RunningBox, marker: str, end: str
) -> None:
    command = f"-f lavfi -i testsrc -metadata title=stubborn-{marker} {{{{out_video}}}}"
    limit = {} if end == "cancelled" else {"max_command_run_seconds": 1}
    command_id = stubborn.submit(command, OUTPUTS, **limit)
    eventually(lambda: len(running_with(marker)) >= 2)
    if end == "cancelled":
        stubborn.cancel(command_id)

    polled = stubborn.finished(command_id, within_s=1 + PROMISED_S + BUSY_S)

    assert polled["error_status"] == ("CANCELLED" if end == "cancelled" else "TIMEOUT")
    assert running_with(marker) == []
