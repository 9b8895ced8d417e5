"""Which walls a machine gets: the best that hold, and none at all only for who asks for that."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from renderio_box.cli.outcome import ExitStatus
from renderio_box.ffmpeg import isolation
from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tier, process_limit
from tests import running_box as programs
from tests.running_box import RunningBox, cli, running_box

FFMPEG: Final = Path(shutil.which("ffmpeg") or "/usr/bin/ffmpeg")
LIMITS: Final = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
EVERY_TIER: Final = (Tier.BUBBLEWRAP, Tier.LANDLOCK, Tier.UNSANDBOXED)
SOURCE: Final = Path(__file__).with_name("without.c")
THAT_FAILS: Final = "echo 'No permissions to create new namespace' >&2; exit 1"
THAT_LETS_THROUGH: Final = """
while [ "$1" != -- ]; do shift; done; shift  # its own options
while [ "$1" != -- ]; do shift; done; shift  # the launcher's
exec "$@"
"""
NEITHER: Final = ("--namespaces", "--landlock")
OUTPUTS: Final = {"out_video": "drawn.mp4"}
DRAWN: Final = "-f lavfi -i color=size=64x36:duration=0.2 -vf drawtext=text=x {{out_video}}"


Lacking = Callable[..., None]


@pytest.fixture(scope="session")
def without(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that takes something from the machine, for what it starts."""
    compiler, made = shutil.which("cc"), tmp_path_factory.mktemp("without") / "without"
    if compiler is None:
        pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-o", made, SOURCE], check=True)
    return made


@pytest.fixture
def machine(without: Path, monkeypatch: pytest.MonkeyPatch) -> Lacking:
    """Return what makes the box start on a machine that lacks something."""

    def lacking(*what: str) -> None:
        monkeypatch.setattr(programs, "PROGRAM", (str(without), *what, *programs.PROGRAM))

    return lacking


def bubblewrap_is(script: str | None, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Have another bubblewrap found, or none."""
    if script is not None:
        (place / "bwrap").write_text(f"#!/bin/sh\n{script}")
        (place / "bwrap").chmod(0o755)
    monkeypatch.setattr(isolation, "SEARCH_PATH", str(place))


async def tier_of(*tiers: Tier) -> Tier:
    """Return the tier that is found when these are wanted."""
    found = await find_isolation(FFMPEG, LIMITS, Wanted(tiers=tiers), font_config=None)
    return found.tier


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(None, id="there is none"),
        pytest.param(THAT_FAILS, id="it is forbidden"),
        pytest.param(THAT_LETS_THROUGH, id="it does not hold"),
    ],
)
async def test_without_a_bubblewrap_that_holds_it_is_landlock(
    script: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bubblewrap_is(script, monkeypatch, tmp_path)

    assert await tier_of(*EVERY_TIER) is Tier.LANDLOCK


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "bubblewrap: bwrap is not installed"),
        (THAT_FAILS, "No permissions to create new namespace"),
        (THAT_LETS_THROUGH, r"(in|outside of|from) it\)"),  # whichever is found first
    ],
)
async def test_who_asks_for_bubblewrap_alone_is_told_what_is_wrong_with_it(
    script: str | None, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bubblewrap_is(script, monkeypatch, tmp_path)

    with pytest.raises(IsolationError, match=reason) as refused:
        await tier_of(Tier.BUBBLEWRAP)
    assert "set sandbox.allow_unsafe to true" in str(refused.value)


def isolation_of(box: RunningBox) -> list[str]:
    """Return what a box says of its walls: to monitors, in its log."""
    said = box.stderr.read_text()
    health = box.http.get("/healthz").json(), box.http.get("/readyz").json()["box"]
    return [*(each["isolation"] for each in health), *said.partition("isolation=")[2].split()[:1]]


def test_where_namespaces_are_forbidden_commands_run_behind_landlock(
    machine: Lacking, tmp_path: Path
) -> None:
    machine("--namespaces")

    with running_box(tmp_path / "data") as box:
        polled, said = box.run(DRAWN, OUTPUTS), isolation_of(box)

    assert (polled["status"], said) == ("SUCCESS", ["landlock"] * 3)
    assert "bwrap: No permissions to create new namespace" in box.stderr.read_text()


def test_where_nothing_holds_the_box_does_not_start_and_says_why(
    machine: Lacking, tmp_path: Path
) -> None:
    machine(*NEITHER)

    ended = cli("serve", "--data", tmp_path / "data", "--port", "0")

    assert ended.returncode == ExitStatus.CANNOT_START
    assert "No permissions to create new namespace" in ended.stderr
    assert "landlock: the kernel has no Landlock" in ended.stderr
    assert "set sandbox.allow_unsafe to true" in ended.stderr


def test_where_nothing_holds_commands_of_trusted_people_run_unsandboxed(
    machine: Lacking, tmp_path: Path
) -> None:
    machine(*NEITHER)

    with running_box(tmp_path / "data", RENDERIO_SANDBOX_ALLOW_UNSAFE="true") as box:
        polled, said = box.run(DRAWN, OUTPUTS), isolation_of(box)

    assert (polled["status"], said) == ("SUCCESS", ["unsandboxed"] * 3)
    assert "[warning  ] unsandboxed" in box.stderr.read_text()
