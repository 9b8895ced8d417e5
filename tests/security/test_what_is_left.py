"""What an FFmpeg that was taken over leaves in place of its output, through the whole box."""

import os
import shutil
import stat
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from renderio_box.ffmpeg.isolation import LOADERS
from tests.running_box import RunningBox, running_box

SOURCE: Final = Path(__file__).with_name("hostile.c")
NOT_PLAIN: Final = ("symbolic link", "pipe", "second name")
SET_USER_ID: Final = "set-user-id"
COMMAND: Final = "-i {{{{in_text}}}} -metadata 'plant={what}' {{{{out_text}}}}"
UNSAFE: Final = {"RENDERIO_SANDBOX_TIER": "unsandboxed", "RENDERIO_SANDBOX_ALLOW_UNSAFE": "true"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program that the box takes for FFmpeg."""
    compiler, real = shutil.which("cc"), shutil.which("ffmpeg")
    loaders = [loader for loader in LOADERS if loader.exists()]
    if compiler is None or real is None or not loaders:
        pytest.skip("there is no C compiler, no FFmpeg, or no loader for it")
    made = tmp_path_factory.mktemp("hostile") / "ffmpeg"
    told = (f'-DLOADER="{loaders[0]}"', f'-DREAL="{os.path.realpath(real)}"')
    subprocess.run([compiler, *told, "-o", made, SOURCE], check=True)
    return str(made)


@pytest.fixture(scope="module")
def walled(hostile: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningBox]:
    """A box that walls it in."""
    data = tmp_path_factory.mktemp("walled") / "data"
    with running_box(data, RENDERIO_FFMPEG_FFMPEG=hostile) as box:
        yield box


@pytest.fixture(scope="module")
def unwalled(hostile: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningBox]:
    """A box that lets it do what it likes."""
    data = tmp_path_factory.mktemp("unwalled") / "data"
    with running_box(data, RENDERIO_FFMPEG_FFMPEG=hostile, **UNSAFE) as box:
        yield box


def planted(box: RunningBox, what: str) -> dict[str, object]:
    """Submit a command whose FFmpeg leaves that, and return how it ended."""
    text = box.upload_bytes("input.txt", b"an input\n")["file_id"]
    command = COMMAND.format(what=what)
    return box.run(command, {"out_text": "left.txt"}, input_files={"in_text": text})


def modes_of(box: RunningBox) -> set[str]:
    """Return the modes of all that the box keeps, as ``ls`` writes them."""
    found = (place.lstat().st_mode for place in (box.data / "files").rglob("*"))
    return {stat.filemode(mode) for mode in found if not stat.S_ISDIR(mode)}


@pytest.mark.parametrize("what", [*NOT_PLAIN, SET_USER_ID])
def test_behind_walls_it_cannot_leave_it(walled: RunningBox, what: str) -> None:
    polled = planted(walled, what)

    assert (polled["status"], polled["error_status"]) == ("FAILED", "FFMPEG_FAILED")
    assert modes_of(walled) == {"-r--r-----"}


@pytest.mark.parametrize("what", NOT_PLAIN)
def test_without_walls_what_is_no_plain_file_is_not_published(
    unwalled: RunningBox, what: str
) -> None:
    polled = planted(unwalled, what)

    assert (polled["status"], polled["error_status"]) == ("FAILED", "OUTPUT_MISSING")
    assert polled["error_message"] == "out_text (left.txt) is not a plain file."
    assert modes_of(unwalled) == {"-r--r-----"}


def test_without_walls_a_file_is_published_as_one_that_raises_nobody(unwalled: RunningBox) -> None:
    polled = planted(unwalled, SET_USER_ID)

    assert polled["status"] == "SUCCESS"
    assert modes_of(unwalled) == {"-r--r-----"}
