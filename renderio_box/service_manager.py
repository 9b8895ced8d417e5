"""What systemd is told of the box, and asks to be told (sd_notify(3), sd_watchdog_enabled(3)).

Where nobody asks, nothing is sent.
"""

import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import anyio

MICROSECONDS: Final = 1_000_000
FEEDINGS: Final = 3
"""How often within its time the watchdog hears of us, so that one or two may come late."""
START_STEP_S: Final = 10.0
START_PATIENCE_S: Final = 60.0
LONGEST_START_S: Final = 3600.0
"""How long a start may take, migrating a large database, before it counts as hung."""
SEND_SECONDS: Final = 0.2
SAID_EVERY_S: Final = 5.0
ANSWER_PATIENCE_S: Final = 300.0
"""How long a box may owe an answer about itself; a copy of its database takes a while."""


class ServiceManager:
    """The other end of ``NOTIFY_SOCKET``. Sending is over in no time, and a failure is nobody's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog_s = watchdog_seconds(environment, os.getpid())
        self._asked_at: float | None = None

    async def keep_starting(self, has_started: anyio.Event) -> None:
        """Ask for more time again and again for as long as the start takes, an hour at most."""
        until = anyio.current_time() + LONGEST_START_S
        while anyio.current_time() < until and not has_started.is_set():
            self._send(f"EXTEND_TIMEOUT_USEC={microseconds(START_PATIENCE_S)}")
            with anyio.move_on_after(START_STEP_S):
                await has_started.wait()

    def ready(self) -> None:
        """Say that the box answers now."""
        self._send("READY=1")

    async def keep_alive(self) -> None:
        """Feed the watchdog for as long as the event loop turns and the box owes no answer."""
        while self._watchdog_s is not None:
            if not self._is_stuck:
                self._send("WATCHDOG=1")
            await anyio.sleep(self._watchdog_s / FEEDINGS)

    async def keep_saying(self, in_words: Callable[[], Awaitable[str]]) -> None:
        """Show in ``systemctl status`` what the box says of itself, whenever that changes."""
        said = ""
        while self._address:
            self._asked_at = anyio.current_time()
            try:
                words = await in_words()
            finally:
                self._asked_at = None
            if words != said:
                self._send(f"STATUS={words}")
                said = words
            await anyio.sleep(SAID_EVERY_S)

    def stopping(self, *, within_s: float) -> None:
        """Say that the box ends, and how long that may take whatever the unit says."""
        self._send("STOPPING=1", "STATUS=stopping", f"EXTEND_TIMEOUT_USEC={microseconds(within_s)}")

    @property
    def _is_stuck(self) -> bool:
        asked_at = self._asked_at
        return asked_at is not None and anyio.current_time() - asked_at > ANSWER_PATIENCE_S

    def _send(self, *states: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(SEND_SECONDS)
            with suppress(OSError):
                sock.sendto("\n".join(states).encode(), address)


def microseconds(seconds: float) -> int:
    """Return a time as systemd wants it."""
    return int(seconds * MICROSECONDS)


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    """Return within how many seconds the watchdog wants to hear of us, None where there is none."""
    try:
        every = int(environment.get("WATCHDOG_USEC", "0"))
        meant = int(environment.get("WATCHDOG_PID", pid))
    except ValueError:
        return None
    return every / MICROSECONDS if every > 0 and meant == pid else None
