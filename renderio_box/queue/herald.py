"""What is told of jobs: a signal, one line in the log and a figure for each change.

Every line has the job's id and the id of the request that submitted it, under which its caller
finds all that became of it.
"""

from collections.abc import Sequence

import structlog

from renderio_box.identifiers import JobId
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Job, JobState
from renderio_box.metrics import Metrics
from renderio_box.wakeup import Announcer, Wakeup

log = structlog.get_logger()


class Herald:
    """Tells of jobs; call it after the commit, and once for each change.

    ``announcer`` is notified of every change, ``deliveries`` when a job has ended, which may
    have put something into the outbox.
    """

    def __init__(
        self, announcer: Announcer, deliveries: Wakeup, metrics: Metrics | None = None
    ) -> None:
        self._announcer = announcer
        self._deliveries = deliveries
        self._metrics = metrics or Metrics()

    def accepted(self, jobs: Sequence[Job]) -> None:
        """Tell that new jobs are safe on disk."""
        self._announcer.notify()
        self._metrics.jobs_accepted(len(jobs))
        for job in jobs:
            log.info(
                "job_accepted",
                **names_of(job),
                owner=job.owner,
                command_type=job.spec.command_type,
                priority=job.spec.priority,
                vcpus=job.spec.vcpu_count,
            )

    def started(self, job: Job) -> None:
        """Tell that an attempt begins."""
        self._announcer.notify()
        waited_s = None
        if job.attempt == 1 and job.started_at is not None:
            waited_s = (job.started_at - job.created_at).total_seconds()
        self._metrics.job_started(waited_s=waited_s)
        log.info(
            "job_started",
            **names_of(job),
            attempt=job.attempt,
            waited_seconds=waited_s,
        )

    def settled(self, job: Job) -> None:
        """Tell how an attempt ended: with the job, or with the stop of the box."""
        self._wake(job)
        if job.finished_at is None:
            self._interrupted(job, died=False)
        else:
            self._ended(job)

    def rescued(self, jobs: Sequence[Job]) -> None:
        """Tell what becomes of jobs whose attempts died with the box."""
        for job in jobs:
            self._wake(job)
            self._interrupted(job, died=True)
            if job.finished_at is not None:
                self._ended(job)

    def cancelled(self, job: Job, *, before: Job, by: str | None) -> None:
        """Tell that a request asked to stop a job, and was the first to do so.

        One that waited has ended with that.
        """
        self._wake(job)
        if job.finished_at is not None:
            self._ended(job, cancelled_by=by)
        elif before.cancel_requested_at is None:
            log.info(
                "job_cancel_requested",
                **names_of(job),
                attempt=job.attempt,
                cancelled_by=by,
            )

    def _wake(self, job: Job) -> None:
        self._announcer.notify()
        if job.finished_at is not None:
            self._deliveries.notify()

    def _interrupted(self, job: Job, *, died: bool) -> None:
        self._metrics.job_interrupted(died=died)
        tell = log.warning if died else log.info
        if job.finished_at is None:
            tell(
                "job_requeued",
                **names_of(job),
                attempt=job.attempt,
                reason="the box died or stood still" if died else "the box stops",
            )

    def _ended(self, job: Job, **more: str | None) -> None:
        self._metrics.job_ended(job.state, job.error_status, run_s=job.run_seconds)
        log.info(
            "job_ended",
            **names_of(job),
            attempt=job.attempt,
            state=job.state,
            error_status=job.error_status,
            run_seconds=job.run_seconds,
            **more,
        )

    def gave_up(self, job_id: JobId, *, reason: str) -> None:
        """Tell that a job has ended of which nothing can be read."""
        self._announcer.notify()
        self._metrics.job_ended(JobState.FAILED, ErrorStatus.INTERNAL_ERROR, run_s=None)
        log.error("job_damaged", job=job_id, reason=reason)


def names_of(job: Job) -> dict[str, str | None]:
    """Return what a line about a job begins with."""
    return {"job": job.id, "request_id": job.request_id}
