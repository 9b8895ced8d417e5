"""What files are called, whoever named them."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from renderio_box.jobs.file_types import extension_of

MAX_NAME_BYTES: Final = 200
UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]")
UNNAMED: Final = "upload"


def cleaned(filename: str) -> str:
    """Return a client's file name as one that can end a URL and a header."""
    name = UNFIT.sub("_", filename.replace("\\", "/").rpartition("/")[2]).strip(" .")
    while len(name.encode()) > MAX_NAME_BYTES:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{extension}" if stem else name[:-1]
    return name or UNNAMED


def name_in(url: str) -> str:
    """Return the file name that the path of a valid URL ends with."""
    return cleaned(unquote(urlsplit(url).path.rpartition("/")[2]))


def completed(filename: str, suffix: str) -> str:
    """Return the name with ``suffix``, such as ``.mp4`` or nothing, when it has no extension."""
    return filename if extension_of(filename) else cleaned(f"{filename}{suffix}")
