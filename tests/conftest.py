"""Fixtures that every folder may use; nothing here opens anything."""

import fcntl
from pathlib import Path

import pytest

from renderio_box.storage.linking import FICLONE
from tests.fakes import ManualClock


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def without_reflinks(tmp_path: Path) -> None:
    """Skip where the file system shares blocks, so that no second name tells of sharing."""
    source, target = tmp_path / "reflink-source", tmp_path / "reflink-target"
    source.write_bytes(b"x" * 4096)
    with source.open("rb") as original, target.open("wb") as view:
        try:
            fcntl.ioctl(view.fileno(), FICLONE, original.fileno())
        except OSError:
            return
    pytest.skip("this file system shares blocks")
