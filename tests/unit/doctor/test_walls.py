from pathlib import Path

import pytest
from msgspec.structs import replace

from renderio_box.doctor.finding import State
from renderio_box.doctor.walls import (
    IN_A_CONTAINER,
    INSTALL,
    kernel_switches,
    no_walls,
    remedy_for,
    walls_finding,
)
from renderio_box.ffmpeg.isolation import IsolationError
from renderio_box.ffmpeg.sandbox import Isolation, Machine, ResourceLimits, Tier

MACHINE = Machine(
    launcher=Path("/launcher"),
    bubblewrap=Path("/usr/bin/bwrap"),
    landlock=True,
    links={},
    loaders=(),
)
ISOLATION = Isolation(
    tier=Tier.LANDLOCK,
    machine=MACHINE,
    limits=ResourceLimits(memory_bytes=1, file_bytes=1, processes=1, nice=0),
)


@pytest.mark.parametrize(
    ("tier", "state"),
    [
        (Tier.BUBBLEWRAP, State.OK),
        (Tier.LANDLOCK, State.WARNING),
        (Tier.UNSANDBOXED, State.PROBLEM),
    ],
)
def test_the_walls_are_judged_by_their_tier(tier: Tier, state: State) -> None:
    isolation = replace(ISOLATION, tier=tier)

    found = walls_finding(isolation, why_not_better="it said no", remedy="do this")

    assert found.state is state
    assert bool(found.fix) is (state is not State.OK)


def test_a_kernel_without_landlock_is_told_of() -> None:
    old = replace(ISOLATION, tier=Tier.BUBBLEWRAP, machine=replace(MACHINE, landlock=False))

    assert "landlock" in walls_finding(old, why_not_better="", remedy="").what


@pytest.mark.parametrize(
    ("switches", "contained", "words"),
    [
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, False, "AppArmor"),
        ({"kernel/apparmor_restrict_unprivileged_userns": "0"}, True, IN_A_CONTAINER),
        ({"user/max_user_namespaces": "0"}, False, "user.max_user_namespaces=15000"),
        ({"kernel/unprivileged_userns_clone": "0"}, False, "unprivileged_userns_clone=1"),
        ({}, True, IN_A_CONTAINER),
        ({}, False, INSTALL),
    ],
)
def test_what_forbids_namespaces_is_named(
    switches: dict[str, str], words: str, *, contained: bool
) -> None:
    assert words in remedy_for(ISOLATION, switches, contained=contained)


def test_a_missing_bubblewrap_comes_first() -> None:
    without = replace(ISOLATION, machine=replace(MACHINE, bubblewrap=None))

    assert remedy_for(without, {"user/max_user_namespaces": "0"}, contained=True) == INSTALL


def test_no_walls_at_all_are_a_problem() -> None:
    found = no_walls(IsolationError("no way to wall commands in works."), "do this")

    assert (found.state, found.fix) == (State.PROBLEM, "do this")


def test_only_switches_that_the_kernel_has_are_read(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "max_user_namespaces").write_text("15000\n")

    assert kernel_switches(tmp_path) == {"user/max_user_namespaces": "15000"}
