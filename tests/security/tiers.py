"""The tiers in which this machine can wall commands in."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import anyio
import pytest

from renderio_box.ffmpeg.builds import locate_ffmpeg
from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import Isolation, ResourceLimits, Tier, process_limit

FFMPEG: Final = locate_ffmpeg("")
LIMITS: Final = ResourceLimits(
    memory_bytes=1024**3, file_bytes=128 * 1024**2, processes=process_limit(2), nice=0
)
WALLED: Final = (Tier.BUBBLEWRAP, Tier.LANDLOCK)


async def isolated(tier: Tier) -> Isolation:
    """Return how children are started in a tier; the test is skipped where that is not offered."""
    try:
        return await find_isolation(FFMPEG, LIMITS, Wanted(tiers=(tier,)), font_config=None)
    except IsolationError as error:
        pytest.skip(str(error))


def offered(tier: Tier) -> Isolation:
    """Return the same to who does not wait for others."""
    # Fixtures of the session may have a loop of their own running in this thread.
    with ThreadPoolExecutor(max_workers=1) as aside:
        return aside.submit(anyio.run, isolated, tier).result()
