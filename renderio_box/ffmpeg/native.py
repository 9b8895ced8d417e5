"""Where the launcher is, the native program that walls in a child and then becomes it."""

import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

LAUNCHER: Final = "launcher"
"""Compiled from ``launcher.c`` and ``system_calls.c`` beside it when the package is built."""


class LauncherMissingError(Exception):
    """The launcher is not there; the text says how to get it."""


def launcher_path(room: Traversable | None = None) -> Path:
    """Return the launcher of this installation, or the one of another room.

    Raises:
        LauncherMissingError: It was not built, or nothing can be started from where it is.
    """
    launcher = (room or resources.files("renderio_box.ffmpeg")) / LAUNCHER
    if not isinstance(launcher, Path) or not launcher.is_file():
        raise LauncherMissingError(
            "the launcher, which walls in every job, was not built: run pip install again on a"
            " machine with a C compiler (on Debian: apt-get install gcc libc6-dev)."
        )
    if not os.access(launcher, os.X_OK):
        raise LauncherMissingError(
            "the launcher, which walls in every job, cannot be started from where it is: it is"
            " not marked executable, or its file system is mounted noexec."
        )
    return launcher
