"""Knowing whether the program is frozen, and how."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from renderio_box.bundle import Form, bundle, form

Freeze = Callable[[Path], Path]
HANDED_ON = {"_PYI_ARCHIVE_FILE": "/opt/box/renderio-box", "HOME": "/root"}


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Freeze:
    """Return what makes this Python look like one that PyInstaller made."""

    def make(directory: Path) -> Path:
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        monkeypatch.setattr(sys, "_MEIPASS", str(directory), raising=False)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "app" / "renderio-box"))
        return tmp_path / "app" / "renderio-box"

    return make


def test_an_installed_python_is_no_bundle() -> None:
    assert (bundle(), form()) == (None, Form.PYTHON)


def test_a_directory_beside_the_program_is_found_by_it_without_being_told(
    freeze: Freeze, tmp_path: Path
) -> None:
    program = freeze(tmp_path / "app" / "_internal")

    found = bundle(HANDED_ON)

    assert found is not None
    assert (found.form, found.program, found.environment) == (Form.ONE_DIRECTORY, program, {})
    assert form() is Form.ONE_DIRECTORY


def test_what_one_file_unpacked_is_named_to_another_process_of_it(
    freeze: Freeze, tmp_path: Path
) -> None:
    unpacked = tmp_path / "_MEI1"
    freeze(unpacked)

    found = bundle(HANDED_ON)

    assert found is not None
    assert (found.form, found.directory) == (Form.ONE_FILE, unpacked)
    assert found.environment == {
        "_PYI_ARCHIVE_FILE": "/opt/box/renderio-box",
        "LD_LIBRARY_PATH": str(unpacked),
    }
