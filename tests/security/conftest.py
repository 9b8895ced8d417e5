"""What several kinds of attacks begin with."""

from pathlib import Path

import pytest

from tests.security.hostile_media import make_media


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory of small media."""
    return make_media(tmp_path_factory.mktemp("media"))
