"""The program built on this Debian, in the root of another, with the FFmpeg that is there.

    BOX_PROGRAM=dist/renderio-box/renderio-box ANOTHER_DEBIAN=/srv/trixie \
        python -m pytest tests/packaging/test_another_debian.py

The root is made by ``debootstrap --variant=minbase --include=ffmpeg trixie /srv/trixie`` and is
not changed. Libraries of the bundle that reach FFmpeg do no harm where both were made on one
Debian, so only here it shows.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

PATIENCE_S: Final = 120.0
INSIDE: Final = """
set -eu
root=$1 place=$2
shift 2
mount --make-rprivate /
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" "$place/root"
mount -t proc proc "$place/root/proc"
mount --rbind /dev "$place/root/dev"
mkdir "$place/root/opt/box"
mount --bind "$BOX" "$place/root/opt/box"
ip link set lo up
exec chroot "$place/root" env -i PATH=/usr/bin:/bin "$@"
"""
"""A shell's words: an overlay of the root, with our program in /opt/box, and no network."""


@pytest.fixture(scope="module")
def root() -> Path:
    named = os.environ.get("ANOTHER_DEBIAN")
    if named is None:
        pytest.skip("no root of another Debian is named in ANOTHER_DEBIAN")
    if os.geteuid() != 0:
        pytest.skip("only root may make the overlay of another Debian")
    return Path(named)


def in_there(
    *command: str, root: Path, built: Path, place: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command in namespaces of its own with that root; what it changes is gone after."""
    own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE)
    return subprocess.run(
        [*own, "sh", str(root), str(place), *command],
        env=os.environ | {"BOX": str(built.parent)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_its_ffmpeg_would_take_libraries_of_the_bundle(
    root: Path, built: Path, tmp_path: Path
) -> None:
    leaking = ("LD_LIBRARY_PATH=/opt/box/_internal", "ldd", "/usr/bin/ffmpeg")

    shown = in_there(*leaking, root=root, built=built, place=tmp_path)

    assert "=> /opt/box/_internal/" in shown.stdout, shown.stderr


def test_the_program_works_there_with_its_ffmpeg(root: Path, built: Path, tmp_path: Path) -> None:
    here = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True)
    shown = in_there(
        *("/opt/box/renderio-box", "self-test", "--json"), root=root, built=built, place=tmp_path
    )

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert f"ffmpeg version {json.loads(shown.stdout)['ffmpeg']} " not in here.stdout
