"""A short siege; ``python -m tests.faults --kills 200`` is the long one, and knows more places."""

from pathlib import Path
from typing import Final

import pytest

from tests.faults.checkpoints import CHECKPOINTS
from tests.faults.siege import siege

AT_RANDOM: Final = 6
LEFT_TO_THE_LONG_ONE: Final = frozenset(
    {
        "submit not committed",
        "cancel committed",
        "FFmpeg started",
        "FFmpeg ended its first step",
        "output renamed",
        "all outputs published",
        "settle not committed",
        "delivery settled",
        "work swept",
        "upload kept",
        "part kept",
        "upload completed",
    }
)
"""Each kill takes more than a second, and between these and their neighbours little happens."""


@pytest.mark.timeout(300)
def test_whatever_kills_a_box_its_clients_get_what_they_were_promised(tmp_path: Path) -> None:
    with siege(tmp_path, seed=5) as besieged:
        besieged.begin()
        for name in sorted(CHECKPOINTS.keys() - LEFT_TO_THE_LONG_ONE):
            besieged.kill_at(name)
        for _ in range(AT_RANDOM):
            besieged.kill_at_random()
        verdict = besieged.end()

    assert verdict.broken == []
    assert verdict.figures["commands accepted"] > len(CHECKPOINTS)
