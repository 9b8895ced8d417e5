"""An attempt that cannot go on, and what its job is told."""

from renderio_box.jobs.job import ErrorStatus


class AttemptFailedError(Exception):
    """The job ends with ``status``; the text is a sentence for its caller."""

    def __init__(self, status: ErrorStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def first(errors: BaseExceptionGroup[AttemptFailedError]) -> AttemptFailedError:
    """Return one error out of a group that may hold groups."""
    error = errors.exceptions[0]
    return first(error) if isinstance(error, BaseExceptionGroup) else error
