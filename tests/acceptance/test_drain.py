"""``renderio-box drain`` and ``resume`` as an operator uses them before an upgrade."""

import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.running_box import (
    PATIENCE_S,
    PROGRAM,
    RunningBox,
    cli,
    environment,
    eventually,
    running_box,
)

ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 {{out_1}}"
SHORT = "-f lavfi -i color=size=64x36:duration=0.2 {{out_1}}"
OUTPUTS = {"out_1": "clip.mkv"}


@pytest.fixture
def own_box(tmp_path: Path) -> Iterator[RunningBox]:
    """A box of which no other test has anything running."""
    with running_box(tmp_path / "data") as box:
        yield box


def start_endless(box: RunningBox) -> str:
    command_id = box.submit(ENDLESS, OUTPUTS, vcpu_count=1)
    eventually(lambda: box.poll(command_id)["started_at"])
    return command_id


def what_it_waits_for(box: RunningBox, command_id: str) -> object:
    return eventually(lambda: box.poll(command_id)["waiting_for"])


def said_of_the_queue(box: RunningBox) -> str:
    return str(box.http.get("/readyz").json()["checks"]["queue"]["message"])


def test_a_drained_box_takes_commands_up_again_when_it_is_resumed(own_box: RunningBox) -> None:
    drained = cli("drain", "--data", own_box.data)
    command_id = own_box.submit(SHORT, OUTPUTS)
    waits_for, said = what_it_waits_for(own_box, command_id), said_of_the_queue(own_box)

    resumed = cli("resume", "--data", own_box.data)

    assert own_box.finished(command_id)["status"] == "SUCCESS"
    assert (drained.returncode, resumed.returncode, waits_for) == (0, 0, "RESUME")
    assert "restart" in drained.stderr
    assert "renderio-box resume" in said
    logged = re.findall(r"\] (drained|resumed)\b", own_box.stderr.read_text())
    assert logged == ["drained", "resumed"]


def test_drain_waits_until_nothing_runs_and_says_how_much_does(own_box: RunningBox) -> None:
    command_id = start_endless(own_box)

    command = [*PROGRAM, "drain", "--wait", "--data", str(own_box.data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment(), text=True) as drain:
        assert drain.stderr is not None
        said = [drain.stderr.readline(), drain.stderr.readline()]
        own_box.cancel(command_id)
        said += drain.stderr.readlines()
        status = drain.wait(PATIENCE_S)

    assert (status, said[1:]) == (0, ["1 command runs, 0 wait\n", "0 commands run, 0 wait\n"])


def test_a_drain_that_waits_in_vain_says_so_with_its_exit_status(own_box: RunningBox) -> None:
    command_id = start_endless(own_box)

    drained = cli("drain", "--wait", "0.1", "--data", own_box.data)

    own_box.cancel(command_id)
    assert (drained.returncode, drained.stdout) == (1, "")
    assert "1 command runs" in drained.stderr


@pytest.mark.parametrize("command", ["drain", "resume"])
def test_where_no_box_runs_there_is_nothing_to_drain(tmp_path: Path, command: str) -> None:
    nowhere = tmp_path / "typo"

    refused = cli(command, "--data", nowhere)

    assert (refused.returncode, refused.stdout) == (3, "")
    assert f"no box runs in {nowhere}" in refused.stderr
    assert not nowhere.exists()


def test_a_box_that_was_drained_works_after_a_restart(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        cli("drain", "--data", box.data)
        command_id = box.submit(SHORT, OUTPUTS)

    with running_box(tmp_path / "data") as box:
        assert box.finished(command_id)["status"] == "SUCCESS"


def test_in_quiet_hours_commands_wait_and_resume_says_until_when(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    window = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"

    with running_box(tmp_path / "data", RENDERIO_PAUSE_WINDOWS=window) as box:
        waits_for = what_it_waits_for(box, box.submit(SHORT, OUTPUTS))
        resumed = cli("resume", "--data", box.data)

    assert waits_for == "RESUME"
    assert (resumed.returncode, f"{now + timedelta(hours=2):%H:%M}" in resumed.stderr) == (0, True)
    assert "quiet_hours_began" in box.stderr.read_text()


def test_a_signal_that_comes_before_the_box_is_ready_stops_it_well(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(
        [*PROGRAM, "serve", "--data", str(data), "--port", "0"],
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        eventually((data / "lock").exists)
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0
