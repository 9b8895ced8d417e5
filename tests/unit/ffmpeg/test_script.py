"""Which Python runs a program of ours behind the walls."""

import os
from pathlib import Path

from renderio_box.bundle import Bundle, Form
from renderio_box.ffmpeg.script import frozen_in, installed


def test_an_installed_python_runs_alone_with_its_own_library() -> None:
    python = installed()

    assert os.access(python.program, os.X_OK)
    assert python.words == ("-I", "-S", "-B")
    assert any((folder / "zipfile.py").is_file() for folder in python.modules)
    assert python.environment == {}


def test_a_frozen_program_is_its_own_python() -> None:
    place = Path("/usr/lib/renderio-box")
    bundle = Bundle(
        form=Form.ONE_DIRECTORY,
        program=place / "renderio-box",
        directory=place / "_internal",
        environment={},
    )

    python = frozen_in(bundle)

    assert (python.program, python.words) == (place / "renderio-box", ("--run-script",))
    assert python.modules == (place / "_internal",)
