"""``renderio-box run``: local files through a box and back."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.running_box import (
    PATIENCE_S,
    PROGRAM,
    RunningBox,
    cli,
    environment,
    eventually,
    ffmpegs,
)

SMALLER = ("--", "-i", "{{in_1}}", "-vf", "scale=80:-2", "{{out_1}}")
ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 {{out_1}}"


def probed(path: Path) -> dict[str, object]:
    words = ("-v", "error", "-show_entries", "stream=codec_name,width", "-of", "json", str(path))
    shown = subprocess.run(["ffprobe", *words], capture_output=True, check=True)
    return dict(json.loads(shown.stdout)["streams"][0])


def test_a_local_file_comes_back_as_asked(box: RunningBox, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.mp4"

    ran = cli("run", "--data", box.data, "-i", clip, "-o", target, *SMALLER)

    assert (ran.returncode, ran.stdout) == (0, "")
    assert probed(target) == {"codec_name": "h264", "width": 80}
    assert [path.name for path in tmp_path.iterdir()] == ["small.mp4"]


def test_files_can_be_called_by_names_of_ones_own(
    box: RunningBox, clip: Path, tmp_path: Path
) -> None:
    target = tmp_path / "my frame.png"
    files = ("-i", f"in_video={clip}", "-o", f"out_frame={target}")

    ran = cli(
        *("run", "--data", box.data, *files),
        *("--", "-i", "{{in_video}}", "-frames:v", "1", "{{out_frame}}"),
    )

    assert ran.returncode == 0, ran.stderr
    assert probed(target)["codec_name"] == "png"


def test_arguments_arrive_as_the_shell_gave_them(box: RunningBox, tmp_path: Path) -> None:
    target = tmp_path / "meta.txt"
    source = ("-f", "lavfi", "-i", "color=size=64x36:duration=1")
    title = """title=Ann's "best" {take}, $HOME `1`"""

    ran = cli(
        *("run", "--data", box.data, "-o", target, "--"),
        *(*source, "-metadata", title, "-f", "ffmetadata", "{{out_1}}"),
    )

    assert ran.returncode == 0, ran.stderr
    assert title in target.read_text()


def test_json_is_the_final_poll_response(box: RunningBox, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.mp4"

    ran = cli("run", "--json", "--data", box.data, "-i", clip, "-o", target, *SMALLER)

    polled = json.loads(ran.stdout)
    assert (ran.returncode, polled["status"]) == (0, "SUCCESS")
    assert polled == box.poll(polled["command_id"])


def test_limits_are_passed_on(box: RunningBox, clip: Path, tmp_path: Path) -> None:
    limits = ("--max-seconds", 77, "--vcpus", 1, "--json")

    ran = cli("run", *limits, "--data", box.data, "-i", clip, "-o", tmp_path / "a.mp4", *SMALLER)

    sent = json.loads(ran.stdout)["original_request"]
    assert (sent["max_command_run_seconds"], sent["vcpu_count"]) == (77, 1)


def test_a_command_that_fails_is_told_in_one_line(
    box: RunningBox, clip: Path, tmp_path: Path
) -> None:
    target = tmp_path / "never.mp4"

    ran = cli(
        *("run", "--data", box.data, "-i", clip, "-o", target),
        *("--", "-i", "{{in_1}}", "-vf", "scle=80:-2", "{{out_1}}"),
    )

    [complaint] = [line for line in ran.stderr.splitlines() if line.startswith("renderio-box: ")]
    assert ran.returncode == 1
    assert complaint.startswith("renderio-box: FFMPEG_FAILED: This FFmpeg has no filter called")
    assert complaint.endswith("No such filter: 'scle'")
    assert ran.stderr.endswith("\n  this would work: -i {{in_1}} -vf scale=80:-2 {{out_1}}\n")
    assert not target.exists()


def test_a_command_that_is_refused_is_told_in_one_line(box: RunningBox, tmp_path: Path) -> None:
    ran = cli("run", "--data", box.data, "-o", tmp_path / "a.mp4", "--", "-i", "{{in_1}}")

    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "{{in_1}}" in ran.stderr


def test_a_missing_input_is_wrong_usage(box: RunningBox, tmp_path: Path) -> None:
    ran = cli("run", "--data", box.data, "-i", "none.mp4", "-o", tmp_path / "a.mp4", *SMALLER)

    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "none.mp4" in ran.stderr


def test_without_a_box_there_is_one_line(clip: Path, tmp_path: Path) -> None:
    ran = cli("run", "--data", tmp_path, "-i", clip, "-o", tmp_path / "a.mp4", *SMALLER)

    assert (ran.returncode, ran.stderr.count("\n")) == (3, 1)
    assert "renderio-box serve" in ran.stderr


def test_a_box_that_does_not_answer_is_one_line(clip: Path, tmp_path: Path) -> None:
    there = ("--url", "http://127.0.0.1:9", "--key", "ffsk_none")

    ran = cli("run", *there, "-i", clip, "-o", tmp_path / "a.mp4", *SMALLER)

    assert ran.returncode == 3
    assert ran.stderr.splitlines()[-1].startswith("renderio-box: no box answers")


def test_a_wrong_key_is_one_line(box: RunningBox, clip: Path, tmp_path: Path) -> None:
    there = {"RENDERIO_URL": box.url, "RENDERIO_KEY": "ffsk_wrong"}

    ran = cli("run", "-i", clip, "-o", tmp_path / "a.mp4", *SMALLER, **there)

    assert ran.returncode == 3
    assert ran.stderr.splitlines()[-1].startswith("renderio-box: the box refused: ")


def test_a_key_of_ones_own_is_enough(box: RunningBox, clip: Path, tmp_path: Path) -> None:
    key = cli("keys", "add", "runner", "--data", box.data).stdout.strip()
    target = tmp_path / "small.mp4"

    ran = cli("run", "--url", box.url, "--key", key, "-i", clip, "-o", target, *SMALLER)

    assert ran.returncode == 0, ran.stderr
    assert target.stat().st_size > 0


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let children hear Ctrl-C, also where the tests themselves were started not to."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_cancels_the_command_on_the_box(box: RunningBox, tmp_path: Path) -> None:
    marker = uuid4().hex
    words = f"{ENDLESS.removesuffix('{{out_1}}')} -metadata title={marker} {{{{out_1}}}}".split()
    command = [*PROGRAM, "run", "--data", str(box.data), "-o", str(tmp_path / "a.mkv"), "--"]

    with subprocess.Popen(
        [*command, *words], stderr=subprocess.PIPE, env=environment(), text=True
    ) as running:
        try:
            eventually(lambda: ffmpegs(marker))
            running.send_signal(signal.SIGINT)
            _, complaints = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()

    assert running.returncode == 130
    assert complaints.endswith("stopped\n")
    assert "Traceback" not in complaints
    [newest] = box.http.get("/api/v1/commands?limit=1").json()["commands"]
    assert box.finished(newest["command_id"])["error_status"] == "CANCELLED"


@pytest.mark.parametrize("path", ["/healthz", "/schema"])
def test_what_needs_no_key_answers_without_one(box: RunningBox, path: str) -> None:
    answer = httpx.get(f"{box.url}{path}", trust_env=False, follow_redirects=True)

    assert answer.status_code == 200


@pytest.mark.parametrize("target", ["missing/out.mp4", "", "out"])
def test_a_target_that_cannot_be_written_is_refused_before_anything_is_sent(
    box: RunningBox, clip: Path, tmp_path: Path, target: str
) -> None:
    refused = cli(
        *("run", "--data", box.data, "-i", clip, "-o", tmp_path / target),
        *("--", "-i", "{{in_1}}", "{{out_1}}"),
    )

    assert refused.returncode == 2
    assert "uploading" not in refused.stderr


def test_an_option_of_ffmpeg_without_the_dashes_before_it_is_explained(tmp_path: Path) -> None:
    refused = cli("run", "-o", tmp_path / "a.mp4", "-i", "x.mp4", "-vf", "null")

    assert refused.returncode == 2
    assert "put -- before FFmpeg's arguments" in refused.stderr
