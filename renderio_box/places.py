"""Where the configuration is read from, and where everything is kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

DATA_VARIABLE: Final = "RENDERIO_DATA"
CONFIG_VARIABLE: Final = "RENDERIO_CONFIG"
SYSTEM_DATA: Final = Path("/var/lib/renderio-box")
"""Where the installed service keeps everything."""
SYSTEM_CONFIG: Final = Path("/etc/renderio-box/config.toml")


def config_file(chosen: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file to read: as chosen, as in ``RENDERIO_CONFIG``, or the service's; or None.

    Whoever may write what the installed service keeps, such as root, means that one.
    """
    if named := environment.get(CONFIG_VARIABLE):
        return chosen or Path(named)
    is_meant = DATA_VARIABLE not in environment and is_ours(SYSTEM_DATA) and SYSTEM_CONFIG.exists()
    return chosen or (SYSTEM_CONFIG if is_meant else None)


def data_directory(chosen: Path | None, environment: Mapping[str, str]) -> Path:
    """Return where everything is kept: as chosen, as in ``RENDERIO_DATA``, or the usual place.

    That is the installed service's for whoever may write there, such as root.
    """
    if chosen is not None:
        return chosen.absolute()
    if named := environment.get(DATA_VARIABLE):
        return Path(named).absolute()
    if is_ours(SYSTEM_DATA):
        return SYSTEM_DATA
    return Path(platformdirs.user_data_path("renderio-box", appauthor=False))


def is_ours(directory: Path) -> bool:
    """Tell whether we may change what is in a directory."""
    return os.access(directory, os.W_OK | os.X_OK)
