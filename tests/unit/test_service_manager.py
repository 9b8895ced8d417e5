import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest

from renderio_box import service_manager
from renderio_box.companions import accompanied_by
from renderio_box.service_manager import ServiceManager, watchdog_seconds
from tests.running_box import PATIENCE_S

PID = 4711


class Listener:
    """What systemd would be: all that was said, in order."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.heard: list[str] = []

    async def hear(self, state: str) -> None:
        """Listen until something that begins like ``state`` is said."""
        with anyio.fail_after(PATIENCE_S):
            while not any(heard.startswith(state) for heard in self.heard):
                await anyio.wait_readable(self._sock)
                self.heard += self._sock.recv(4096).decode().split("\n")


@pytest.fixture(params=["a path", "an abstract name"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "a path" else f"@box-{tmp_path}"


@pytest.fixture
def listener(place: str) -> Iterator[Listener]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + place[1:] if place.startswith("@") else place)
        sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        yield Listener(sock)


async def test_a_manager_hears_that_the_box_is_ready(listener: Listener, place: str) -> None:
    ServiceManager({"NOTIFY_SOCKET": place}).ready()

    await listener.hear("READY=1")
    assert listener.heard == ["READY=1"]


async def test_a_stop_says_how_long_it_may_take(listener: Listener, place: str) -> None:
    ServiceManager({"NOTIFY_SOCKET": place}).stopping(within_s=90.5)

    await listener.hear("EXTEND")
    assert listener.heard == ["STOPPING=1", "STATUS=stopping", "EXTEND_TIMEOUT_USEC=90500000"]


async def test_a_long_start_asks_for_time_until_it_is_over(
    listener: Listener, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "START_STEP_S", 0.01)
    manager, has_started = ServiceManager({"NOTIFY_SOCKET": place}), anyio.Event()

    async with accompanied_by(manager.keep_starting, has_started):
        for _ in range(3):
            listener.heard.clear()
            await listener.hear("EXTEND_TIMEOUT_USEC=60000000")
    has_started.set()
    await manager.keep_starting(has_started)


async def test_a_start_that_never_ends_gets_no_time_for_ever(
    listener: Listener, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "START_STEP_S", 0.01)
    monkeypatch.setattr(service_manager, "LONGEST_START_S", 0.05)

    with anyio.fail_after(PATIENCE_S):
        await ServiceManager({"NOTIFY_SOCKET": place}).keep_starting(anyio.Event())
    await listener.hear("EXTEND")


async def test_the_watchdog_is_fed_again_and_again(listener: Listener, place: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "30000"})

    async with accompanied_by(manager.keep_alive):
        for _ in range(3):
            listener.heard.clear()
            await listener.hear("WATCHDOG=1")


async def test_the_watchdog_is_fed_no_more_once_the_box_owes_an_answer_for_too_long(
    listener: Listener, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "ANSWER_PATIENCE_S", 0.0)
    manager = ServiceManager({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "30000"})
    asked = anyio.Event()

    async def never() -> str:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with accompanied_by(manager.keep_saying, never):
        await asked.wait()
        await anyio.sleep(0.01)  # patience is over when any time has passed
        with anyio.move_on_after(0.2):
            await manager.keep_alive()
    manager.ready()

    await listener.hear("READY=1")
    assert listener.heard == ["READY=1"]


async def test_what_the_box_says_of_itself_is_shown_when_it_changes(
    listener: Listener, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "SAID_EVERY_S", 0.0)
    manager, words = ServiceManager({"NOTIFY_SOCKET": place}), said("1 running", "1 running", "2")

    async with accompanied_by(manager.keep_saying, words.__anext__):
        await listener.hear("STATUS=2")

    assert listener.heard == ["STATUS=1 running", "STATUS=2"]


async def said(*words: str) -> AsyncIterator[str]:
    for each in words:
        yield each
    while True:
        yield words[-1]


@pytest.mark.parametrize("place", ["", "/no/such/socket", "@nobody-listens-here", "/" * 200])
async def test_nobody_to_tell_is_no_failure(place: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": place} if place else {})

    manager.ready()
    manager.stopping(within_s=1)
    await manager.keep_alive()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(PID)}, 1.5),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_watchdog_is_heeded_that_means_this_process(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_seconds(environment, PID) == seconds


def test_a_watchdog_of_another_process_is_none_of_ours() -> None:
    environment = {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getppid())}

    assert watchdog_seconds(environment, os.getpid()) is None
