"""The directory that holds everything the box keeps, and who may open it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec


class DirectoryInUseError(Exception):
    """Another process works in the data directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another renderio-box works in {path}; stop it, or choose another --data."
        )


class Server(msgspec.Struct, frozen=True):
    """How commands on this machine reach the box that runs: its address, and a key of its own."""

    url: str
    key: str


class DataDirectory(msgspec.Struct, frozen=True):
    """Names below ``root``. Only whoever holds the lock may open the database."""

    root: Path

    @property
    def database(self) -> Path:
        """Return the database file."""
        return self.root / "box.sqlite3"

    @property
    def files(self) -> Path:
        """Return the directory of stored files."""
        return self.root / "files"

    @property
    def work(self) -> Path:
        """Return the directory of workspaces."""
        return self.root / "work"

    @property
    def scratch(self) -> Path:
        """Return a home for tools that belong to no job."""
        return self.root / "scratch"

    def make(self) -> None:
        """Create the directory for its owner only. Blocks.

        Raises:
            OSError: It cannot be made or written.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.scratch.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the directory; the kernel gives it back when the process dies.

        Raises:
            DirectoryInUseError: Another process holds it.
        """
        with (self.root / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DirectoryInUseError(self.root) from error
            self._server_file.unlink(missing_ok=True)
            yield

    @contextmanager
    def serving(self, server: Server) -> Generator[None]:
        """Say how the box is reached for as long as it runs; call it with the lock held."""
        handle = os.open(self._server_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(server))
        try:
            yield
        finally:
            self._server_file.unlink(missing_ok=True)

    def server(self) -> Server | None:
        """Return how to reach the box that runs here, None while none answers."""
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._server_file.read_bytes(), type=Server)
        return None

    @property
    def _server_file(self) -> Path:
        return self.root / "server.json"
