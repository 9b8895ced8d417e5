"""What every Storage refuses to take for a key."""

from pathlib import Path

import pytest

from renderio_box.storage.storage import Storage

ESCAPES = [
    "",
    "clip.mp4",
    "/etc/passwd",
    "../outputs/ab/clip.mp4",
    "outputs/../../clip.mp4",
    "outputs/ab/../clip.mp4",
    "outputs/ab/.hidden",
    "outputs/ab/a/b.mp4",
    "outputs/ab/clip.mp4\n",
    "outputs/ab/clip.mp4\0",
    "outputs/AB/clip.mp4",
    "incoming/ab/clip.mp4",
]


@pytest.mark.parametrize("key", ESCAPES)
async def test_publishing_under_a_key_that_escapes_is_refused(
    storage: Storage, source: Path, key: str
) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await storage.publish(source, key)


@pytest.mark.parametrize("key", ESCAPES)
async def test_reading_a_key_that_escapes_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await anext(aiter(storage.read(key, start=0, length=1)))


@pytest.mark.parametrize("key", ESCAPES)
async def test_deleting_a_key_that_escapes_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await storage.delete(key)


@pytest.mark.parametrize("key", ESCAPES)
async def test_linking_a_key_that_escapes_is_refused(
    storage: Storage, tmp_path: Path, key: str
) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await storage.link_into(key, tmp_path / "target")


@pytest.mark.parametrize("key", ESCAPES)
async def test_completing_under_a_key_that_escapes_is_refused(storage: Storage, key: str) -> None:
    async with storage.receive() as incoming:
        with pytest.raises(ValueError, match="not an object key"):
            await incoming.complete(key)
