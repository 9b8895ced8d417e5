import os
from pathlib import Path

import pytest

from renderio_box.storage.removal import remove
from tests.nobody import as_nobody

DEPTH = 3000
"""More than Python's stack, than the files a process may have open, and than a path may be long."""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_a_directory_is_removed_with_everything_in_it(work: Path) -> None:
    (work / "a/b/c").mkdir(parents=True)
    (work / "a/empty").mkdir()
    (work / "a/b/c/d.mp4").write_bytes(b"x")
    os.mkfifo(work / "a/pipe")

    assert (remove(work), work.exists()) == (True, False)


def test_a_file_is_removed(work: Path) -> None:
    (work / "file").touch()

    assert (remove(work / "file"), list(work.iterdir())) == (True, [])


def test_what_is_not_there_is_removed_already(work: Path) -> None:
    assert remove(work / "nothing")


@pytest.mark.parametrize("at", ["", "/link", "/sub/link"])
def test_a_link_is_removed_and_not_followed(tmp_path: Path, at: str) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    link = tmp_path / f"elsewhere{at}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(kept)

    assert remove(tmp_path / "elsewhere")

    assert (kept.is_dir(), kept.stat().st_mode & 0o777) == (True, 0o500)


def test_a_second_name_is_removed_and_the_file_stays(work: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    (work / "name").hardlink_to(tmp_path / "kept")

    assert remove(work)

    assert (tmp_path / "kept").read_bytes() == b"kept"


@pytest.mark.parametrize("mode", [0, 0o200, 0o400, 0o500])
def test_folders_that_are_locked_are_removed(tmp_path: Path, mode: int) -> None:
    with as_nobody(tmp_path):
        work = tmp_path / "work"
        (work / "a/b/c").mkdir(parents=True)
        (work / "a/b/c/file").touch(mode=0)
        for folder in ("a/b/c", "a/b", "a", ""):
            (work / folder).chmod(mode)

        assert (remove(work), work.exists()) == (True, False)


def test_folders_may_be_deeper_than_anything_can_name(work: Path) -> None:
    at = os.open(work, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("deep", dir_fd=at)
        os.close(os.open("file", os.O_CREAT, dir_fd=at))
        at, outer = os.open("deep", os.O_RDONLY, dir_fd=at), at
        os.close(outer)
    os.close(at)

    assert (remove(work), work.exists()) == (True, False)


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"-rf", b" ", b"x" * 255])
def test_names_may_be_any(work: Path, name: bytes) -> None:
    (work / os.fsdecode(name)).mkdir()
    (work / os.fsdecode(name) / os.fsdecode(name)).touch()

    assert remove(work)


def test_thousands_of_files_and_folders_are_removed(work: Path) -> None:
    for number in range(2000):
        (work / f"{number}").touch()
        (work / f"folder{number}").mkdir()

    assert remove(work)


def test_what_cannot_be_removed_is_told(tmp_path: Path) -> None:
    with as_nobody(tmp_path):
        (tmp_path / "parent/work/sub").mkdir(parents=True)
        (tmp_path / "parent").chmod(0o500)

        assert not remove(tmp_path / "parent/work")

        (tmp_path / "parent").chmod(0o700)
