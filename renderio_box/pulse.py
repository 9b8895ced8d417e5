"""Seeing that the event loop keeps up: whatever blocks it holds up every answer."""

from typing import Final

import anyio

from renderio_box.metrics import Metrics

LOOKED_EVERY_S: Final = 1.0


async def feel_pulse(metrics: Metrics) -> None:
    """Note once a second how late the event loop is, until cancelled."""
    while True:
        due_at = anyio.current_time() + LOOKED_EVERY_S
        await anyio.sleep(LOOKED_EVERY_S)
        metrics.event_loop_was_late(max(anyio.current_time() - due_at, 0.0))
