"""The directory that holds everything the box keeps, and who may open it."""

import fcntl
import os
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.durable import write_private
from renderio_box.replacement import finish_replacement

KEY_BYTES: Final = 32
MAX_VERSION: Final = 9999


class DirectoryInUseError(Exception):
    """Another process works in the data directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another renderio-box works in {path}; stop it, or choose another --data."
        )


class UrlKeysError(Exception):
    """The keys that storage URLs are sealed with cannot be used."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds no keys of {KEY_BYTES} bytes by version; restore it, or remove it:"
            " then a new one is made, and every storage URL that expires has expired."
        )


class Server(msgspec.Struct, frozen=True, omit_defaults=True):
    """How commands on this machine reach the box that runs: its address, and a key of its own.

    ``certificate`` is the one that it shows, empty for plain HTTP.
    """

    url: str
    key: str
    certificate: str = ""


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
    def backups(self) -> Path:
        """Return the directory of snapshots that are on their way to where they are kept."""
        return self.root / "backups"

    def make(self) -> None:
        """Create the directory for its owner only. Blocks.

        Raises:
            OSError: It cannot be made or written.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the directory; the kernel gives it back when the process dies.

        A restore that was interrupted is finished first, or forgotten.

        Raises:
            DirectoryInUseError: Another process holds it.
        """
        with (self.root / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DirectoryInUseError(self.root) from error
            self._server_file.unlink(missing_ok=True)
            finish_replacement(self.root)
            yield

    def url_keys(self) -> Mapping[int, bytes]:
        """Return the keys of storage URLs by version, made if there are none yet.

        Call it with the lock held. They are in a file of their own, where a further version
        can be added: addresses are then sealed with it, and older ones stay good.

        Raises:
            UrlKeysError: The file is there and holds something else.
        """
        path = self.root / "url_keys.json"
        if not path.exists():
            write_private(path, msgspec.json.encode({1: secrets.token_bytes(KEY_BYTES)}))
        try:
            keys = msgspec.json.decode(path.read_bytes(), type=dict[int, bytes])
        except msgspec.DecodeError as error:
            raise UrlKeysError(path) from error
        if not keys or not all(map(is_url_key, keys.items())):
            raise UrlKeysError(path)
        return keys

    @property
    def first_key_file(self) -> Path:
        """Return where the administrator's first key waits for the operator to take it."""
        return self.root / "first_key"

    def keep_first_key(self, key: str) -> None:
        """Write the first key for the owner of the directory only, whole or not at all. Blocks."""
        write_private(self.first_key_file, f"{key}\n".encode())

    def kept_first_key(self) -> str | None:
        """Return the first key that nobody has taken yet, None when there is none."""
        try:
            return self.first_key_file.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None

    def forget_first_key(self) -> None:
        """Remove the first key from the disk; the key itself is not changed by that."""
        self.first_key_file.unlink(missing_ok=True)

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

    def say_anew(self, server: Server) -> None:
        """Change what is said of how the box is reached, at once and whole. Blocks."""
        write_private(self._server_file, msgspec.json.encode(server))

    def server(self) -> Server | None:
        """Return how to reach the box that runs here, None while none answers."""
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._server_file.read_bytes(), type=Server)
        return None

    @property
    def _server_file(self) -> Path:
        return self.root / "server.json"


def hand_over(folder: Path, owner: Path) -> None:
    """Give what root has made in the folder to whoever owns another, or nothing. Blocks.

    Only root may, and only what is root's is given away.
    """
    account = owner.stat()
    if os.geteuid() != 0 or account.st_uid == 0:
        return
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid == 0:
            os.lchown(path, account.st_uid, account.st_gid)


def is_url_key(key: tuple[int, bytes]) -> bool:
    """Tell whether a version is one that a URL has room for, and its key hard to guess."""
    version, secret = key
    return 1 <= version <= MAX_VERSION and len(secret) >= KEY_BYTES
