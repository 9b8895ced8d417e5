"""Commands as people write them, each through the whole box."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.media.corpus import (
    OURS,
    PUBLISHED,
    Row,
    expected,
    found,
    outputs_of,
    rows,
    submit_all,
)
from tests.media.stand_ins import H264, make
from tests.running_box import RunningBox, running_box

MAKER: Final = PUBLISHED.with_name("tools") / "stand_in_media.py"
WITHIN_S: Final = 240.0
SCENES: Final = (
    *("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=10:duration=16"),
    *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=16"),
    *("-vf", r"negate=enable=lt(mod(t\,4)\,2)", "-ac", "2", *H264, "-c:a", "aac"),
)
"""Published commands pick frames where the scene changes, so their main clip needs some."""

OUR_ROWS: Final = rows(OURS)
WRITING_ROWS: Final = [row for row in OUR_ROWS if "holds" in row]
PUBLISHED_ROWS: Final = rows(PUBLISHED)

pytestmark = pytest.mark.timeout(WITHIN_S)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box of their own, so that commands still queued disturb no other test."""
    with running_box(tmp_path_factory.mktemp("corpus") / "data") as box:
        yield box


@pytest.fixture(scope="module")
def published_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the media that published commands name."""
    directory = tmp_path_factory.mktemp("published")
    if PUBLISHED_ROWS:
        make(directory / "big_buck_bunny_720p_16sec.mp4", *SCENES)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [str(MAKER), str(directory)])
            runpy.run_path(str(MAKER), run_name="__main__")
    return directory


@pytest.fixture(scope="module")
def submitted(box: RunningBox, stand_ins: Path, published_media: Path) -> dict[str, str]:
    """The id of every row's command; all were submitted at once, so that no CPU waits."""
    return submit_all(box, OUR_ROWS, stand_ins) | submit_all(box, PUBLISHED_ROWS, published_media)


@pytest.mark.parametrize("row", OUR_ROWS, ids=lambda row: row["id"])
def test_a_command_of_ours_makes_what_it_says(
    row: Row, box: RunningBox, submitted: dict[str, str]
) -> None:
    polled = box.finished(submitted[row["id"]], within_s=WITHIN_S)

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    assert found(row, polled) == expected(row)


@pytest.mark.parametrize("row", WRITING_ROWS, ids=lambda row: row["id"])
def test_a_text_that_a_command_of_ours_writes_holds_what_it_should(
    row: Row, box: RunningBox, submitted: dict[str, str]
) -> None:
    polled = box.finished(submitted[row["id"]], within_s=WITHIN_S)

    [(alias, text)] = row["holds"].items()
    assert text in box.download(polled["output_files"][alias]["storage_url"]).decode()


@pytest.mark.parametrize("row", PUBLISHED_ROWS, ids=lambda row: row["id"])
def test_a_published_command_ends_as_it_does_in_a_terminal(
    row: Row, box: RunningBox, submitted: dict[str, str]
) -> None:
    polled = box.finished(submitted[row["id"]], within_s=WITHIN_S)

    ends_well = row["runs_on_ffmpeg_5_1"]
    assert (polled["status"] == "SUCCESS") is ends_well, polled["error_message"]
    assert set(polled["output_files"]) == (outputs_of(row) if ends_well else set())
