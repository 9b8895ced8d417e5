"""What every Storage promises."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from renderio_box.storage.storage import (
    ObjectMissingError,
    Storage,
    StorageFullError,
    UnfitOutputError,
)
from tests.contract.conftest import CONTENT

KEY = "outputs/ab/job-1-out_clip.mp4"
OTHER_KEY = "uploads/cd/file.bin"


async def read(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def kept(root: Path) -> list[Path]:
    """Return every file under the storage's root."""
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_published_file_is_described(storage: Storage, source: Path) -> None:
    stored = await storage.publish(source, KEY)

    assert (stored.key, stored.size_bytes, stored.sha256) == (
        KEY,
        len(CONTENT),
        hashlib.sha256(CONTENT).hexdigest(),
    )


async def test_a_published_file_is_read_back_whole(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)

    assert await read(storage.read(KEY, start=0, length=len(CONTENT))) == CONTENT


async def test_publishing_moves_the_file(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)

    assert not source.exists()


async def test_an_empty_file_can_be_published(storage: Storage, tmp_path: Path) -> None:
    empty = tmp_path / "empty.bin"
    empty.touch()

    assert (await storage.publish(empty, KEY)).size_bytes == 0


async def test_publishing_under_a_taken_key_replaces_the_object(
    storage: Storage, source: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.mp4"
    again.write_bytes(b"again")
    await storage.publish(source, KEY)

    await storage.publish(again, KEY)

    assert await read(storage.read(KEY, start=0, length=5)) == b"again"


@pytest.mark.parametrize("kind", ["link", "fifo", "second name", "directory"])
async def test_what_is_no_plain_file_of_its_own_is_refused(
    storage: Storage, source: Path, tmp_path: Path, kind: str
) -> None:
    unfit = tmp_path / "unfit.mp4"
    make = {
        "link": lambda: unfit.symlink_to(source),
        "fifo": lambda: os.mkfifo(unfit),
        "second name": lambda: unfit.hardlink_to(source),
        "directory": unfit.mkdir,
    }
    make[kind]()

    with pytest.raises(UnfitOutputError):
        await storage.publish(unfit, KEY)


async def test_a_refused_link_leaves_its_target_alone(
    storage: Storage, source: Path, tmp_path: Path
) -> None:
    mode = source.stat().st_mode
    link = tmp_path / "link.mp4"
    link.symlink_to(source)

    with pytest.raises(UnfitOutputError):
        await storage.publish(link, KEY)

    assert (source.read_bytes(), source.stat().st_mode) == (CONTENT, mode)


async def test_a_source_that_is_not_there_is_refused(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(UnfitOutputError):
        await storage.publish(tmp_path / "nothing.mp4", KEY)


async def test_a_full_disk_refuses_to_publish(full_storage: Storage, source: Path) -> None:
    with pytest.raises(StorageFullError):
        await full_storage.publish(source, KEY)


async def test_a_file_that_did_not_fit_may_be_published_later(
    full_storage: Storage, storage: Storage, source: Path
) -> None:
    with pytest.raises(StorageFullError):
        await full_storage.publish(source, KEY)

    assert (await storage.publish(source, KEY)).size_bytes == len(CONTENT)


async def test_a_full_disk_has_no_room(full_storage: Storage) -> None:
    assert await full_storage.free_bytes() <= 0


async def test_a_disk_with_room_says_how_much(storage: Storage) -> None:
    assert await storage.free_bytes() > 0


async def test_a_received_file_is_described(storage: Storage) -> None:
    async with storage.receive() as incoming:
        await incoming.write(CONTENT[:700_000])
        await incoming.write(CONTENT[700_000:])
        stored = await incoming.complete(KEY)

    assert (stored.size_bytes, stored.sha256) == (
        len(CONTENT),
        hashlib.sha256(CONTENT).hexdigest(),
    )


async def test_a_received_file_is_read_back_whole(storage: Storage) -> None:
    async with storage.receive() as incoming:
        await incoming.write(CONTENT)
        await incoming.complete(KEY)

    assert await read(storage.read(KEY, start=0, length=len(CONTENT))) == CONTENT


async def test_a_file_can_be_looked_at_while_it_arrives(storage: Storage) -> None:
    async with storage.receive() as incoming:
        await incoming.write(b"first")

        assert (await incoming.inspectable()).read_bytes() == b"first"


async def test_a_file_goes_on_arriving_after_it_was_looked_at(storage: Storage) -> None:
    async with storage.receive() as incoming:
        await incoming.write(b"first")
        await incoming.inspectable()
        await incoming.write(b" second")
        await incoming.complete(KEY)

    assert await read(storage.read(KEY, start=0, length=12)) == b"first second"


async def test_a_file_that_stays_incomplete_leaves_nothing(storage: Storage, root: Path) -> None:
    async with storage.receive() as incoming:
        await incoming.write(CONTENT)

    assert kept(root) == []


async def test_a_file_that_breaks_off_leaves_nothing(storage: Storage, root: Path) -> None:
    with pytest.raises(ConnectionError):
        await break_off(storage)

    assert kept(root) == []


async def break_off(storage: Storage) -> None:
    async with storage.receive() as incoming:
        await incoming.write(CONTENT)
        raise ConnectionError


async def test_a_full_disk_receives_nothing(full_storage: Storage) -> None:
    async with full_storage.receive() as incoming:
        with pytest.raises(StorageFullError):
            await incoming.write(CONTENT)


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (0, 0), (255, 2), (len(CONTENT) - 1, 1), (1_048_575, 2), (1, 1_100_000)],
)
async def test_any_range_can_be_read(
    storage: Storage, source: Path, start: int, length: int
) -> None:
    await storage.publish(source, KEY)

    found = await read(storage.read(KEY, start=start, length=length))

    assert found == CONTENT[start : start + length]


async def test_pieces_are_bounded(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)

    sizes = [len(piece) async for piece in storage.read(KEY, start=0, length=len(CONTENT))]

    assert max(sizes) <= 1024 * 1024


async def test_reading_past_the_end_is_an_error(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)

    with pytest.raises(ObjectMissingError):
        await read(storage.read(KEY, start=len(CONTENT), length=1))


async def test_an_object_that_is_not_there_cannot_be_read(storage: Storage) -> None:
    with pytest.raises(ObjectMissingError):
        await read(storage.read(KEY, start=0, length=1))


async def test_an_object_that_is_not_there_cannot_be_linked(
    storage: Storage, tmp_path: Path
) -> None:
    with pytest.raises(ObjectMissingError):
        await storage.link_into(KEY, tmp_path / "in.mp4")


async def test_a_linked_object_reads_like_the_object(
    storage: Storage, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "in.mp4"
    await storage.publish(source, KEY)

    await storage.link_into(KEY, target)

    assert target.read_bytes() == CONTENT


async def test_a_linked_object_outlives_its_deletion(
    storage: Storage, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "in.mp4"
    await storage.publish(source, KEY)
    await storage.link_into(KEY, target)

    await storage.delete(KEY)

    assert target.read_bytes() == CONTENT


async def test_a_deleted_object_is_gone(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)

    await storage.delete(KEY)

    with pytest.raises(ObjectMissingError):
        await read(storage.read(KEY, start=0, length=1))


async def test_deleting_twice_is_harmless(storage: Storage, source: Path) -> None:
    await storage.publish(source, KEY)
    await storage.delete(KEY)

    await storage.delete(KEY)


async def test_deleting_one_object_leaves_the_others(
    storage: Storage, source: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"other")
    await storage.publish(source, KEY)
    await storage.publish(other, OTHER_KEY)

    await storage.delete(KEY)

    assert await read(storage.read(OTHER_KEY, start=0, length=5)) == b"other"
