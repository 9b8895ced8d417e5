"""What a caller may ask for, and what a job gets that asked for nothing."""

import msgspec

from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.verification import Verify


class JobLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's bounds on one job.

    ``vcpus`` is how many CPUs all jobs may use together; times are in seconds of
    FFmpeg's own running; ``verify`` is what is checked unless a job asks otherwise.
    """

    default_run_seconds: int
    max_run_seconds: int
    vcpus: int
    verify: Verify = Verify()


def run_seconds(asked: int | None, limits: JobLimits) -> int:
    """Return the time limit of a job.

    Raises:
        InvalidRequestError: More was asked for than the operator allows.
    """
    if asked is None:
        return limits.default_run_seconds
    if asked > limits.max_run_seconds:
        raise InvalidRequestError(
            f"max_command_run_seconds is {asked}, this box allows at most"
            f" {limits.max_run_seconds}.",
            loc=("max_command_run_seconds",),
        )
    return asked


def vcpu_count(asked: int | None, limits: JobLimits) -> int:
    """Return how many CPUs a job counts for: what was asked, clipped to the machine."""
    return 1 if asked is None else min(asked, limits.vcpus)
