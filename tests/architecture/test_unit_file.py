"""The unit as systemd reads it, where its tools are installed."""

import shutil
import subprocess
from importlib.resources import as_file
from typing import Final

import pytest

from renderio_box.assets import UNIT, asset
from renderio_box.cli.installation import EXEC_START

EXPOSURE: Final = "30"
"""In tenths: the unit has 2.8, and what is left is what the walls of commands need."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd's tools are not installed"
)


def test_the_unit_has_the_line_that_an_installation_changes() -> None:
    assert asset(UNIT).read_text().splitlines().count(EXEC_START) == 1


@needs_systemd
def test_the_unit_exposes_little() -> None:
    with as_file(asset(UNIT)) as unit:
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit],
            capture_output=True,
            text=True,
            check=False,
        )

    assert judged.returncode == 0, judged.stdout[-200:] + judged.stderr


@needs_systemd
def test_systemd_understands_every_line() -> None:
    with as_file(asset(UNIT)) as unit:
        judged = subprocess.run(
            ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
        )

    said = [line for line in judged.stderr.splitlines() if UNIT in line]
    assert [line for line in said if "is not executable" not in line] == []
