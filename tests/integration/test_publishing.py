"""Publishing everything or nothing, whatever gets in the way."""

from pathlib import Path

import anyio
import pytest

from renderio_box.companions import accompanied_by
from renderio_box.jobs.files import FileType, MediaInfo
from renderio_box.jobs.job import Job
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.publish import PUBLISHED_AT_ONCE, Product, Products, Publisher
from renderio_box.storage.local import LocalStorage
from renderio_box.storage.storage import StoredObject
from tests.builders import make_job


class HaltingStorage(LocalStorage):
    """Local storage that never gets done with one file, and counts how many it is asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, reserve_bytes=0)
        self.halted = anyio.Event()
        self.at_once = self.most_at_once = 0

    async def publish(self, source: Path, key: str) -> StoredObject:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        stored = await super().publish(source, key)
        if source.name == "halt.ts":
            self.halted.set()
            await anyio.sleep_forever()
        self.at_once -= 1
        return stored


@pytest.fixture
async def storage(tmp_path: Path) -> HaltingStorage:
    opened = HaltingStorage(tmp_path / "files")
    await opened.open()
    return opened


@pytest.fixture
def job() -> Job:
    return make_job(attempt=1)


def products(directory: Path, *names: str) -> Products:
    """Make a playlist with these segments in a directory."""
    directory.mkdir()
    for name in ("playlist.m3u8", *names):
        (directory / name).write_bytes(name.encode())
    playlist = Product(
        alias="out_playlist_a",
        path=directory / "playlist.m3u8",
        media=MediaInfo(file_type=FileType.TEXT),
    )
    return Products(outputs=(playlist,), segments={name: directory / name for name in names})


def kept(storage_root: Path) -> list[str]:
    return [path.name for path in storage_root.rglob("*") if path.is_file()]


async def test_segments_are_published_in_the_order_in_which_they_are_named(
    storage: HaltingStorage, job: Job, tmp_path: Path
) -> None:
    names = [f"{number}.ts" for number in range(50)]

    published = await Publisher(storage).publish(job, products(tmp_path / "out", *names))

    assert [segment.path for segment in published.segments] == names
    assert [Path(segment.key).name for segment in published.segments] == [
        f"{job.id}-1-s{number}.ts" for number in range(50)
    ]


async def test_only_so_many_files_are_published_at_once(
    storage: HaltingStorage, job: Job, tmp_path: Path
) -> None:
    names = [f"{number}.ts" for number in range(50)]

    await Publisher(storage).publish(job, products(tmp_path / "out", *names))

    assert 1 < storage.most_at_once <= PUBLISHED_AT_ONCE


async def test_publishing_that_is_cancelled_leaves_nothing_behind(
    storage: HaltingStorage, job: Job, tmp_path: Path
) -> None:
    made = products(tmp_path / "out", "a.ts", "halt.ts")

    with anyio.fail_after(30):
        async with accompanied_by(Publisher(storage).publish, job, made):
            await storage.halted.wait()

    assert kept(tmp_path / "files") == []


async def test_a_segment_that_is_a_link_leaves_nothing_behind(
    storage: HaltingStorage, job: Job, tmp_path: Path
) -> None:
    made = products(tmp_path / "out", *(f"{number}.ts" for number in range(20)))
    (tmp_path / "out" / "7.ts").unlink()
    (tmp_path / "out" / "7.ts").symlink_to("/etc/passwd")

    with pytest.raises(AttemptFailedError, match=r"7\.ts is not a plain file"):
        await Publisher(storage).publish(job, made)

    assert kept(tmp_path / "files") == []
