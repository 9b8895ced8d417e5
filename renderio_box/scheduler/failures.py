"""An attempt that cannot go on, and what its job is told."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from renderio_box.jobs.error_status import ErrorStatus


class AttemptFailedError(Exception):
    """The job ends with ``status``; the text is a sentence for its caller."""

    def __init__(self, status: ErrorStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@asynccontextmanager
async def side_by_side() -> AsyncGenerator[TaskGroup]:
    """Run tasks together; the first that fails an attempt ends the others.

    Raises:
        AttemptFailedError: One of those the tasks raised, alone and in no group.
    """
    failure: AttemptFailedError | None = None
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except* AttemptFailedError as errors:
        failure = first(errors)
    if failure is not None:
        raise failure


def first(errors: BaseExceptionGroup[AttemptFailedError]) -> AttemptFailedError:
    """Return one error out of a group that may hold groups."""
    error = errors.exceptions[0]
    return first(error) if isinstance(error, BaseExceptionGroup) else error
