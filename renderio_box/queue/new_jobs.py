"""From what was submitted to the jobs that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from renderio_box.identifiers import BatchId, JobId, Owner, new_id
from renderio_box.jobs.batch import sharing
from renderio_box.jobs.job import Job, JobSpec, JobState, Submission


def new_jobs(
    submissions: Sequence[Submission], specs: Sequence[JobSpec], *, owner: Owner, now: datetime
) -> list[Job]:
    """Return what was submitted as queued jobs; ``specs`` have their inputs looked up.

    Several are a batch, and what more than one of them fetches is fetched once.
    """
    batch_id = None
    if len(submissions) > 1:
        batch_id = BatchId(new_id(now))
        specs = sharing(specs, batch_id)
    return [
        Job(
            # A microsecond apart, so that they are also claimed in this order.
            id=JobId(new_id(created_at := now + timedelta(microseconds=place))),
            owner=owner,
            state=JobState.QUEUED,
            spec=spec,
            original_request=submission.original_request,
            metadata=submission.metadata,
            warnings=submission.warnings,
            dialect=submission.dialect,
            origin=submission.origin,
            request_id=submission.request_id,
            batch_id=batch_id,
            attempt=0,
            interruptions=0,
            created_at=created_at,
        )
        for place, (submission, spec) in enumerate(zip(submissions, specs, strict=True))
    ]
