"""The life of the box: start, serve, drain, stop."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import anyio
import msgspec
import structlog
from anyio import to_thread
from anyio.abc import TaskGroup
from msgspec.structs import replace

from renderio_box.appliance import Box, open_box
from renderio_box.catalog.keys import FIRST_KEY, KeyRing, Scope, digest
from renderio_box.clock import SystemClock
from renderio_box.data_directory import DataDirectory, Server
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.http_server import HttpServer, listening, url_of
from renderio_box.identifiers import Owner, new_api_key
from renderio_box.pulse import feel_pulse
from renderio_box.scheduler.failures import is_for_want_of_space
from renderio_box.scheduler.scheduler import TRIED_AGAIN_S, Scheduler
from renderio_box.settings import Config
from renderio_box.sub_path import below_path_of
from renderio_box.tls import Certificate, certificate_of

log = structlog.get_logger()

STOP_SECONDS: Final = 40.0
"""How long stopping may take beyond draining: ending FFmpeg, settling, closing connections."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A box that answers; ``first_key`` is the administrator's key when this start made it.

    Whoever shows it removes the file that keeps it: ``DataDirectory.forget_first_key``.
    ``in_words`` asks the database what there is to do, and says so in a line.
    """

    url: str
    first_key: str | None
    in_words: Callable[[], Awaitable[str]]


@asynccontextmanager
async def running_box(
    config: Config, data: DataDirectory, *, hurry: anyio.Event
) -> AsyncGenerator[Running]:
    """Run the box while the block runs; on leaving it drains and stops, in a bounded time.

    ``hurry`` ends the draining early. A part that fails ends the block with its error.

    Raises:
        AddressInUseError, CertificateError, DirectoryInUseError, FfmpegMissingError,
        IsolationError, UnusableDatabaseError, UrlKeysError: It cannot start; nothing was changed.
    """
    async with AsyncExitStack() as stack:
        certificate = certificate_of(config.server, SystemClock())
        sock = stack.enter_context(listening(config.server))
        box = await stack.enter_async_context(open_box(config, data))
        first_key = await first_key_of(box.keys, data)
        parts = parts_of(box, config, certificate)
        async with anyio.create_task_group() as services:
            start(services, parts, sock)
            await parts.server.up.wait()
            running = Running(
                url=url_of(sock, scheme="http" if certificate is None else "https"),
                first_key=first_key,
                in_words=partial(in_words, box),
            )
            address = Server(url=running.url, key=box.keys.admit_operator())
            tried = anyio.Event()
            services.start_soon(keep_address, data, address, certificate, tried)
            await tried.wait()
            try:
                log.info("ready", url=running.url, data=str(data.root))
                yield running
            finally:
                grace_s = config.server.drain_seconds
                with anyio.move_on_after(grace_s + STOP_SECONDS, shield=True):
                    log.info("stopping", drain_seconds=grace_s)
                    await stop(parts, hurry, grace_s=grace_s)
                services.cancel_scope.cancel()
    log.info("stopped")


class Parts(msgspec.Struct, frozen=True):
    """What runs, and how it is told to end and heard to have ended."""

    box: Box
    server: HttpServer
    certificate: Certificate | None
    working: anyio.CancelScope
    worked: anyio.Event
    served: anyio.Event


def parts_of(box: Box, config: Config, certificate: Certificate | None) -> Parts:
    """Return what runs of a box."""
    app = below_path_of(box.app, config.server.public_url)
    server = HttpServer(app, config.server, certificate)
    return Parts(box, server, certificate, anyio.CancelScope(), anyio.Event(), anyio.Event())


def start(services: TaskGroup, parts: Parts, sock: socket.socket) -> None:
    """Start everything that works by itself for as long as the box runs."""
    box = parts.box
    services.start_soon(keep_working, box.scheduler, parts.working, parts.worked)
    services.start_soon(box.keeper.run)
    services.start_soon(box.retention.run)
    services.start_soon(keep_tidy, box)
    services.start_soon(keep_serving, parts.server, sock, parts.served)
    services.start_soon(box.dispatcher.run)
    services.start_soon(box.database.checkpoint_regularly)
    services.start_soon(feel_pulse, box.metrics)
    services.start_soon(box.keys.keep_uses)
    if parts.certificate is not None:
        services.start_soon(parts.certificate.keep_fresh)


async def stop(parts: Parts, hurry: anyio.Event, *, grace_s: float) -> None:
    """Take no more commands, let those that run end or go back, then stop answering."""
    parts.box.queue.close()
    parts.box.scheduler.drain()
    with anyio.move_on_after(grace_s):
        await first_of(parts.worked, hurry)
    parts.working.cancel()
    await parts.worked.wait()
    parts.box.streams.close()
    parts.server.should_exit = True
    await parts.served.wait()
    await parts.box.keys.write_uses()


async def keep_working(scheduler: Scheduler, scope: anyio.CancelScope, ended: anyio.Event) -> None:
    """Run the scheduler until it is drained, or its scope is cancelled."""
    try:
        with scope:
            await scheduler.take_over()
            await scheduler.run()
    finally:
        ended.set()


async def keep_tidy(box: Box) -> None:
    """Have the janitor work once nothing counts as running that is not."""
    await box.scheduler.has_taken_over.wait()
    await box.janitor.run()


async def keep_address(
    data: DataDirectory, server: Server, certificate: Certificate | None, tried: anyio.Event
) -> None:
    """Say how the box is reached as long as it runs, on a full disk from when there is room."""
    while True:
        try:
            with data.serving(with_certificate(server, certificate)):
                tried.set()
                if certificate is None:
                    await anyio.sleep_forever()
                while certificate is not None:
                    await certificate.renewed.wait()
                    data.say_anew(with_certificate(server, certificate))
        except OSError as error:
            if not is_for_want_of_space(error):
                raise
            log.warning(
                "address_put_off", reason=error.strerror, needed_by="renderio-box run, keys"
            )
        tried.set()
        await anyio.sleep(TRIED_AGAIN_S)


def with_certificate(server: Server, certificate: Certificate | None) -> Server:
    """Return how the box is reached with the certificate that it shows now."""
    return server if certificate is None else replace(server, certificate=certificate.pem)


async def keep_serving(server: HttpServer, sock: socket.socket, ended: anyio.Event) -> None:
    """Serve until the server is told to exit; an end of its own accord is a failure."""
    try:
        await server.serve([sock])
        if not server.should_exit:
            raise RuntimeError("The HTTP server ended although nobody had asked it to.")
    finally:
        ended.set()


async def in_words(box: Box) -> str:
    """Say in a line what there is to do, and whether it is taken up."""
    try:
        standing = await box.history.standing()
    except DatabaseFailedError as error:
        return f"the database fails: {error}"
    return f"{standing.running} running, {standing.queued} waiting, {box.gate.in_words()}"


async def first_of(*events: anyio.Event) -> None:
    """Return when the first of the events is set."""
    async with anyio.create_task_group() as waiting:

        async def wait(event: anyio.Event) -> None:
            await event.wait()
            waiting.cancel_scope.cancel()

        for event in events:
            waiting.start_soon(wait, event)


async def first_key_of(keys: KeyRing, data: DataDirectory) -> str | None:
    """Make the administrator's key when there is no key at all, and return it.

    It is in a file of the operator's before it opens anything, so that no crash can lose it. A
    file that nobody took is told of again at every start, and removed once it opens nothing.
    """
    if await keys.list():
        if (kept := data.kept_first_key()) is not None:
            tell_of_first_key(keys, data, kept)
        return None
    key = new_api_key()
    await to_thread.run_sync(data.keep_first_key, key)
    admin = frozenset({Scope.ADMIN})
    return await keys.add(FIRST_KEY, owner=Owner(FIRST_KEY), scopes=admin, key=key)


def tell_of_first_key(keys: KeyRing, data: DataDirectory, kept: str) -> None:
    """Say that the first key still lies on the disk, or remove it if it is good for nothing."""
    if keys.is_in_use(digest(kept)):
        log.warning("first_key_kept", file=str(data.first_key_file), hint="take it, then remove it")
    else:
        data.forget_first_key()
