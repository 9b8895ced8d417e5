"""Files that ship with the program: a clip, a font, pages that show the API, systemd's unit."""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

CLIP: Final = "bbb-720p-5s.mp4"
FONT_CONFIG: Final = "fonts.conf"
AGENTS_PAGE: Final = "llms.txt"
API_PAGE_SCRIPT: Final = "rapidoc-min.js"
UNIT: Final = "renderio-box.service"
USERS: Final = "renderio-box.sysusers"
FIRST_CONFIG: Final = "config.toml"


def asset(name: str) -> Traversable:
    """Return the file of that name, wherever the program is installed."""
    return resources.files(__name__) / name
