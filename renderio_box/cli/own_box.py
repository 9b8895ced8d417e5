"""A box that a command starts for itself, and that ends with it."""

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from importlib.resources import as_file
from pathlib import Path

import anyio
import msgspec

from renderio_box import logs
from renderio_box.assets import CLIP, asset
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.serve import starting_errors, watch_signals
from renderio_box.clock import SystemClock
from renderio_box.companions import accompanied_by
from renderio_box.data_directory import DataDirectory
from renderio_box.running import Running, running_box
from renderio_box.settings import Config


class OwnBox(msgspec.Struct, frozen=True, kw_only=True):
    """A box that answers, a key that opens it, and a clip to send through it.

    ``is_first_key`` tells that the key was made by this start. ``stop`` is set when the person
    at the terminal has had enough.
    """

    url: str
    key: str
    is_first_key: bool
    data: DataDirectory
    clip: Path
    stop: anyio.Event
    hurry: anyio.Event

    def forget_first_key(self) -> None:
        """Remove the file that keeps the key, now that somebody has been shown it."""
        if self.is_first_key:
            self.data.forget_first_key()

    async def unless_stopped(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work and return whether it was done; it is given up, and the box, on a signal."""
        with anyio.CancelScope() as working:
            async with accompanied_by(cancel_when, self.stop, working):
                await work()
            return True
        self.hurry.set()
        return False


@asynccontextmanager
async def own_box(config: Config, chosen: DataDirectory | None) -> AsyncGenerator[OwnBox]:
    """Run a box while the block runs, in a directory that goes with it unless one is chosen.

    Raises:
        CliError: It cannot start.
    """
    logs.configure(level="warning", json=False, monotonic=SystemClock().monotonic)
    stop, hurry, has_started = anyio.Event(), anyio.Event(), anyio.Event()
    with ExitStack() as stack, starting_errors(has_started):
        data = chosen
        if data is None:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="renderio-box-"))
            data = DataDirectory(Path(scratch))
        clip = stack.enter_context(as_file(asset(CLIP)))
        async with (
            accompanied_by(watch_signals, stop, hurry),
            running_box(config, data, hurry=hurry) as running,
        ):
            has_started.set()
            key = key_of(running, data)
            yield OwnBox(
                url=running.url,
                key=key,
                is_first_key=key == running.first_key,
                data=data,
                clip=clip,
                stop=stop,
                hurry=hurry,
            )


async def cancel_when(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    """Cancel the scope as soon as the person at the terminal has had enough."""
    await stop.wait()
    scope.cancel()


def key_of(running: Running, directory: DataDirectory) -> str:
    """Return a key that works: the one just made, else the box's own for this machine."""
    server = directory.server()
    if running.first_key is None and server is None:
        raise CliError("the box has no key for this machine.", status=ExitStatus.CANNOT_START)
    return running.first_key or (server.key if server else "")
