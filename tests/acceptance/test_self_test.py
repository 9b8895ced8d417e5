"""``renderio-box self-test``: the program tries itself."""

import json
import shutil
from pathlib import Path

import pytest

from tests.running_box import cli

UNWALLED = {"RENDERIO_SANDBOX_TIER": "unsandboxed", "RENDERIO_SANDBOX_ALLOW_UNSAFE": "true"}
BROKEN = """#!/bin/sh
case "$*" in *mpeg4*) echo "Encoder mpeg4 is not what it was" >&2; exit 1 ;; esac
exec {ffmpeg} "$@"
"""


@pytest.fixture
def broken_ffmpeg(tmp_path: Path) -> Path:
    """An FFmpeg that starts, and fails at what it is asked to encode."""
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    assert ffmpeg is not None
    assert ffprobe is not None
    path = tmp_path / "ffmpeg"
    path.write_text(BROKEN.format(ffmpeg=ffmpeg))
    path.chmod(0o755)
    (tmp_path / "ffprobe").symlink_to(ffprobe)
    return path


def test_where_all_is_well_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    shown = cli("self-test", "--json", TMPDIR=str(tmp_path))

    report = json.loads(shown.stdout)
    assert (shown.returncode, report["ok"], shown.stderr) == (0, True, "")
    assert [step["name"] for step in report["steps"]] == [
        *("start", "upload", "encode", "download", "unpack", "stop")
    ]
    assert list(tmp_path.iterdir()) == []


def test_where_ffmpeg_fails_it_says_at_what(broken_ffmpeg: Path) -> None:
    shown = cli("self-test", RENDERIO_FFMPEG_FFMPEG=str(broken_ffmpeg), **UNWALLED)

    assert shown.returncode == 1
    assert "FAILED" in shown.stdout
    assert "is not what it was" in shown.stdout


def test_where_there_is_no_ffmpeg_it_cannot_start() -> None:
    shown = cli("self-test", RENDERIO_FFMPEG_FFMPEG="no-such-program")

    assert (shown.returncode, shown.stdout) == (4, "")
    assert shown.stderr.startswith("renderio-box: cannot start: ")
