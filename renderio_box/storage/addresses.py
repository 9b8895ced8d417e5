"""Addresses of stored files that expire."""

import hmac
from collections.abc import Mapping

from renderio_box.clock import Clock
from renderio_box.identifiers import Owner
from renderio_box.jobs.files import StoredFile
from renderio_box.jobs.storage_urls import Seal, seal_in, storage_url_in


class Addresses:
    """Puts seals on storage URLs and knows which ones are good.

    ``keys`` are secrets by version: the highest seals, and all of them open. ``hours`` is
    how long an address is good for, 0 for ever. Whatever was sealed expires, also where
    addresses are not sealed any more.
    """

    def __init__(self, keys: Mapping[int, bytes], clock: Clock, *, hours: int) -> None:
        self._keys = keys
        self._clock = clock
        self._seconds = hours * 3600

    def sealed(self, token: str) -> str:
        """Return what stands before the file's name in an address that is given out now."""
        if not self._seconds:
            return ""
        version = max(self._keys)
        seal = Seal(version, self._now() + self._seconds)
        return f"{seal.written(token, self._keys[version])}/"

    def admits(self, token: str, seal: str) -> bool:
        """Tell whether the token, which opens a file, opens it under this seal or without one."""
        if not seal:
            return not self._seconds
        claimed = seal_in(seal)
        key = None if claimed is None else self._keys.get(claimed.version)
        if claimed is None or key is None:
            return False
        is_ours = hmac.compare_digest(claimed.written(token, key), seal)
        return is_ours and self._now() < claimed.expires_at

    def may_be_named(self, file: StoredFile, url: str, *, sees: Owner | None) -> bool:
        """Tell whether a caller may name the file by this address of it.

        Anybody may while the address is good, and whoever sees the file may always, as by
        its id.
        """
        if sees is None or file.owner == sees:
            return True
        named = storage_url_in(url)
        return named is not None and self.admits(named.token, named.seal)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
