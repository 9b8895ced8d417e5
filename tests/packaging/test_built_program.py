"""The program with a Python of its own in it, seen from outside."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.running_box import RunningBox, cli, eventually, ffmpegs, running_box

ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 -metadata title={} {{{{out_1}}}}"
OF_THE_BUNDLE = re.compile(r"(?:LD_LIBRARY_PATH|_PYI_|_MEI)")


@pytest.fixture(scope="module")
def box(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that was itself started with a path of libraries, as from a shell with one."""
    data = tmp_path_factory.mktemp("built") / "data"
    with running_box(data, program=[str(built)], LD_LIBRARY_PATH="/opt/elsewhere/lib") as box:
        yield box


@pytest.fixture
def ffmpeg(box: RunningBox) -> Iterator[Path]:
    """The /proc directory of an FFmpeg that runs for the box without an end."""
    marker = uuid4().hex
    command_id = box.submit(ENDLESS.format(marker), {"out_1": "endless.mkv"})
    yield Path("/proc") / str(eventually(lambda: ffmpegs(marker))[0])
    box.cancel(command_id)
    box.finished(command_id)


def below(process: Path) -> Iterator[Path]:
    """Yield the /proc directories of all descendants; any may be gone at any time."""
    with suppress(FileNotFoundError):
        for task in (process / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield Path("/proc") / child
                yield from below(Path("/proc") / child)


def is_the_box(process: Path, built: Path) -> bool:
    """Tell whether a process is the program itself, as is the one that one file starts."""
    return (process / "exe").readlink() == built


def test_it_tests_itself_well(built: Path) -> None:
    shown = cli("self-test", "--json", program=[str(built)])

    report = json.loads(shown.stdout)
    assert (shown.returncode, report["ok"]) == (0, True)
    assert report["build"] in {"one directory", "one file"}


def test_nothing_that_it_starts_hears_of_its_bundle(
    box: RunningBox, built: Path, ffmpeg: Path
) -> None:
    children = [
        child
        for child in below(Path("/proc") / str(box.process.pid))
        if not is_the_box(child, built)
    ]

    heard = {
        (child / "comm").read_text().strip(): name
        for child in children
        for name in (child / "environ").read_text().split("\0")
        if OF_THE_BUNDLE.match(name)
    }

    has_bubblewrap = box.http.get("/healthz").json()["isolation"].startswith("bubblewrap")
    assert ffmpeg in children
    assert any((child / "comm").read_text() == "bwrap\n" for child in children) is has_bubblewrap
    assert heard == {}


def test_ffmpeg_takes_no_library_from_the_bundle(ffmpeg: Path) -> None:
    mapped = {line.split()[-1] for line in (ffmpeg / "maps").read_text().splitlines()}

    assert any("libavcodec" in path or "ffmpeg" in path for path in mapped)
    assert [path for path in mapped if "_internal" in path or "_MEI" in path] == []


def test_it_has_no_library_of_terminals(built: Path) -> None:
    """Its readline would be under the GPL, and its libtinfo breaks newer FFmpegs where it leaks."""
    names = [path.name for path in built.parent.rglob("*") if path.is_file()]

    assert [name for name in names if name.startswith(("libreadline", "libtinfo"))] == []
