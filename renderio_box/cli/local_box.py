"""Reaching the box of this machine: over HTTP while it runs, in its database while it does not."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import anyio

from renderio_box.catalog.keys import KeyRing
from renderio_box.cli.client import BoxClient, connected
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.data_directory import DataDirectory, DirectoryInUseError
from renderio_box.database.migrate import UnusableDatabaseError
from renderio_box.errors import BoxError
from renderio_box.ground import open_keys

START_SECONDS: Final = 15.0
LOOKED_EVERY_S: Final = 0.2

T = TypeVar("T")


async def with_keys(
    data: DataDirectory,
    *,
    offline: Callable[[KeyRing], Awaitable[T]],
    online: Callable[[BoxClient], Awaitable[T]],
) -> T:
    """Work on the keys through the running box, or directly when none runs.

    Only one process may have the database open.
    """

    async def opened() -> T:
        try:
            async with open_keys(data) as keys:
                return await offline(keys)
        except BoxError as error:
            raise CliError(str(error), status=ExitStatus.COMMAND_FAILED) from error
        except UnusableDatabaseError as error:
            raise CliError(str(error), status=ExitStatus.CANNOT_START) from error
        except OSError as error:
            raise CliError(
                f"cannot open {data.root}: {error.strerror}; choose another --data.",
                status=ExitStatus.CANNOT_START,
            ) from error

    return await unless_in_use(data, opened, online)


async def with_directory(
    data: DataDirectory,
    *,
    offline: Callable[[], Awaitable[T]],
    online: Callable[[BoxClient], Awaitable[T]],
) -> T:
    """Work through the running box, or in the locked directory when none runs."""

    async def locked() -> T:
        with data.locked():
            return await offline()

    return await unless_in_use(data, locked, online)


async def unless_in_use(
    data: DataDirectory,
    offline: Callable[[], Awaitable[T]],
    online: Callable[[BoxClient], Awaitable[T]],
) -> T:
    """Work ``offline``, which takes the directory, or ``online`` with the box that has it.

    A box that is just starting or stopping is waited for.
    """
    deadline = anyio.current_time() + START_SECONDS
    while True:
        try:
            return await offline()
        except DirectoryInUseError as error:
            if (server := data.server()) is not None:
                async with connected(server.url, server.key, server.certificate) as box:
                    return await online(box)
            if anyio.current_time() > deadline:
                raise CliError(str(error), status=ExitStatus.BOX_UNREACHABLE) from error
        await anyio.sleep(LOOKED_EVERY_S)


@asynccontextmanager
async def running(data: DataDirectory) -> AsyncGenerator[BoxClient]:
    """Open a client for the box that runs in the directory, with the operator's key.

    Raises:
        CliError: None runs there.
    """
    server = data.server()
    if server is None:
        raise CliError(
            f"no box runs in {data.root}, or it is just starting or stopping; check --data.",
            status=ExitStatus.BOX_UNREACHABLE,
        )
    async with connected(server.url, server.key, server.certificate) as box:
        yield box
