"""Programs that must run as ever behind every wall, whoever starts them and wherever."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from renderio_box.assets import CLIP
from renderio_box.ffmpeg.builds import bundled
from renderio_box.ffmpeg.native import LAUNCHER, launcher_path
from tests.security.launching import PYTHON, as_root, landlock, launched, python_rules

NOBODY = 65534
ASSETS = Path(str(resources.files("renderio_box.assets")))


def test_a_shell_sees_its_limit_behind_every_wall() -> None:
    walls = landlock("/bin/sh", "--no-capabilities", "--die-with-parent", "--nofile", "64")

    ended = launched(*walls, "--seccomp", "--", "/bin/sh", "-c", "ulimit -n")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "64\n", "")


def test_python_unpacks_an_archive_behind_every_wall(tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "archive"), "zip", ASSETS, "fonts.conf")
    walls = landlock(PYTHON, *python_rules(), "--write", tmp_path, "--seccomp")
    script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"

    ended = launched(
        *walls, "--", PYTHON, "-I", "-S", "-c", script, tmp_path / "archive.zip", tmp_path
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "fonts.conf").read_bytes() == (ASSETS / "fonts.conf").read_bytes()


def test_ffmpeg_encodes_and_draws_text_behind_every_wall(tmp_path: Path) -> None:
    ffmpeg = os.path.realpath(shutil.which("ffmpeg") or str(bundled()))
    drawing = f"scale=160:-2,drawtext=text=x:fontfile={ASSETS / 'DejaVuSans.ttf'}"
    walls = landlock(ffmpeg, "--read", ASSETS, "--write", tmp_path, "--write", "/dev/null")

    ended = launched(
        *(*walls, "--no-capabilities", "--die-with-parent", "--seccomp", "--nofile", "256", "--"),
        *(ffmpeg, "-v", "error", "-nostdin", "-i", ASSETS / CLIP, "-t", "0.5", "-vf", drawing),
        *("-c:v", "libx264", "-c:a", "aac", tmp_path / "out.mp4"),
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "out.mp4").stat().st_size > 1000


@pytest.fixture
def launcher_for_all() -> Iterator[Path]:
    """A launcher that other users can start, unlike what is in root's checkout."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o755)
        yield Path(shutil.copy(launcher_path(), place / LAUNCHER))


@as_root
def test_another_user_is_walled_in_the_same(launcher_for_all: Path) -> None:
    walls = landlock("/bin/cat", "--no-capabilities", "--die-with-parent", "--seccomp")

    ended = [
        subprocess.run(
            [launcher_for_all, *walls, "--", "/bin/cat", wanted],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            check=False,
        ).returncode
        for wanted in ("/usr/bin/env", "/etc/passwd")
    ]

    assert ended == [0, 1]


def test_it_builds_its_walls_inside_bubblewrap() -> None:
    bubblewrap = [
        *("bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--uid", "65534"),
        *("--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib"),
        *("--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin"),
        *("--ro-bind", launcher_path(), "/launcher", "--remount-ro", "/", "--"),
    ]
    if (
        shutil.which("bwrap") is None
        or subprocess.run([*bubblewrap, "/bin/true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("bubblewrap does not work here")
    walls = landlock("/bin/sh", "--no-capabilities", "--die-with-parent", "--seccomp")

    said = subprocess.check_output(
        [*bubblewrap, "/launcher", *walls, "--", "/bin/sh", "-c", "ulimit -c"], text=True
    )

    assert said == "0\n"
