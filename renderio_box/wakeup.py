"""A signal between rooms that says "look again" and nothing more."""

from collections.abc import Generator
from contextlib import contextmanager

import anyio


class Wakeup:
    """Wakes one waiter; signals that nobody waits for yet are kept, many count as one."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def notify(self) -> None:
        """Make the present or the next ``wait`` return."""
        self._event.set()

    async def wait(self, *, timeout_s: float) -> None:
        """Return after a signal, or after ``timeout_s`` seconds without one."""
        with anyio.move_on_after(timeout_s):
            await self._event.wait()
        self._event = anyio.Event()


class Announcer:
    """Passes a signal on to everybody who listens, for good or for a while."""

    def __init__(self, *listeners: Wakeup) -> None:
        self._listeners = set(listeners)

    def notify(self) -> None:
        """Wake every listener."""
        for listener in self._listeners:
            listener.notify()

    @contextmanager
    def listening(self) -> Generator[Wakeup]:
        """Listen until the block is left; no signal given meanwhile is missed."""
        wakeup = Wakeup()
        self._listeners.add(wakeup)
        try:
            yield wakeup
        finally:
            self._listeners.discard(wakeup)
