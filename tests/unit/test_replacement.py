"""Putting another box in place, killed at every step."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from renderio_box.data_directory import DataDirectory
from renderio_box.replacement import STAGE, finish_replacement, is_under_way, replace_box

OLD = {"box.sqlite3": "old", "box.sqlite3-wal": "old log", "url_keys.json": "old keys"}
NEW = {"box.sqlite3": "new", "url_keys.json": "new keys"}
KEPT = "replaced-1"
DIES = """
import os, signal, sys
from pathlib import Path
from renderio_box.replacement import replace_box

left = int(sys.argv[2])

def counted(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call

for name in ("rename", "replace", "mkdir", "rmdir", "unlink"):
    setattr(Path, name, counted(getattr(Path, name)))
os.fsync = counted(os.fsync)
replace_box(Path(sys.argv[1]), stage="restore.new", replaced="replaced-1")
"""
STEPS = range(32)
"""More than there are; the last ones kill nothing."""


def lay_out(folder: Path, parts: dict[str, str], *, stored: str) -> None:
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "object").write_text(stored)
    for name, text in parts.items():
        (folder / name).write_text(text)


def parts_in(folder: Path) -> dict[str, str]:
    names = ("box.sqlite3", "box.sqlite3-wal", "url_keys.json", "files/object")
    return {name: (folder / name).read_text() for name in names if (folder / name).exists()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data directory with a box, and another one that is to take its place."""
    lay_out(tmp_path, OLD, stored="old file")
    lay_out(tmp_path / STAGE, NEW, stored="new file")
    return tmp_path


ALL_OLD = OLD | {"files/object": "old file"}
ALL_NEW = NEW | {"files/object": "new file"}


def test_what_was_there_is_kept_and_what_comes_is_in_its_place(root: Path) -> None:
    replace_box(root, stage=STAGE, replaced=KEPT)

    assert (parts_in(root), parts_in(root / KEPT)) == (ALL_NEW, ALL_OLD)
    assert sorted(path.name for path in root.iterdir()) == sorted([*NEW, "files", KEPT])


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_one_box_or_the_other(root: Path, step: int) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(root), str(step)], check=False)
    was_certain = is_under_way(root)

    finish_replacement(root)

    done = died.returncode == 0 or was_certain or (root / KEPT).exists()
    assert parts_in(root) == (ALL_NEW if done else ALL_OLD)
    assert not done or parts_in(root / KEPT) == ALL_OLD
    assert not (root / STAGE).exists()


def test_the_first_and_the_last_step_are_among_those(root: Path) -> None:
    first, last = (
        subprocess.run([sys.executable, "-c", DIES, str(root), str(step)], check=False).returncode
        for step in (STEPS[0], STEPS[-1])
    )

    assert (first, last) == (-signal.SIGKILL, 0)


def test_whoever_takes_the_lock_goes_on_with_what_is_certain(root: Path) -> None:
    (root / "restore.json").write_text(json.dumps({"stage": STAGE, "replaced": KEPT}))

    with DataDirectory(root).locked():
        assert parts_in(root) == ALL_NEW


def test_what_was_not_certain_is_forgotten_with_the_lock(root: Path) -> None:
    with DataDirectory(root).locked():
        assert (parts_in(root), (root / STAGE).exists()) == (ALL_OLD, False)


def test_where_nothing_was_nothing_is_kept(tmp_path: Path) -> None:
    lay_out(tmp_path / STAGE, NEW, stored="new file")

    replace_box(tmp_path, stage=STAGE, replaced=KEPT)

    assert (parts_in(tmp_path), (tmp_path / KEPT).exists()) == (ALL_NEW, False)


def test_going_back_brings_the_log_of_the_database_along(root: Path) -> None:
    replace_box(root, stage=STAGE, replaced=KEPT)

    replace_box(root, stage=KEPT, replaced="replaced-2")

    assert (parts_in(root), parts_in(root / "replaced-2")) == (ALL_OLD, ALL_NEW)
