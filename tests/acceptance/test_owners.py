"""Root looking after a box of somebody else's, as the installed service is."""

import os
from pathlib import Path

import pytest

from tests.nobody import NOBODY, give_to_nobody
from tests.running_box import cli, running_box

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of root's")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of another user, empty as a package makes it."""
    data = tmp_path / "data"
    data.mkdir()
    give_to_nobody(data)
    return data


def of_root(data: Path) -> list[Path]:
    return [path for path in (data, *data.rglob("*")) if path.stat().st_uid != NOBODY]


def test_what_root_does_to_a_stopped_box_is_its_owners(data: Path, tmp_path: Path) -> None:
    added = cli("keys", "add", "ann", "--data", data)
    copied = cli("backup", tmp_path / "copy", "--files", "--data", data)
    restored = cli("restore", tmp_path / "copy", "--data", data)
    looked = cli("doctor", "--data", data, RENDERIO_SERVER_PORT="0")

    assert (added.returncode, copied.returncode, restored.returncode) == (0, 0, 0), restored.stderr
    assert "database            whole" in looked.stdout, looked.stderr
    assert of_root(data) == []
    assert "ann" in cli("keys", "list", "--data", data).stdout


def test_a_backup_that_root_restores_into_a_new_place_is_its_owners(
    data: Path, tmp_path: Path
) -> None:
    with running_box(tmp_path / "roots") as box:
        box.upload_bytes("notes.txt", b"To be cut on Friday.\n")
        assert cli("backup", tmp_path / "copy", "--files", "--data", box.data).returncode == 0

    restored = cli("restore", tmp_path / "copy", "--data", data)

    assert restored.returncode == 0, restored.stderr
    assert (data / "box.sqlite3").exists()
    assert of_root(data) == []


def test_root_is_refused_to_run_a_box_in_it(data: Path) -> None:
    refused = cli("serve", "--data", data, "--port", "0")

    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "sudo -u nobody" in refused.stderr
    assert list(data.iterdir()) == []


def test_an_owner_whom_nobody_knows_is_named_by_number(data: Path) -> None:
    os.chown(data, 4_000_000, 4_000_000)

    assert "sudo -u '#4000000'" in cli("serve", "--data", data, "--port", "0").stderr
