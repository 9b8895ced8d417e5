"""Finding the launcher."""

import os
from pathlib import Path

import pytest

from renderio_box.ffmpeg.native import LAUNCHER, LauncherMissingError, launcher_path


def test_the_launcher_is_installed_beside_this_room() -> None:
    assert os.access(launcher_path(), os.X_OK)


def test_a_launcher_that_was_not_built_is_missed_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LauncherMissingError, match=r"was not built: run pip install again"):
        launcher_path(tmp_path)


def test_a_launcher_that_cannot_be_started_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / LAUNCHER).touch(mode=0o644)

    with pytest.raises(LauncherMissingError, match=r"not marked executable"):
        launcher_path(tmp_path)
