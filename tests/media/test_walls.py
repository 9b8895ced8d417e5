"""Commands that need more than their inputs, in every tier: fonts, threads, files beside theirs."""

import shutil
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import pytest

from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tier, process_limit
from renderio_box.machine import usable_cpus
from tests.media.corpus import OURS, Row, expected, found, rows, submit_all
from tests.media.stand_ins import OWN_FONT
from tests.running_box import RunningBox, running_box

FFMPEG: Final = Path(shutil.which("ffmpeg") or "/usr/bin/ffmpeg")
LIMITS: Final = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
WITHIN_S: Final = 60.0
CHOSEN: Final = (
    *("drawn-text", "drawn-text-in-a-given-font", "burnt-in-subtitles"),
    *("subtitles-with-a-font-of-their-own", "two-passes", "no-input-at-all", "hevc", "av1"),
    *("gif-with-palette", "concat-demuxer-over-a-data-list", "hls"),
)
ROWS: Final = [row for row in rows(OURS) if row["id"] in CHOSEN]
FONTS: Final = {
    "burnt-in-subtitles": "fontselect: (Arial, 400, 0) -> /",
    "subtitles-with-a-font-of-their-own": f"fontselect: ({OWN_FONT}, 400, 0) -> DejaVuSans, ",
}
"""What the log says when the font is found: a file of the system's, or one that came along."""

pytestmark = pytest.mark.timeout(WITHIN_S)


class Walled(NamedTuple):
    """A box in one tier, with the id of every row's command."""

    box: RunningBox
    submitted: dict[str, str]


@pytest.fixture(scope="module", params=[Tier.BUBBLEWRAP, Tier.LANDLOCK])
def walled(
    request: pytest.FixtureRequest, stand_ins: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Walled]:
    """A box in each tier that there is here."""
    tier = Tier(request.param)
    try:
        # Fixtures of the session may have a loop of their own running in this thread.
        with ThreadPoolExecutor(max_workers=1) as aside:
            aside.submit(anyio.run, prove, tier).result()
    except IsolationError as error:
        pytest.skip(str(error))
    with running_box(tmp_path_factory.mktemp(tier) / "data", RENDERIO_SANDBOX_TIER=tier) as box:
        yield Walled(box, submit_all(box, ROWS, stand_ins))


async def prove(tier: Tier) -> None:
    """Try whether a tier holds; IsolationError."""
    await find_isolation(FFMPEG, LIMITS, Wanted(tiers=(tier,)), font_config=None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_command_makes_the_same_behind_all_walls(row: Row, walled: Walled) -> None:
    polled = walled.box.finished(walled.submitted[row["id"]], within_s=WITHIN_S)

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    assert found(row, polled) == expected(row)


@pytest.mark.skipif(len(usable_cpus()) < 2, reason="there is only one CPU")
def test_x265_uses_every_processor_behind_all_walls(walled: Walled) -> None:
    walled.box.finished(walled.submitted["hevc"], within_s=WITHIN_S)

    assert "No thread pool allocated" not in walled.box.log(walled.submitted["hevc"])


@pytest.mark.parametrize("row", FONTS)
def test_subtitles_find_their_fonts_behind_all_walls(row: str, walled: Walled) -> None:
    walled.box.finished(walled.submitted[row], within_s=WITHIN_S)

    assert FONTS[row] in walled.box.log(walled.submitted[row])
