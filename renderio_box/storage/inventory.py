"""What really lies in the directories of the storage, looked at a piece at a time."""

import os
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from anyio import to_thread

from renderio_box.storage.keys import OBJECT_KEY
from renderio_box.storage.removal import remove

FOLDERS: Final = ("outputs", "uploads", "parts")
ENTRIES_AT_ONCE: Final = 500


class Found(msgspec.Struct, frozen=True):
    """A file on disk by its key, as old as its last renaming; ``size_bytes`` is its length.

    The key of a file that the storage never made is no object's.
    """

    key: str
    changed_at: datetime
    size_bytes: int

    @property
    def is_object(self) -> bool:
        """Tell whether the storage gives such names."""
        return OBJECT_KEY.fullmatch(self.key) is not None


class Inventory:
    """Looks at the directory of a LocalStorage from outside; all in worker threads."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    async def pages(self) -> AsyncIterator[list[Found]]:
        """Yield everything below the folders of objects, 500 entries at a time."""
        entries = self._entries()
        while page := await to_thread.run_sync(next_page, entries):
            yield page

    async def missing(self, keys: Collection[str]) -> list[str]:
        """Return those of the keys under which there is nothing."""
        return await to_thread.run_sync(
            lambda: [key for key in keys if not os.path.lexists(self._root / key)]
        )

    async def remove_incoming(self, *, before: datetime) -> int:
        """Remove arriving files that were last written to before that moment."""
        incoming = self._root / "incoming"
        return await to_thread.run_sync(remove_unchanged, incoming, before)

    def _entries(self) -> Iterator[Found]:
        for folder in FOLDERS:
            for shard in sorted(listed(self._root / folder), key=lambda entry: entry.name):
                if shard.is_dir(follow_symlinks=False):
                    yield from files_in(Path(shard.path), prefix=f"{folder}/{shard.name}")


def next_page(entries: Iterator[Found]) -> list[Found]:
    """Return the next entries, none at the end. Blocks."""
    return list(islice(entries, ENTRIES_AT_ONCE))


def files_in(directory: Path, *, prefix: str) -> Iterator[Found]:
    """Yield what lies in one directory; what vanishes meanwhile is left out."""
    for entry in listed(directory):
        with suppress(FileNotFoundError):
            state = entry.stat(follow_symlinks=False)
            changed_at = datetime.fromtimestamp(state.st_ctime, UTC)
            yield Found(f"{prefix}/{entry.name}", changed_at, state.st_size)


def listed(directory: Path) -> list[os.DirEntry[str]]:
    """Return what is in a directory, nothing when it is none."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        return list(entries)
    return []


def remove_unchanged(directory: Path, before: datetime) -> int:
    """Remove what has not changed since that moment; return how many went. Blocks."""
    removed = 0
    for entry in listed(directory):
        with suppress(FileNotFoundError):
            if entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
                removed += remove(Path(entry.path))
    return removed
