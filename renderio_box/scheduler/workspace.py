"""The scratch directory of one attempt, and putting its inputs into it."""

import re
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import anyio
import msgspec
import structlog
from anyio import to_thread

from renderio_box.jobs.job import Job
from renderio_box.storage.removal import remove

log = structlog.get_logger()

BUFFER_BYTES: Final = 1024 * 1024
REMOVAL_SECONDS: Final = 30.0
NAME: Final = re.compile(r"[0-9a-f-]{36}-[0-9]+")


class Workspace(msgspec.Struct, frozen=True):
    """Where an attempt works: inputs beside the directory that FFmpeg runs and writes in.

    FFmpeg may write to ``outputs`` and ``scratch`` only; whatever is below those is not
    to be trusted, and what is left of them once it has ended is moved to ``taken``.
    """

    root: Path

    @property
    def inputs(self) -> Path:
        """Return the directory of input files."""
        return self.root / "in"

    @property
    def outputs(self) -> Path:
        """Return the directory that FFmpeg runs in."""
        return self.root / "out"

    @property
    def scratch(self) -> Path:
        """Return the home of whatever FFmpeg keeps aside."""
        return self.root / "tmp"

    @property
    def taken(self) -> Path:
        """Return the directory of what FFmpeg made and cannot reach any more."""
        return self.root / "taken"

    def make(self) -> None:
        """Create all directories. Blocks."""
        # fontconfig would make its own, but may not set its mode and then gives up.
        font_cache = self.scratch / "fontconfig"
        directories = (self.inputs, self.outputs, self.scratch, font_cache, self.taken)
        for directory in (self.root, *directories):
            directory.mkdir(mode=0o700)


class Workspaces:
    """All workspaces, under a directory on the same file system as the storage."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def sweep(self) -> None:
        """Remove what attempts of a dead process left behind."""
        await to_thread.run_sync(self._sweep)

    async def names(self) -> list[str]:
        """Return the names of all workspaces, each of its job and its attempt."""
        return await to_thread.run_sync(
            lambda: [path.name for path in self._root.iterdir() if NAME.fullmatch(path.name)]
        )

    async def remove(self, names: Collection[str], *, before: datetime) -> int:
        """Remove workspaces that were made before that moment; return how many."""
        return await to_thread.run_sync(self._remove, names, before)

    async def make(self, job: Job) -> Workspace:
        """Make an empty workspace for the job's attempt; whoever does so discards it."""
        workspace = self._of(job)
        await to_thread.run_sync(workspace.make)
        return workspace

    async def discard(self, job: Job) -> None:
        """Remove the workspace of the job's attempt, if there is one; bounded in time."""
        with anyio.move_on_after(REMOVAL_SECONDS, shield=True):
            await to_thread.run_sync(clear, self._of(job).root, abandon_on_cancel=True)

    def _of(self, job: Job) -> Workspace:
        return Workspace(self._root / f"{job.id}-{job.attempt}")

    def _remove(self, names: Collection[str], before: datetime) -> int:
        removed = 0
        for name in names:
            path = self._root / name
            with suppress(FileNotFoundError):
                if path.lstat().st_mtime < before.timestamp():
                    removed += remove(path)
        return removed

    def _sweep(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._root.iterdir():
            clear(left)


def clear(path: Path) -> None:
    """Remove whatever is there, and say so when something stays. Blocks."""
    if not remove(path):
        log.warning("work_not_removed", name=path.name)


async def save(pieces: AsyncIterator[bytes], path: Path) -> None:
    """Write what arrives to a new file, with at most 1 MiB in memory."""
    file = await to_thread.run_sync(path.open, "xb")
    try:
        buffer = bytearray()
        async for piece in pieces:
            buffer += piece
            if len(buffer) >= BUFFER_BYTES:
                await to_thread.run_sync(file.write, bytes(buffer))
                buffer.clear()
        await to_thread.run_sync(file.write, bytes(buffer))
        await to_thread.run_sync(file.flush)
    finally:
        with suppress(OSError):
            file.close()
