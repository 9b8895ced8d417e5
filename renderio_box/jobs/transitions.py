"""The job life cycle as pure functions: no clock, no database, no I/O."""

from datetime import datetime
from typing import Final, assert_never

from msgspec.structs import replace

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import (
    Cancelled,
    Failed,
    Interrupted,
    Job,
    JobState,
    Outcome,
    Succeeded,
)

MAX_INTERRUPTIONS: Final = 3
CANCELLED_MESSAGE: Final = "The command was cancelled."


def settle(job: Job, outcome: Outcome, *, now: datetime) -> Job:
    """Return ``job`` as it stands after its running attempt ended.

    A request to cancel that came before wins over whatever the attempt achieved.
    """
    if job.cancel_requested_at is not None:
        return cancelled(job, now=now)
    match outcome:
        case Succeeded():
            return finished(ended(job, outcome, JobState.SUCCEEDED), now=now)
        case Failed():
            job = replace(ended(job, outcome, JobState.FAILED), suggestion=outcome.suggestion)
            return finished(job, now=now, status=outcome.status, message=outcome.message)
        case Cancelled():
            return cancelled(job, now=now)
        case Interrupted():
            return waiting_again(job)
        case _:
            assert_never(outcome)


def cancel(job: Job, *, now: datetime) -> Job:
    """Return ``job`` as it stands after its caller asked to stop it.

    A queued job ends at once; a running one only notes the request, because
    somebody still works on it.
    """
    if job.state is JobState.QUEUED:
        return cancelled(replace(job, cancel_requested_at=now), now=now)
    return replace(job, cancel_requested_at=job.cancel_requested_at or now)


def rescue(job: Job, *, now: datetime) -> Job:
    """Return ``job`` as it stands after its attempt died with its process."""
    if job.cancel_requested_at is not None:
        return cancelled(job, now=now)
    job = replace(job, interruptions=job.interruptions + 1)
    if job.interruptions < MAX_INTERRUPTIONS:
        return waiting_again(job)
    return finished(
        replace(job, state=JobState.FAILED),
        now=now,
        status=ErrorStatus.INTERRUPTED,
        message=f"The box went down {job.interruptions} times while this command ran; it is not"
        " tried again. Submit it once more, with less work at a time if it may be the cause.",
    )


def ended(job: Job, outcome: Succeeded | Failed, state: JobState) -> Job:
    """Return ``job`` with what its attempt found out."""
    return replace(
        job, state=state, run_seconds=outcome.run_seconds, verification=outcome.verification
    )


def waiting_again(job: Job) -> Job:
    """Return ``job`` back in the queue, in its old place."""
    return replace(job, state=JobState.QUEUED, stage=None, progress=None)


def cancelled(job: Job, *, now: datetime) -> Job:
    """Return ``job`` ended by its caller's wish."""
    return finished(
        replace(job, state=JobState.CANCELLED),
        now=now,
        status=ErrorStatus.CANCELLED,
        message=CANCELLED_MESSAGE,
    )


def finished(
    job: Job, *, now: datetime, status: ErrorStatus | None = None, message: str | None = None
) -> Job:
    """Return ``job`` with its end written down; a clock set back cannot end it before it began."""
    return replace(
        job,
        finished_at=max(now, job.created_at, job.started_at or job.created_at),
        stage=None,
        progress=None,
        error_status=status,
        error_message=message,
    )
