"""A signal between rooms that says "look again" and nothing more."""

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
