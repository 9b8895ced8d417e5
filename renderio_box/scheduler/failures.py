"""An attempt that cannot go on, and what its job is told."""

import errno
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio
from anyio.abc import TaskGroup

from renderio_box.inputs.download import RefusedError, TooLargeError, UnreachableError
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Failed
from renderio_box.storage.storage import StorageFullError

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class AttemptFailedError(Exception):
    """The job ends with ``status``; the text is a sentence for its caller."""

    def __init__(self, status: ErrorStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotFetchedError(Exception):
    """A file could not be had; the text goes on after whatever the file is called."""

    def __init__(self, status: ErrorStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@contextmanager
def explained(what: str) -> Generator[None]:
    """Say in a caller's words why ``what`` could not be fetched in the block.

    Raises:
        AttemptFailedError: It could not, for one of the reasons that callers may be told.
    """
    try:
        with told():
            yield
    except NotFetchedError as error:
        raise AttemptFailedError(error.status, f"{what} {error}") from error


@contextmanager
def told() -> Generator[None]:
    """Say why something could not be fetched in the block, whatever it is called.

    Raises:
        NotFetchedError: It could not, for one of the reasons that callers may be told.
    """
    try:
        yield
    except UnreachableError as error:
        raise NotFetchedError(
            ErrorStatus.UNREACHABLE_INPUT_FILE, f"could not be fetched: {error}."
        ) from error
    except RefusedError as error:
        raise NotFetchedError(ErrorStatus.INPUT_REFUSED, f"was not fetched: {error}.") from error
    except TooLargeError as error:
        raise NotFetchedError(ErrorStatus.INPUT_TOO_LARGE, f"was not fetched: {error}.") from error
    except StorageFullError as error:
        raise disk_full() from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise disk_full() from error


def disk_full() -> NotFetchedError:
    """Return the error for want of disk space."""
    return NotFetchedError(ErrorStatus.STORAGE_FULL, "could not be fetched: the disk was full.")


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


def crashed(error: BaseException) -> Failed:
    """Return the end of an attempt that nobody had foreseen, except that disks become full."""
    if is_for_want_of_space(error):
        return Failed(
            status=ErrorStatus.STORAGE_FULL, message="The disk was full while the command ran."
        )
    return Failed(
        status=ErrorStatus.INTERNAL_ERROR,
        message="The box failed while it ran this command; its log has the details.",
    )


def is_for_want_of_space(error: BaseException) -> bool:
    """Tell whether the error, or one in its group, says that the disk is full."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_for_want_of_space, error.exceptions))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return isinstance(error, OSError) and error.errno in FULL
