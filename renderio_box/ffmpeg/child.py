"""Starting child processes and never losing one; the only place that starts any."""

import ctypes
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Final

import anyio
import msgspec
from anyio.abc import ByteReceiveStream, Process

STOP_GRACE_S: Final = 2.5
PIPE_GRACE_S: Final = 1.0
LOOK_EVERY_S: Final = 0.002
PR_SET_CHILD_SUBREAPER: Final = 36
"""From the kernel's prctl.h."""


class Finished(msgspec.Struct, frozen=True):
    """How a short-lived tool ended, with the beginning of what it printed."""

    exit_status: int
    output: bytes
    complaints: bytes


@asynccontextmanager
async def child(
    arguments: Sequence[str], *, directory: Path, environment: dict[str, str], stderr: int = PIPE
) -> AsyncGenerator[Process]:
    """Start a program in its own session, without stdin; on leaving, its group is gone.

    Must be called on the main thread's event loop: the parent-death signal fires when
    the starting thread ends.

    Raises:
        OSError: The program could not be started.
    """
    process = await anyio.open_process(
        arguments,
        cwd=directory,
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await end_group(process)


async def end_group(process: Process) -> None:
    """Terminate, wait, kill, wait: return only when no process of the group runs."""
    with anyio.CancelScope(shield=True):
        if process.returncode is None:
            signal_group(process, signal.SIGTERM)
            with anyio.move_on_after(STOP_GRACE_S):
                await process.wait()
        signal_group(process, signal.SIGKILL)
        await process.wait()
        await group_gone(process.pid)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                await pipe.aclose()


async def group_gone(group: int) -> None:
    """Wait until the last process of a killed group is gone, for ``STOP_GRACE_S`` at most.

    bubblewrap leaves the first process of its namespace to whoever adopts orphans.
    """
    with anyio.move_on_after(STOP_GRACE_S):
        while True:
            with suppress(ChildProcessError):
                os.waitpid(-group, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            await anyio.sleep(LOOK_EVERY_S)


def adopt_orphans() -> None:
    """Make this process the one that orphans among its descendants are left to.

    Else the first process of the machine gets them, which in a container may never ask
    how they ended, or only now and then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def signal_group(process: Process, number: signal.Signals) -> None:
    """Signal every process of the child's group that is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


async def run_tool(
    arguments: Sequence[str],
    *,
    directory: Path,
    environment: dict[str, str],
    timeout_s: float,
    max_output_bytes: int,
) -> Finished:
    """Run a short-lived program and return what it printed, cut at the given size.

    Raises:
        TimeoutError: It did not end in time; it is gone.
        OSError: It could not be started.
    """
    output, complaints = bytearray(), bytearray()
    with anyio.fail_after(timeout_s):
        async with child(arguments, directory=directory, environment=environment) as process:
            async with anyio.create_task_group() as pipes:
                pipes.start_soon(collect, process.stdout, output, max_output_bytes)
                pipes.start_soon(collect, process.stderr, complaints, max_output_bytes)
            exit_status = await process.wait()
    return Finished(exit_status, bytes(output), bytes(complaints))


async def collect(stream: ByteReceiveStream | None, into: bytearray, max_bytes: int) -> None:
    """Read the stream to its end, keeping its beginning."""
    if stream is not None:
        async for chunk in stream:
            into += chunk[: max_bytes - len(into)]
