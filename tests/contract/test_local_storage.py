"""What LocalStorage promises beyond the protocol: modes, names, and what a start finds."""

import stat
from pathlib import Path

import pytest

from renderio_box.storage.local import LocalStorage
from renderio_box.storage.storage import StorageFullError
from tests.contract.conftest import CONTENT

KEY = "outputs/ab/job-1-out_clip.mp4"
OTHER_KEY = "uploads/cd/again.mp4"


async def test_an_object_is_read_only(storage: LocalStorage, root: Path, source: Path) -> None:
    await storage.publish(source, KEY)

    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o440


async def test_a_received_object_is_read_only(storage: LocalStorage, root: Path) -> None:
    async with storage.receive() as incoming:
        await incoming.write(b"content")
        await incoming.complete(KEY)

    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o440


async def test_publishing_renames_and_copies_nothing(
    storage: LocalStorage, root: Path, source: Path
) -> None:
    number = source.stat().st_ino

    await storage.publish(source, KEY)

    assert (root / KEY).stat().st_ino == number


@pytest.mark.usefixtures("without_reflinks")
async def test_a_linked_object_is_a_second_name_for_it(
    storage: LocalStorage, root: Path, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "in.mp4"
    await storage.publish(source, KEY)

    await storage.link_into(KEY, target)

    assert target.samefile(root / KEY)


async def test_linking_onto_an_existing_file_is_refused(
    storage: LocalStorage, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "in.mp4"
    target.write_bytes(b"mine")
    await storage.publish(source, KEY)

    with pytest.raises(FileExistsError):
        await storage.link_into(KEY, target)


async def test_opening_forgets_what_was_half_received(storage: LocalStorage, root: Path) -> None:
    (root / "incoming/left").write_bytes(b"half")

    await storage.open()

    assert list((root / "incoming").iterdir()) == []


async def test_opening_again_keeps_every_object(
    storage: LocalStorage, root: Path, source: Path
) -> None:
    await storage.publish(source, KEY)

    await storage.open()

    assert (root / KEY).read_bytes() == CONTENT


async def test_the_check_leaves_nothing_behind(storage: LocalStorage, root: Path) -> None:
    await storage.check()

    assert [path for path in root.rglob("*") if path.is_file()] == []


async def test_the_check_of_a_full_disk_fails(root: Path) -> None:
    full = LocalStorage(root, reserve_bytes=2**60)
    await full.open()

    with pytest.raises(StorageFullError):
        await full.check()


async def test_a_failed_publication_leaves_no_object(root: Path, source: Path) -> None:
    full = LocalStorage(root, reserve_bytes=2**60)
    await full.open()

    with pytest.raises(StorageFullError):
        await full.publish(source, KEY)

    assert [path for path in root.rglob("*") if path.is_file()] == []
