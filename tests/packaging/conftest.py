"""The built program, for those who have built it."""

from pathlib import Path

import pytest

from tests.running_box import BUILT


@pytest.fixture(scope="session")
def built() -> Path:
    if BUILT is None:
        pytest.skip(
            "no built program is named; build one with packaging/build onedir,"
            " and say BOX_PROGRAM=dist/renderio-box/renderio-box"
        )
    return Path(BUILT).resolve()
