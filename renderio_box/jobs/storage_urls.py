"""Storage URLs: recognising those of the box, and the seals that let them expire.

``/files/TOKEN/NAME`` never expires; ``/files/TOKEN/SEAL/NAME`` does. The seal stands in the
path because players that resolve the names in a playlist keep that, and drop a query.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

MAC_BYTES: Final = 24
SEAL: Final = re.compile(r"(\d{1,4})\.(\d{1,12})\.([A-Za-z0-9_-]{32})", flags=re.ASCII)
OWN_PATH: Final = re.compile(rf"/files/([A-Za-z0-9_-]{{43}})/(?:({SEAL.pattern})/)?([^/]+)$")
EXPIRED: Final = (
    "is an address of this box that has expired; ask for its command or file again,"
    " which shows a fresh one, or name its file_id."
)
"""What is said of such an input, after its name."""


class StorageUrl(msgspec.Struct, frozen=True):
    """What a storage URL says: which file it opens, what that is called, and its seal if any."""

    token: str
    filename: str
    seal: str = ""


def storage_url_in(url: str) -> StorageUrl | None:
    """Return what ``url`` says when it has the form of a storage URL, else None.

    The token has 256 random bits, so the host does not matter: no URL of somebody else
    can hold one of ours by chance.
    """
    match = OWN_PATH.search(urlsplit(url).path)
    if match is None:
        return None
    token, seal, *_, filename = match.groups()
    return StorageUrl(token, unquote(filename), seal or "")


def parted(path: str) -> tuple[str, str]:
    """Return the seal, empty when there is none, and the name in what follows a token."""
    first, slash, rest = path.partition("/")
    return (first, rest) if slash and SEAL.fullmatch(first) else ("", path)


class Seal(msgspec.Struct, frozen=True):
    """Until when a token opens its file, in seconds since 1970, and the key that says so."""

    version: int
    expires_at: int

    def written(self, token: str, key: bytes) -> str:
        """Return the seal as it stands in a path, for this token only."""
        stated = f"storage-url\n{self.version}\n{token}\n{self.expires_at}"
        mac = hmac.digest(key, stated.encode(), "sha256")[:MAC_BYTES]
        return f"{self.version}.{self.expires_at}.{urlsafe_b64encode(mac).decode()}"


def seal_in(text: str) -> Seal | None:
    """Return what a seal claims, None when it is none."""
    match = SEAL.fullmatch(text)
    return None if match is None else Seal(int(match[1]), int(match[2]))
