from pathlib import Path

import pytest

from renderio_box.machine import physical_memory_bytes, usable_memory_bytes

MEBIBYTE = 1024 * 1024


def usable(root: Path, membership: str, limits: dict[str, str]) -> int:
    """Return what a machine with these control groups lets us have."""
    (root / "cgroup").write_text(membership)
    for name, limit in limits.items():
        file = root / "mount" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{limit}\n")
    return usable_memory_bytes(root / "mount", root / "cgroup")


@pytest.mark.parametrize(
    ("membership", "limits", "mbytes"),
    [
        ("0::/a.slice/b.service", {"a.slice/b.service/memory.max": "1048576"}, 1),
        ("0::/b.service/box", {"b.service/memory.max": "2097152"}, 2),
        ("0::/", {"memory.max": "3145728"}, 3),
        ("3:cpu:/a\n2:memory:/a", {"memory/a/memory.limit_in_bytes": "4194304"}, 4),
        ("2:cpuset,memory:/host/id", {"memory/memory.limit_in_bytes": "5242880"}, 5),
        (
            "0::/a/b",
            {"a/b/memory.max": "max", "a/memory.max": "7340032", "memory.max": "6291456"},
            6,
        ),
    ],
    ids=["unit", "of the unit around us", "container", "version 1", "container of 1", "smallest"],
)
def test_a_control_group_bounds_what_there_is(
    tmp_path: Path, membership: str, limits: dict[str, str], mbytes: int
) -> None:
    assert usable(tmp_path, membership, limits) == mbytes * MEBIBYTE


@pytest.mark.parametrize(
    ("membership", "limits"),
    [
        ("0::/a", {}),
        ("0::/a", {"a/memory.max": "max"}),
        ("2:memory:/", {"memory/memory.limit_in_bytes": "9223372036854771712"}),
        ("", {}),
    ],
)
def test_without_a_limit_there_is_what_the_machine_has(
    tmp_path: Path, membership: str, limits: dict[str, str]
) -> None:
    assert usable(tmp_path, membership, limits) == physical_memory_bytes()


def test_without_control_groups_there_is_what_the_machine_has(tmp_path: Path) -> None:
    assert usable_memory_bytes(tmp_path, tmp_path / "none") == physical_memory_bytes()
