"""``renderio-box demo``: the program shows itself."""

import json
import signal
import subprocess
from pathlib import Path

from tests.running_box import PATIENCE_S, PROGRAM, cli, environment


def test_one_round_of_the_demo_ends_well(tmp_path: Path) -> None:
    shown = cli("demo", "--once", TMPDIR=str(tmp_path))

    polled = json.loads(shown.stdout)
    assert (shown.returncode, polled["status"]) == (0, "SUCCESS")
    assert polled["output_files"]["out_video"]["height"] == 360
    assert list(tmp_path.iterdir()) == []


def test_a_demo_with_data_leaves_it_there_for_another(tmp_path: Path) -> None:
    first = cli("demo", "--once", "--data", tmp_path / "data")
    second = cli("demo", "--once", "--data", tmp_path / "data")

    assert (first.returncode, second.returncode) == (0, 0)
    assert len(list((tmp_path / "data" / "files").rglob("*.mp4"))) == 4
    assert json.loads(first.stdout)["command_id"] != json.loads(second.stdout)["command_id"]


def test_a_demo_without_ffmpeg_says_so_in_one_line() -> None:
    shown = cli("demo", "--once", RENDERIO_FFMPEG_FFMPEG="no-such-program")

    assert (shown.returncode, shown.stdout) == (4, "")
    assert shown.stderr.startswith("renderio-box: cannot start: ")
    assert shown.stderr.count("\n") == 1


def test_ctrl_c_ends_the_demo_in_the_middle_of_its_job(tmp_path: Path) -> None:
    command = [*PROGRAM, "demo", "--once"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, env=environment(TMPDIR=str(tmp_path)), text=True
    ) as process:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)

    assert told[2].startswith("command")
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
