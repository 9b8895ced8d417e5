"""What the other rooms ask of the place where files are kept."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from renderio_box.errors import BoxError, ErrorCode


class StorageFullError(BoxError):
    """The disk has less room than the file needs plus the operator's reserve."""

    code = ErrorCode.STORAGE_FULL

    def __init__(self) -> None:
        super().__init__("The box is short of disk space; delete files or try again later.")


class ObjectMissingError(Exception):
    """No object has that key, though a row may say so."""


class UnfitOutputError(Exception):
    """There is no plain file of its own that can be read.

    But a link, a device, a name for another file, one that changes, one that is locked,
    or nothing.
    """


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is safely stored; ``sha256`` in lower-case hex."""

    key: str
    size_bytes: int
    sha256: str


class Incoming(Protocol):
    """A file that arrives piece by piece and does not exist until it is complete."""

    async def write(self, piece: bytes) -> None:
        """Append ``piece``; StorageFullError when the disk is full."""
        ...

    async def inspectable(self) -> Path:
        """Return a local path under which all that has arrived can be read."""
        ...

    async def complete(self, key: str) -> StoredObject:
        """Publish what has arrived, durable when this returns. Call it once."""
        ...


@runtime_checkable
class Storage(Protocol):
    """A place for files. Objects never change once they are published."""

    async def publish(self, source: Path, key: str) -> StoredObject:
        """Move a finished file into storage, whole or not at all; durable on return.

        Raises:
            StorageFullError: Less than the reserve would remain free.
            UnfitOutputError: ``source`` is not a plain file with a single name, or not there.
            OSError: The disk failed; ``source`` may be retried.
        """
        ...

    def receive(self) -> AbstractAsyncContextManager[Incoming]:
        """Open a file that arrives from outside; leaving it incomplete forgets it."""
        ...

    def read(self, key: str, *, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield ``length`` bytes from ``start`` in bounded pieces; ObjectMissingError."""
        ...

    async def link_into(self, key: str, target: Path) -> None:
        """Make the object readable as ``target`` without copying it; ObjectMissingError."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object; harmless when it is gone already."""
        ...

    async def free_bytes(self) -> int:
        """Return how much room is left above the operator's reserve, 0 or less when none is."""
        ...
