"""Commands that would use up the machine end within their bounds, and say by which."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.running_box import RunningBox, running_box
from tests.security.attacks import BOMB, OUR_ATTACKS, PUBLISHED_ATTACKS, Attack

pytestmark = pytest.mark.timeout(120)

Record = dict[str, Any]

RUN_S: Final = 2
STOPPED_WITHIN_S: Final = 10
"""Some do not listen when they are asked to stop, and are killed a while later."""
ANY_BOUND: Final = ("TIMEOUT", "OUTPUT_TOO_LARGE", "OUT_OF_MEMORY", "FFMPEG_FAILED")
WITHIN_S: Final = 60.0
AT_ONCE: Final = 4
LOG_KBYTES: Final = 64
SUBMIT: Final = "/api/v1/run-ffmpeg-command"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box that has little of everything for each command."""
    with running_box(
        tmp_path_factory.mktemp("small") / "data",
        RENDERIO_JOBS_VCPUS=str(AT_ONCE),
        RENDERIO_JOBS_MEMORY_MBYTES="200",
        RENDERIO_JOBS_OUTPUT_MBYTES="8",
        RENDERIO_JOBS_WORKSPACE_MBYTES="16",
        RENDERIO_JOBS_WORKSPACE_FILES="200",
        RENDERIO_JOBS_LOG_KBYTES=str(LOG_KBYTES),
    ) as box:
        yield box


@pytest.fixture(scope="module")
def clip(small: RunningBox, media: Path) -> dict[str, str]:
    """Return the file that bombs may start from, stored."""
    return {"clip.mp4": str(small.upload(media / "clip.mp4")["file_id"])}


def bombs(attacks: Iterable[Attack]) -> list[Attack]:
    return [attack for attack in attacks if attack.kind == BOMB]


def ends_of(box: RunningBox, attacks: list[Attack], clip: dict[str, str]) -> dict[str, Record]:
    """Run all bombs, some at once, and return how each has ended."""
    ids: dict[str, str] = {}
    for attack in attacks:
        body = attack.request({}, clip) | {"max_command_run_seconds": RUN_S}
        ids[attack.id] = box.http.post(SUBMIT, json=body).raise_for_status().json()["command_id"]
    return {name: box.finished(command_id, within_s=WITHIN_S) for name, command_id in ids.items()}


@pytest.mark.parametrize(
    "attacks",
    [
        pytest.param(bombs(OUR_ATTACKS), id="ours"),
        pytest.param(
            bombs(PUBLISHED_ATTACKS),
            id="published",
            marks=pytest.mark.skipif(not PUBLISHED_ATTACKS, reason="they are not here"),
        ),
    ],
)
def test_a_bomb_ends_at_a_bound_and_says_which(
    small: RunningBox, clip: dict[str, str], attacks: list[Attack]
) -> None:
    ends = ends_of(small, attacks, clip)

    statuses = {name: end["error_status"] for name, end in ends.items()}
    allowed = {attack.id: attack.ends or ANY_BOUND for attack in attacks}
    assert {name: status for name, status in statuses.items() if status not in allowed[name]} == {}
    assert max(end["ffmpeg_command_run_seconds"] for end in ends.values()) < STOPPED_WITHIN_S
    logs = [small.log(end["command_id"]) for end in ends.values()]
    assert max(map(len, logs)) < 2 * LOG_KBYTES * 1024
    assert list((small.data / "work").iterdir()) == []
