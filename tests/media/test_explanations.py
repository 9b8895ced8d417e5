"""Commands that fail, on the real FFmpeg: what each is told, and that what it is advised works.

OTHER_FFMPEG=/opt/ffmpeg-9/ffmpeg runs them on another build as well.
"""

import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from renderio_box.ffmpeg.builds import (
    ENCODER_LINE,
    FILTER_LINE,
    OPTION_LINE,
    VERSION,
    formats_in,
)
from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.executor import Ended
from renderio_box.ffmpeg.failure import explain
from renderio_box.ffmpeg.hardware import fault_of
from renderio_box.jobs.command_line import bind, parse
from renderio_box.jobs.hardware import hardware_of
from renderio_box.jobs.invocation import Build, adapt, invoke
from renderio_box.jobs.job import Failed

Row = dict[str, Any]

ROWS: Final[list[Row]] = [
    json.loads(line)
    for line in Path(__file__).with_name("failing.jsonl").read_text(encoding="utf-8").splitlines()
]
FFMPEGS: Final = [name for name in ("ffmpeg", os.environ.get("OTHER_FFMPEG", "")) if name]
RUN_SECONDS: Final = 15


def answer(ffmpeg: str, *question: str) -> str:
    asked = (ffmpeg, "-hide_banner", *question)
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


@cache
def build_of(ffmpeg: str) -> Build:
    return Build(
        version=str(VERSION.findall(answer(ffmpeg, "-version"))[0]).lstrip("n"),
        options=frozenset(OPTION_LINE.findall(answer(ffmpeg, "-h", "long"))),
        demuxers=formats_in(answer(ffmpeg, "-demuxers")) - formats_in(answer(ffmpeg, "-devices")),
        encoders=frozenset(ENCODER_LINE.findall(answer(ffmpeg, "-encoders"))),
        filters=frozenset(FILTER_LINE.findall(answer(ffmpeg, "-filters"))),
    )


def is_of(row: Row, ffmpeg: str) -> bool:
    """Tell whether the command fails with this build: some do with old ones or new ones only."""
    major = int(build_of(ffmpeg).version.partition(".")[0])
    match row.get("only"):
        case 5:
            return major == 5
        case 9:
            return major >= 9
        case _:
            return True


@pytest.fixture(scope="module")
def media(stand_ins: Path) -> Path:
    """The small media, and some that are broken."""
    clip = (stand_ins / "clip.mp4").read_bytes()
    (stand_ins / "truncated.mp4").write_bytes(clip[: len(clip) // 2])
    (stand_ins / "junk.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + b"x" * 500)
    (stand_ins / "unsafe.ffconcat").write_text("file ../in/in_1.mp4\n")
    (stand_ins / "missing.ffconcat").write_text("file nope.mp4\n")
    (stand_ins / "http.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttps://example.com/a.ts\n#EXT-X-ENDLIST\n"
    )
    return stand_ins


def run(command: str, row: Row, media: Path, ffmpeg: str) -> tuple[Failed | None, int]:
    """Run a command as a box would, and return how it failed and how large its output is."""
    with tempfile.TemporaryDirectory() as room:
        sources, made = Path(room, "in"), Path(room, "out")
        sources.mkdir()
        made.mkdir()
        names = {alias: f"{alias}{Path(name).suffix}" for alias, name in row["inputs"].items()}
        for alias, name in names.items():
            (sources / name).symlink_to(media / row["inputs"][alias])
        paths = {alias: f"../in/{name}" for alias, name in names.items()}
        paths["out_file"] = row["output"]
        words, build = parse(command), build_of(ffmpeg)
        bound = bind(adapt(words, build).arguments, paths)
        ended = subprocess.run(
            [ffmpeg, *invoke(bound, build, threads=None)],
            cwd=made,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        failed = explain(
            Ended(
                exit_status=ended.returncode,
                timed_out=False,
                log=ended.stderr.decode(errors="replace"),
                run_seconds=0.1,
            ),
            timeout_s=RUN_SECONDS,
            asked=Asked(
                words=words, paths=paths, build=build, lacking=fault_of(hardware_of(words), [], [])
            ),
        )
        output = made / row["output"]
        return failed, output.stat().st_size if output.exists() else 0


@pytest.mark.parametrize(
    ("row", "ffmpeg"),
    [(row, ffmpeg) for ffmpeg in FFMPEGS for row in ROWS if is_of(row, ffmpeg)],
    ids=lambda value: value["id"] if isinstance(value, dict) else Path(value).name,
)
def test_a_failure_is_explained_and_what_is_suggested_works(
    row: Row, ffmpeg: str, media: Path
) -> None:
    failed, _ = run(row["command"], row, media, ffmpeg)

    assert failed is not None
    assert (failed.status, failed.suggestion) == (
        row.get("status", "FFMPEG_FAILED"),
        row["suggestion"],
    )
    assert failed.message.startswith(f"{row['says']} ")
    assert len(failed.message) > len(row["says"]) + 5
    if failed.suggestion is not None:
        again, size = run(failed.suggestion, row, media, ffmpeg)
        assert (again, size > 0) == (None, True)


def test_the_table_holds_many_different_causes() -> None:
    assert len({row["says"] for row in ROWS}) >= 60
    assert sum(row["suggestion"] is not None for row in ROWS) >= 50
