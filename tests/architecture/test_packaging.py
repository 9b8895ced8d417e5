"""What packaging/ says twice, and what it must know of the program."""

import re
import tomllib
from pathlib import Path

from renderio_box.ffmpeg.script import RUN_SCRIPT

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def canonical(requirement: str) -> str:
    name = NAME.match(requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_every_package_that_goes_into_a_build_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    lines = (PACKAGING / "requirements.txt").read_text().splitlines()
    pinned = {canonical(line) for line in lines if "==" in line}

    missing = sorted({canonical(requirement) for requirement in wanted} - pinned)

    assert missing == [], "pin them in packaging/requirements.txt"


def test_the_frozen_program_knows_how_it_is_asked_to_be_a_python() -> None:
    assert f'SCRIPT = "{RUN_SCRIPT}"' in (PACKAGING / "program.py").read_text()
