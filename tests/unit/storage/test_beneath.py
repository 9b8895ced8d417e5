import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderio_box.storage import beneath
from renderio_box.storage.beneath import (
    FileState,
    check_moved,
    open_plain,
    open_regular,
    state_at,
    state_of,
    take,
    unchanged,
)
from renderio_box.storage.storage import UnfitOutputError
from tests.nobody import as_nobody

PLAIN = "sub/clip.mp4"
CONTENT = b"content"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a directory with one plain file in a folder."""
    made = tmp_path / "out"
    (made / "sub").mkdir(parents=True)
    (made / PLAIN).write_bytes(CONTENT)
    (tmp_path / "secret").write_bytes(b"secret")
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where a file is to be taken to."""
    (tmp_path / "taken").mkdir()
    return tmp_path / "taken" / "clip.mp4"


def seen(directory: Path, path: str = PLAIN) -> FileState:
    state = state_at(directory, path)
    assert state is not None
    return state


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


TRAPS: dict[str, Callable[[Path], Any]] = {
    "link": lambda path: path.symlink_to("../../secret"),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a process": lambda path: path.symlink_to("/proc/self/environ"),
    "pipe": os.mkfifo,
    "socket": bound_socket,
    "folder": Path.mkdir,
    "second name": lambda path: path.hardlink_to(path.parents[2] / "secret"),
    "nothing": lambda path: None,  # noqa: ARG005
}


@pytest.fixture(params=TRAPS)
def trap(out: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put something else in place of the plain file."""
    monkeypatch.chdir(out)
    (out / PLAIN).unlink()
    TRAPS[request.param](out / PLAIN)
    return PLAIN


def test_a_plain_file_is_read(out: Path) -> None:
    with open_plain(out, PLAIN) as file:
        assert file.read() == CONTENT


def test_what_is_no_plain_file_is_not_opened(out: Path, trap: str) -> None:
    with pytest.raises(UnfitOutputError):
        open_plain(out, trap)


def test_what_is_no_plain_file_is_not_taken(out: Path, trap: str, target: Path) -> None:
    state = state_at(out, trap) or state_of(out.stat())

    with pytest.raises(UnfitOutputError):
        take(out, trap, state, target)

    assert (os.path.lexists(target), (out.parent / "secret").read_bytes()) == (False, b"secret")


def test_a_file_with_two_names_is_read_where_that_is_no_matter(out: Path) -> None:
    (out / "other.mp4").hardlink_to(out / PLAIN)

    with open_regular(out, PLAIN) as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize("kind", ["link", "pipe", "plain"])
@pytest.mark.parametrize("at", ["out", "out/sub"])
def test_no_link_on_the_way_is_followed(out: Path, target: Path, kind: str, at: str) -> None:
    state = seen(out)
    replaced = out.parent / at
    moved = replaced.rename(out.parent / "moved")
    {
        "link": lambda: replaced.symlink_to(moved),
        "pipe": lambda: os.mkfifo(replaced),
        "plain": replaced.touch,
    }[kind]()

    for look in (
        lambda: open_regular(out, PLAIN),
        lambda: take(out, PLAIN, state, target),
        lambda: state_at(out, PLAIN),
    ):
        with pytest.raises(UnfitOutputError):
            look()


OUTSIDE = [
    *("../secret", "sub/../../secret", "/etc/passwd", "sub/../sub/clip.mp4", "./sub/clip.mp4"),
    *("sub//clip.mp4", "sub/", "", ".", "..", "x" * 300, "sub/clip.mp4/x"),
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_the_directory(out: Path, path: str) -> None:
    with pytest.raises(UnfitOutputError):
        open_regular(out, path)


def test_what_is_not_there_has_no_state(out: Path) -> None:
    assert state_at(out, "sub/other.mp4") is None


def test_a_taken_file_is_the_same_file_elsewhere(out: Path, target: Path) -> None:
    inode = seen(out).inode

    take(out, PLAIN, seen(out), target)

    assert (target.stat().st_ino, target.read_bytes()) == (inode, CONTENT)
    assert list((out / "sub").iterdir()) == []


@pytest.mark.parametrize("mode", [0o4777, 0o2777, 0o1666, 0o6755, 0o600, 0o444])
def test_a_taken_file_can_only_be_read(out: Path, target: Path, mode: int) -> None:
    (out / PLAIN).chmod(mode)

    take(out, PLAIN, seen(out), target)

    assert target.stat().st_mode & 0o7777 == 0o440


def written_to(path: Path) -> None:
    path.write_bytes(b"other!!")


def written_to_and_backdated(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"other!!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    path.rename(path.with_name("old"))
    path.write_bytes(CONTENT)


def grown(path: Path) -> None:
    os.truncate(path, 2**40)


CHANGES = [written_to, written_to_and_backdated, replaced, grown, lambda path: path.chmod(0o777)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_since_is_not_taken(
    out: Path, target: Path, change: Callable[[Path], None]
) -> None:
    state = seen(out)
    change(out / PLAIN)

    with pytest.raises(UnfitOutputError):
        take(out, PLAIN, state, target)

    assert not target.exists()


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_refused(
    out: Path, change: Callable[[Path], None]
) -> None:
    with pytest.raises(UnfitOutputError), unchanged(out, PLAIN, seen(out)):
        change(out / PLAIN)


def test_a_file_that_somebody_has_open_for_writing_is_not_taken(out: Path, target: Path) -> None:
    with (out / PLAIN).open("r+b"), pytest.raises(UnfitOutputError):
        take(out, PLAIN, seen(out), target)

    assert not target.exists()


def test_a_file_that_somebody_else_reads_is_taken(out: Path, target: Path) -> None:
    with (out / PLAIN).open("rb"):
        take(out, PLAIN, seen(out), target)

    assert target.exists()


def test_where_nobody_can_tell_who_writes_every_file_is_taken(
    out: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beneath, "is_at_rest", lambda _: False)

    take(out, PLAIN, seen(out), target)

    assert [path.name for path in target.parent.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("kind", ["link", "folder", "plain"])
def test_what_is_swapped_in_before_the_move_does_not_arrive(
    out: Path, target: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(file: object, path: str, *, ours: Path) -> None:
        del file, ours
        (out / path).unlink()
        {
            "link": lambda: (out / path).symlink_to("../../secret"),
            "folder": lambda: (out / path / "full").mkdir(parents=True),
            "plain": lambda: (out / path).write_bytes(CONTENT),
        }[kind]()

    monkeypatch.setattr(beneath, "check_unwritten", swap)

    with pytest.raises(UnfitOutputError):
        take(out, PLAIN, seen(out), target)

    assert not os.path.lexists(target)


def test_a_moved_file_must_have_kept_its_size(out: Path) -> None:
    with (out / PLAIN).open("rb") as file, pytest.raises(UnfitOutputError):
        check_moved(file.fileno(), out / PLAIN, size_bytes=len(CONTENT) + 1)


@pytest.mark.parametrize("locked", ["out/sub/clip.mp4", "out/sub", "out"])
def test_what_is_locked_is_refused(tmp_path: Path, locked: str) -> None:
    with as_nobody(tmp_path):
        directory = tmp_path / "out"
        (directory / "sub").mkdir(parents=True)
        (directory / PLAIN).write_bytes(CONTENT)
        (tmp_path / locked).chmod(0)

        with pytest.raises(UnfitOutputError):
            open_plain(directory, PLAIN)

        (tmp_path / locked).chmod(0o700)


def test_an_unprivileged_user_takes_what_is_its_own(tmp_path: Path) -> None:
    with as_nobody(tmp_path):
        (tmp_path / "clip.mp4").write_bytes(CONTENT)
        (tmp_path / "taken").mkdir()

        take(tmp_path, "clip.mp4", seen(tmp_path, "clip.mp4"), tmp_path / "taken" / "clip.mp4")

        assert (tmp_path / "taken" / "clip.mp4").read_bytes() == CONTENT
