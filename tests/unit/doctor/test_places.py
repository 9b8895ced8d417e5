from pathlib import Path

import pytest

from renderio_box.data_directory import DataDirectory
from renderio_box.doctor.finding import State
from renderio_box.doctor.places import (
    Mount,
    directory_findings,
    disk_findings,
    kind_finding,
    mount_of,
    owner_finding,
    room_finding,
)

MIB = 1024 * 1024
MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:5 / /var rw - xfs /dev/sdb1 rw
23 22 0:6 / /var/lib/renderio-box rw master:1 - nfs4 nas:/box rw
24 21 0:7 / /mnt/two\040words rw - btrfs /dev/sdc rw
25 21 0:8 / /var/lib/renderio-box rw - ext4 /dev/sdd rw
""".strip()


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    data = DataDirectory(tmp_path / "data")
    data.make()
    return data


def faults(data: DataDirectory) -> list[tuple[str, State]]:
    found = [(each.subject, each.state) for each in directory_findings(data)]
    return [each for each in found if each[1] is not State.OK]


def test_a_directory_that_is_its_owners_alone_is_well(data: DataDirectory) -> None:
    with data.locked():
        data.url_keys()

    assert faults(data) == []


def test_a_directory_that_is_not_there_yet_is_well(tmp_path: Path) -> None:
    assert faults(DataDirectory(tmp_path / "missing")) == []
    assert not (tmp_path / "missing").exists()


def test_a_directory_that_others_may_open_is_told_of(data: DataDirectory) -> None:
    data.root.chmod(0o755)

    assert faults(data) == [("data directory", State.WARNING)]


def test_keys_that_others_may_read_are_a_problem(data: DataDirectory) -> None:
    with data.locked():
        data.url_keys()
    (data.root / "url_keys.json").chmod(0o644)

    assert faults(data) == [("keys", State.PROBLEM)]


def test_keys_that_are_none_are_a_problem(data: DataDirectory) -> None:
    path = data.root / "url_keys.json"
    path.write_text("{}")
    path.chmod(0o600)

    assert faults(data) == [("keys", State.PROBLEM)]


def test_looking_makes_no_keys(data: DataDirectory) -> None:
    list(directory_findings(data))

    assert list(data.root.iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "user", "state"),
    [(1000, 1000, State.OK), (65534, 0, State.WARNING), (65534, 1000, State.PROBLEM)],
)
def test_whose_the_directory_is_decides_what_can_be_seen(
    owner: int, user: int, state: State
) -> None:
    assert owner_finding(Path("/data"), owner, user=user).state is state


def test_the_way_to_see_it_as_the_box_is_told() -> None:
    found = owner_finding(Path("/data"), 65534, user=0)

    assert found.fix == "sudo -u nobody renderio-box doctor --data /data"


@pytest.mark.parametrize(
    ("free", "state"), [(10, State.PROBLEM), (150, State.WARNING), (250, State.OK)]
)
def test_the_room_is_judged_by_what_is_kept_free(free: int, state: State) -> None:
    assert room_finding(free * MIB, 100 * MIB).state is state


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/home", Mount("/", "ext4")),
        ("/var/log", Mount("/var", "xfs")),
        ("/variable", Mount("/", "ext4")),
        ("/var/lib/renderio-box/files", Mount("/var/lib/renderio-box", "ext4")),
        ("/mnt/two words/a", Mount("/mnt/two words", "btrfs")),
    ],
)
def test_the_last_mount_above_a_path_is_what_it_is_on(path: str, mount: Mount) -> None:
    assert mount_of(Path(path), MOUNTS) == mount


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("ext4", State.OK),
        ("overlay", State.OK),
        ("nfs4", State.WARNING),
        ("fuse.sshfs", State.WARNING),
        ("tmpfs", State.WARNING),
    ],
)
def test_a_file_system_is_judged_by_its_kind(kind: str, state: State) -> None:
    assert kind_finding(Mount("/data", kind)).state is state


def test_a_directory_that_is_not_there_yet_is_judged_by_the_disk_above_it(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "a" / "b")

    found = list(disk_findings(data, reserve_bytes=0))

    assert {each.subject for each in found} == {"disk", "file system"}


def test_work_and_files_on_two_disks_are_a_problem(data: DataDirectory) -> None:
    data.files.symlink_to("/proc", target_is_directory=True)
    assert Path("/proc").stat().st_dev != data.root.stat().st_dev

    found = list(disk_findings(data, reserve_bytes=0))

    assert "different file systems" in found[-1].what
