"""``renderio-box backup`` and ``restore`` as an operator uses them, and machines that die meanwhile."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running_box import PROGRAM, RunningBox, cli, environment, eventually, running_box

SHORT = "-f lavfi -i color=size=64x36:duration=0.2 {{out_1}}"
OUTPUTS = {"out_1": "clip.mkv"}
CONTENT = b"content" * 100_000


@pytest.fixture(scope="module")
def own_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box with a stored file, that takes up no command."""
    with running_box(tmp_path_factory.mktemp("box") / "data") as box:
        box.upload_bytes("clip.bin", CONTENT)
        box.run(SHORT, OUTPUTS)
        cli("drain", "--data", box.data)
        yield box


def path_of(url: object) -> str:
    return urlsplit(str(url)).path


def snapshots_in(data: Path) -> list[str]:
    return [path.name for path in (data / "backups").glob("*")]


def test_a_box_comes_back_on_another_machine(own_box: RunningBox, tmp_path: Path) -> None:
    stored = own_box.upload_bytes("another.bin", CONTENT)
    waiting = own_box.submit(SHORT, OUTPUTS)
    target, machine = tmp_path / "backup", tmp_path / "machine"

    made = cli("backup", target, "--files", "--data", own_box.data)
    restored = cli("restore", target, "--data", machine)

    assert (made.returncode, restored.returncode) == (0, 0), made.stderr + restored.stderr
    assert "stored files" in made.stderr
    assert "not ended then: 1 command;" in restored.stderr
    with running_box(machine) as box:
        assert box.download(path_of(stored["storage_url"])) == CONTENT
        assert box.finished(waiting)["status"] == "SUCCESS"
        assert "objects_missing" not in box.stderr.read_text()
    own_box.cancel(waiting)


def test_a_backup_is_for_its_owner_only_and_says_nothing_when_asked(
    own_box: RunningBox, tmp_path: Path
) -> None:
    made = cli("backup", tmp_path / "backup", "--quiet", "--data", own_box.data)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "backup").iterdir()}
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert modes == {"box.sqlite3": 0o600, "url_keys.json": 0o600, "manifest.json": 0o600}
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700


def test_a_running_box_is_not_replaced(own_box: RunningBox, tmp_path: Path) -> None:
    refused = cli("restore", tmp_path, "--data", own_box.data)

    assert (refused.returncode, "stop it first" in refused.stderr) == (3, True)


def test_a_target_with_something_in_it_is_refused(own_box: RunningBox, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    refused = cli("backup", tmp_path, "--data", own_box.data)

    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    assert snapshots_in(own_box.data) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_too_small_gets_nothing_of_it(own_box: RunningBox, tmp_path: Path) -> None:
    script = f"""
        mount -t tmpfs -o size=100k none {tmp_path} &&
        {" ".join(PROGRAM)} backup {tmp_path}/backup --files --data {own_box.data}; status=$?
        ls -A {tmp_path}; exit $status
    """
    command = ["unshare", "--mount", "sh", "-c", script]
    refused = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False
    )
    if "unshare" in refused.stderr or "mount" in refused.stderr:
        pytest.skip("this machine lets nobody mount")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "No space left on device" in refused.stderr
    assert snapshots_in(own_box.data) == []


def test_a_command_that_is_killed_leaves_nothing_for_good(
    own_box: RunningBox, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    command = [*PROGRAM, "backup", str(target), "--files", "--data", str(own_box.data)]
    with subprocess.Popen(command, env=environment()) as process:
        eventually(lambda: snapshots_in(own_box.data) or process.poll() is not None)
        process.kill()

    again = cli("backup", tmp_path / "second", "--data", own_box.data)

    assert (again.returncode, snapshots_in(own_box.data)) == (0, [])
    assert not target.exists() or (target / "manifest.json").exists()


def test_a_stopped_box_is_backed_up_too(own_box: RunningBox, tmp_path: Path) -> None:
    cli("backup", tmp_path / "first", "--files", "--data", own_box.data)
    cli("restore", tmp_path / "first", "--data", tmp_path / "stopped")

    made = cli("backup", tmp_path / "second", "--files", "--data", tmp_path / "stopped")

    first, second = (
        json.loads((tmp_path / name / "manifest.json").read_text())["taken"]
        for name in ("first", "second")
    )
    assert (made.returncode, second) == (0, first)


def test_a_box_that_dies_with_a_snapshot_forgets_it_at_its_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_box(data) as box:
        box.http.post("/api/v1/backup", json={"with_files": True}).raise_for_status()
        left = snapshots_in(data)
        box.process.send_signal(signal.SIGKILL)
        box.process.wait()

    with running_box(data):
        assert (len(left), snapshots_in(data)) == (1, [])


def test_a_backup_of_no_box_is_refused(tmp_path: Path) -> None:
    refused = cli("backup", tmp_path / "backup", "--data", tmp_path / "typo")

    assert (refused.returncode, "there is no box" in refused.stderr) == (2, True)


def test_a_restore_of_nothing_makes_nothing(tmp_path: Path) -> None:
    refused = cli("restore", tmp_path / "typo", "--data", tmp_path / "data")

    assert (refused.returncode, "there is no directory" in refused.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_going_back_is_told_and_works(own_box: RunningBox, tmp_path: Path) -> None:
    target, data = tmp_path / "backup", tmp_path / "data"
    cli("backup", target, "--data", own_box.data)
    cli("restore", target, "--data", data)
    restored = cli("restore", target, "--data", data)
    (kept,) = data.glob("replaced-*")

    back = cli("restore", kept, "--data", data)

    assert f"restore {kept}" in restored.stderr
    assert (back.returncode, kept.exists()) == (0, False)
