import os
from pathlib import Path

import pytest

from renderio_box.ffmpeg.cgroups import Cgroup, find_cgroups, is_ours, limits, own_group


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with the file by which a group hands controllers on."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "cgroup.subtree_control").write_text("")
    (tmp_path / "self").write_text("0::/ours\n")
    return tmp_path


def test_the_group_of_a_process_is_found_below_the_mount(tree: Path) -> None:
    assert own_group(tree, tree / "self") == tree / "ours"


@pytest.mark.parametrize("membership", ["", "4:memory:/a\n0::/a\n", "9:name=systemd:/\n", "0::\n"])
def test_a_machine_without_version_2_alone_has_no_groups(tree: Path, membership: str) -> None:
    (tree / "self").write_text(membership)

    assert own_group(tree, tree / "self") is None


def test_a_system_without_groups_has_none(tree: Path) -> None:
    assert own_group(tree, tree / "missing") is None


def test_a_group_without_its_control_file_is_not_ours(tree: Path) -> None:
    (tree / "ours" / "cgroup.subtree_control").unlink()

    assert not is_ours(tree / "ours")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write what was not handed to it")
def test_root_takes_no_group_that_was_not_handed_over(tree: Path) -> None:
    assert not is_ours(tree / "ours")


async def test_nothing_is_changed_in_a_group_that_is_not_ours(tree: Path) -> None:
    (tree / "ours" / "cgroup.subtree_control").unlink()

    assert await find_cgroups(tree, tree / "self") is None
    assert list((tree / "ours").iterdir()) == []


def test_a_group_dies_as_a_whole_when_its_memory_is_used_up() -> None:
    assert limits(1000, 20) == {
        "memory.max": "1000",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "20",
    }


@pytest.mark.parametrize(
    ("events", "killed"),
    [
        ("low 0\noom 1\noom_kill 0\n", False),
        ("low 0\noom 1\noom_kill 2\noom_group_kill 1\n", True),
        ("", False),
    ],
)
def test_a_kill_for_want_of_memory_is_read_from_the_groups_events(
    tmp_path: Path, *, events: str, killed: bool
) -> None:
    (tmp_path / "memory.events").write_text(events)

    assert Cgroup(tmp_path).was_out_of_memory is killed


def test_a_group_without_a_memory_controller_tells_of_no_kill(tmp_path: Path) -> None:
    assert not Cgroup(tmp_path).was_out_of_memory
