"""Whether the program is installed among Python's packages, or frozen with a Python of its own."""

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

OF_THE_BUNDLE: Final = "_PYI_"
"""What the frozen program's starter hands on begins with this; no other program may inherit it."""


class Form(StrEnum):
    """How the program is built."""

    PYTHON = "python"
    ONE_DIRECTORY = "one directory"
    ONE_FILE = "one file"


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen program: its executable, and where its libraries and files are.

    ``environment`` is what a process of the same program must be told so that it takes
    them from there too: one directory is found without, one file would be unpacked again.
    """

    form: Form
    program: Path
    directory: Path
    environment: dict[str, str]


def bundle(environment: Mapping[str, str] = os.environ) -> Bundle | None:
    """Return the bundle that runs us, None in an installed Python."""
    if not getattr(sys, "frozen", False):
        return None
    program, directory = Path(sys.executable).resolve(), Path(str(vars(sys)["_MEIPASS"])).resolve()
    if directory.is_relative_to(program.parent):
        return Bundle(form=Form.ONE_DIRECTORY, program=program, directory=directory, environment={})
    handed_on = {name: text for name, text in environment.items() if name.startswith(OF_THE_BUNDLE)}
    return Bundle(
        form=Form.ONE_FILE,
        program=program,
        directory=directory,
        environment=handed_on | {"LD_LIBRARY_PATH": str(directory)},
    )


def form() -> Form:
    """Return how the running program is built."""
    found = bundle()
    return Form.PYTHON if found is None else found.form
