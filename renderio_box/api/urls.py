"""Addresses that the box hands out."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request

from renderio_box.identifiers import JobId
from renderio_box.jobs.files import StoredFile
from renderio_box.jobs.uploads import Upload
from renderio_box.storage.addresses import Addresses


class Urls(msgspec.Struct, frozen=True):
    """Absolute addresses below ``base``, which has no slash at its end.

    ``sealed`` returns what lets the address of a file expire, with a slash behind it.
    """

    base: str
    sealed: Callable[[str], str]

    def of_file(self, file: StoredFile) -> str:
        """Return where the file is served to whoever has this address, counted from now."""
        return f"{self.base}/files/{file.token}/{self.sealed(file.token)}{quote(file.filename)}"

    def of_part(self, upload: Upload, number: int) -> str:
        """Return where a part of the upload is sent to by whoever has this address."""
        return f"{self.base}/uploads/{upload.token}/{number}"

    def of_log(self, job_id: JobId) -> str:
        """Return where the command's log is served to its owner."""
        return f"{self.base}/api/v1/commands/{job_id}/log"


class UrlMaker:
    """Knows how the box is reached: as configured, else as the request came in."""

    def __init__(self, public_url: str, addresses: Addresses) -> None:
        self._public_url = public_url.rstrip("/")
        self._addresses = addresses

    def urls(self, request: Request[Any, Any, Any]) -> Urls:
        """Return the addresses to use in the answer to ``request``."""
        return self.urls_from(str(request.base_url))

    def urls_from(self, origin: str) -> Urls:
        """Return the addresses for somebody who reaches, or reached, the box at ``origin``."""
        return Urls(self._public_url or origin.rstrip("/"), self._addresses.sealed)
