"""``renderio-box doctor``, beside a box that runs and where none does."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any, Final

from tests.ports import free_port
from tests.running_box import cli, running_box

LINE: Final = re.compile(r"(?:ok|warning|problem) {2,}\S.*? {2,}\S.*")
NO_FFMPEG: Final = {"RENDERIO_FFMPEG_FFMPEG": "/nowhere/ffmpeg"}
"""So that nothing is encoded where that is not what a test is about."""


def examined(data: Path, **settings: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Return the exit status of doctor, and its findings by subject."""
    shown = cli("doctor", "--json", "--data", data, **settings)
    assert shown.stderr == ""
    report = json.loads(shown.stdout)
    assert report["ok"] is (shown.returncode == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["subject"], []).append(finding)
    return shown.returncode, found


def test_a_healthy_machine_has_no_problem_and_every_line_says_what_was_seen(tmp_path: Path) -> None:
    shown = cli("doctor", "--data", tmp_path / "data")

    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert any(re.match(r"ok +encoders +libx264, ", line) for line in lines)
    assert any(re.match(r"ok +fonts +text is drawn", line) for line in lines)
    assert not (tmp_path / "data").exists()


def test_a_running_box_is_recognised_by_its_public_address(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    address = {"RENDERIO_SERVER_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    device = {"RENDERIO_HARDWARE_DEVICES": "/dev/dri/renderD999"}

    with running_box(data, "--port", str(port), **address):
        status, found = examined(data, **address, **device)

    assert found["box"][0]["what"] == "it runs, and says that commands can run"
    assert found["port"][0]["what"].endswith("is this box")
    assert "leads to this box" in found["public_url"][0]["what"]
    assert found["database"][0]["state"] == "ok"
    hardware = found["hardware VA-API"][0]
    assert (status, hardware["state"]) == (1, "problem")
    assert "/dev/dri/renderD999 of hardware.devices is not on this machine" in hardware["what"]


def test_a_public_address_that_leads_elsewhere_is_a_problem(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_box(tmp_path / "other") as other, running_box(data):
        status, found = examined(data, RENDERIO_SERVER_PUBLIC_URL=other.url, **NO_FFMPEG)

    assert status == 1
    assert found["public_url"][0]["state"] == "problem"
    assert found["public_url"][0]["what"] == f"{other.url} leads to another box"


def test_a_damaged_database_is_found_and_left_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_box(data):
        pass
    path = data / "box.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    path.write_bytes(content)

    status, found = examined(data, **NO_FFMPEG)

    assert (status, found["database"][0]["state"]) == (1, "problem")
    assert path.read_bytes() == content
    assert sorted(each.name for each in data.glob("box.sqlite3*")) == ["box.sqlite3"]


def test_a_stopped_box_has_its_database_checked_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_box(data) as box:
        box.run("-f lavfi -i color=size=16x16:duration=0.1 {{out_a}}", {"out_a": "a.mp4"})
        box.process.kill()
        box.process.wait()

    _, found = examined(data, **NO_FFMPEG)

    assert found["database"][0]["state"] == "ok"
    assert found["database"][0]["what"].startswith("whole, schema ")
    with sqlite3.connect(data / "box.sqlite3") as connection:
        assert connection.execute("SELECT COUNT(*) FROM jobs").fetchone() == (1,)


def test_a_wrong_setting_is_a_problem_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[hardware]\ndevices = ["renderD128"]\n')

    shown = cli("doctor", "--data", tmp_path / "data", "--config", config)

    assert shown.returncode == 1
    assert re.search(
        r"^problem +configuration +.*hardware.devices.* is wrong: write absolute paths",
        shown.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^ok +sandbox +", shown.stdout, re.MULTILINE)
