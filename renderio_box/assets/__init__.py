"""Files that ship with the program: a clip, a font, and the pages that show the API."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

CLIP: Final = "bbb-720p-5s.mp4"
FONT_CONFIG: Final = "fonts.conf"
AGENTS_PAGE: Final = "llms.txt"
API_PAGE_SCRIPT: Final = "rapidoc-min.js"


def asset(name: str) -> Traversable:
    """Return the file of that name, wherever the program is installed."""
    return resources.files(__name__) / name
