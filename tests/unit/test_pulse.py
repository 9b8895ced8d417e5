import time

import anyio
import pytest

from renderio_box import pulse
from renderio_box.companions import accompanied_by
from renderio_box.pulse import feel_pulse


class Lags:
    """Takes what is noted, and says when that is enough."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.enough = anyio.Event()

    def event_loop_was_late(self, late_s: float) -> None:
        self.seen.append(late_s)
        self.enough.set()


async def test_an_event_loop_that_is_held_up_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "LOOKED_EVERY_S", 0.01)
    lags = Lags()

    async with accompanied_by(feel_pulse, lags):
        await anyio.lowlevel.checkpoint()
        time.sleep(0.1)  # noqa: ASYNC251 - this is the fault that is to be seen
        with anyio.fail_after(10):
            await lags.enough.wait()

    assert max(lags.seen) > 0.05
