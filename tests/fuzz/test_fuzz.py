"""A short run of the fuzzer; ``python -m tests.fuzz --seconds 300`` is the long one."""

import subprocess
import sys
from typing import Final

import pytest

from tests.fuzz.__main__ import BEYOND_S, ROOT

SECONDS: Final = 10


@pytest.mark.timeout(SECONDS + BEYOND_S)
def test_whatever_is_sent_gets_an_answer_that_the_description_has() -> None:
    fuzzed = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", str(SECONDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS + BEYOND_S,
        check=False,
    )

    assert fuzzed.returncode == 0, fuzzed.stdout[-8000:]
