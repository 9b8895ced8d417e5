"""What every Unpacker promises; the real one works in a process of its own."""

import zipfile
from pathlib import Path

import anyio
import pytest

from renderio_box.ffmpeg.builds import locate_ffmpeg
from renderio_box.ffmpeg.isolation import Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import ResourceLimits, process_limit
from renderio_box.inputs import archive
from renderio_box.inputs.archive import RefusedArchiveError, TooLargeArchiveError
from renderio_box.scheduler.unpacker import Unpacker, WalledUnpacker
from tests.fakes import UnwalledUnpacker
from tests.zips import zipped

LIMITS = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)


@pytest.fixture(scope="session")
async def walled() -> Unpacker:
    isolation = await find_isolation(locate_ffmpeg(""), LIMITS, Wanted(), font_config=None)
    return WalledUnpacker(isolation, within_s=30)


@pytest.fixture(params=["walled", "unwalled"])
def unpacker(request: pytest.FixtureRequest, walled: Unpacker) -> Unpacker:
    return walled if request.param == "walled" else UnwalledUnpacker()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """An empty directory to unpack into."""
    directory = tmp_path / "unpacked"
    directory.mkdir()
    return directory


async def test_nothing_but_names_and_bytes_is_taken_from_the_archive(
    unpacker: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("a.sh", mode=0o106755))

    await unpacker.unpack(path, empty, max_bytes=10**6)

    status = (empty / "a.sh").stat()
    assert (status.st_mode, status.st_nlink) == (0o100600, 1)
    assert status.st_mtime > path.stat().st_mtime - 60


async def test_folders_are_for_nobody_else(unpacker: Unpacker, tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("a/b/c.txt"))

    await unpacker.unpack(path, empty, max_bytes=10**6)

    assert [(empty / name).stat().st_mode for name in ("a", "a/b")] == [0o40700, 0o40700]


async def test_a_size_that_is_a_lie_is_found_out(
    unpacker: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path, honest = tmp_path / "a.zip", zipped(("a", bytes(50_000)))
    at = honest.index(b"PK\x01\x02") + 24
    path.write_bytes(honest[:at] + (10).to_bytes(4, "little") + honest[at + 4 :])

    with pytest.raises(RefusedArchiveError, match="damaged"):
        await unpacker.unpack(path, empty, max_bytes=100)

    assert (empty / "a").stat().st_size <= 10


async def test_a_wrong_checksum_is_found_out(
    unpacker: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("a.txt", method=zipfile.ZIP_STORED).replace(b"a.txt", b"b.txt", 1))

    with pytest.raises(RefusedArchiveError, match="damaged"):
        await unpacker.unpack(path, empty, max_bytes=10**6)


async def test_a_table_of_contents_without_bound_is_not_read(
    unpacker: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    size = archive.MAX_LISTING_BYTES + 1
    end = b"PK\x05\x06" + bytes(8) + size.to_bytes(4, "little") + bytes(6)
    path.write_bytes(bytes(size) + end)

    with pytest.raises(RefusedArchiveError, match="table of contents is larger than 4 MiB"):
        await unpacker.unpack(path, empty, max_bytes=10**6)


async def test_what_unpacks_to_too_much_is_cut_off(
    unpacker: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("a", bytes(500_000))))

    with pytest.raises(TooLargeArchiveError, match="more than 0 MiB"):
        await unpacker.unpack(path, empty, max_bytes=1000)


async def test_a_file_that_no_command_may_write_is_too_large(
    walled: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("a", bytes(LIMITS.file_bytes + 1))))

    with pytest.raises(TooLargeArchiveError, match="larger than a command's files may be"):
        await walled.unpack(path, empty, max_bytes=10**9)


async def test_unpacking_stops_when_its_caller_is_cancelled(
    walled: Unpacker, tmp_path: Path, empty: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("a", bytes(10**6))))

    with anyio.move_on_after(0) as scope:
        await walled.unpack(path, empty, max_bytes=10**6)

    assert scope.cancelled_caught
    assert list(empty.iterdir()) == []
