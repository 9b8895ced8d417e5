"""Something that runs beside a block of code and never outlives it."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVarTuple, Unpack

import anyio
from anyio.lowlevel import checkpoint

Ts = TypeVarTuple("Ts")


@asynccontextmanager
async def accompanied_by(
    companion: Callable[[Unpack[Ts]], Coroutine[object, object, object]], *arguments: *Ts
) -> AsyncGenerator[None]:
    """Run ``companion`` while the block runs; it is cancelled when the block is left.

    It has come to its first wait when the block begins. An error in either ends both and is raised in a group.
    """
    async with anyio.create_task_group() as group:
        group.start_soon(companion, *arguments)
        await checkpoint()
        yield
        group.cancel_scope.cancel()
