"""Recognising the addresses under which the box serves its own files."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

OWN_PATH: Final = re.compile(r"/files/([A-Za-z0-9_-]{43})/([^/]+)$")


class StorageUrl(msgspec.Struct, frozen=True):
    """What a storage URL says: which file it opens, and what that is called."""

    token: str
    filename: str


def storage_url_in(url: str) -> StorageUrl | None:
    """Return what ``url`` says when it has the form of a storage URL, else None.

    The token has 256 random bits and is the whole permission, so the host does not
    matter: no URL of somebody else can hold one of ours by chance.
    """
    match = OWN_PATH.search(urlsplit(url).path)
    return None if match is None else StorageUrl(match[1], unquote(match[2]))
