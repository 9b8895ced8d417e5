"""Every Storage there is, opened on an empty directory."""

from pathlib import Path

import pytest

from renderio_box.storage.local import LocalStorage
from renderio_box.storage.storage import Storage

CONTENT = bytes(range(256)) * 5000
"""1.28 MB: more than the pieces that storage reads and writes."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
async def storage(root: Path) -> Storage:
    opened = LocalStorage(root, reserve_bytes=0)
    await opened.open()
    return opened


@pytest.fixture
async def full_storage(tmp_path: Path) -> Storage:
    opened = LocalStorage(tmp_path / "full", reserve_bytes=2**60)
    await opened.open()
    return opened


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a finished file that is not in storage yet."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    return path
