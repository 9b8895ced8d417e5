from pathlib import Path

import pytest
from msgspec.structs import replace

from renderio_box.doctor.builds import build_findings, faults
from renderio_box.doctor.finding import State
from renderio_box.ffmpeg.builds import Found
from renderio_box.ffmpeg.sandbox import Tier
from tests.unit.samples import NEW_BUILD

FOUND = Found(ffmpeg=Path("/usr/bin/ffmpeg"), ffprobe=None, build=NEW_BUILD)


@pytest.mark.parametrize(
    ("version", "tier", "state"),
    [
        ("9.0.2", Tier.BUBBLEWRAP, State.OK),
        ("8.1.1", Tier.BUBBLEWRAP, State.WARNING),
        ("8.1.1", Tier.UNSANDBOXED, State.PROBLEM),
        ("5.1.9-0+deb12u1", Tier.BUBBLEWRAP, State.WARNING),
        ("N-1-gabc", Tier.BUBBLEWRAP, State.WARNING),
    ],
)
def test_known_faults_weigh_more_without_a_sandbox(version: str, tier: Tier, state: State) -> None:
    assert faults(version, tier).state is state


def test_the_fix_is_a_release_without_them() -> None:
    assert faults("8.0.1", Tier.BUBBLEWRAP).fix == "install FFmpeg 8.1.2 or newer"


def test_a_machine_without_ffprobe_is_told_what_that_means() -> None:
    found = list(build_findings(FOUND, Tier.BUBBLEWRAP))

    assert [(each.subject, each.state) for each in found] == [
        *(("ffmpeg", State.OK), ("ffmpeg faults", State.OK)),
        ("ffprobe", State.WARNING),
    ]


def test_an_old_ffmpeg_is_told_of() -> None:
    old = replace(FOUND, build=replace(NEW_BUILD, version="4.4.2-0ubuntu0.22.04.1"))

    assert next(build_findings(old, Tier.BUBBLEWRAP)).state is State.WARNING
