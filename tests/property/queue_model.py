"""The queue as it is promised: plain Python, no database, no waiting."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from renderio_box.identifiers import JobId, Owner
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

FINAL: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
SHOWN: Final = {
    JobState.QUEUED: "QUEUED",
    JobState.RUNNING: "PROCESSING",
    JobState.SUCCEEDED: "SUCCESS",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "FAILED",
}
INTERRUPTIONS_ALLOWED: Final = 2
MEMORY: Final = timedelta(hours=24)

Standing = tuple[int, bool, Owner]


@dataclass(kw_only=True, eq=False)
class Entry:
    """One job: what a client was promised about it."""

    id: JobId
    owner: Owner
    priority: int
    vcpus: int
    created_at: datetime
    is_told: bool
    state: JobState = JobState.QUEUED
    attempt: int = 0
    interruptions: int = 0
    is_unwanted: bool = False
    has_started: bool = False
    lease_until: float = 0.0
    error: ErrorStatus | None = None
    past: list[tuple[JobState, int]] = field(default_factory=lambda: [(JobState.QUEUED, 0)])

    @property
    def standing(self) -> Standing:
        """What decides, with whose turn it is, who is next."""
        return self.priority, self.attempt > 0, self.owner

    @property
    def shown_state(self) -> JobState:
        """What is to be seen of the state: who has started never waits again."""
        waits_again = self.state is JobState.QUEUED and self.has_started
        return JobState.RUNNING if waits_again else self.state

    @property
    def shown_past(self) -> list[JobState]:
        """The events that are to be seen: each state once."""
        return list(dict.fromkeys(state for state, _ in self.past))

    def becomes(self, state: JobState, error: ErrorStatus | None = None) -> None:
        self.state, self.error = state, error
        self.past.append((state, self.attempt))


@dataclass(frozen=True)
class Request:
    """A request that came with an idempotency key."""

    digest: str
    ids: tuple[JobId, ...]
    at: datetime


class Turns:
    """Who is next: owners take turns, and an owner's own go as they were accepted."""

    def __init__(self) -> None:
        self._places: dict[JobId, int] = {}
        self._last: dict[Standing, tuple[int, int]] = {}
        self._taken = 0

    def join(self, job: Entry) -> None:
        """Note a job that waits; who never had a turn is next, by the place of the first job."""
        place = self._places.setdefault(job.id, len(self._places))
        self._last.setdefault(job.standing, (0, place))

    def take(self, job: Entry) -> None:
        """Note a job that is claimed, before it is."""
        self._taken += 1
        self._last[job.standing] = (self._taken, 0)

    def in_order(self, waiting: Iterable[Entry]) -> list[Entry]:
        """Return who waits in the order in which they would be taken."""
        left, last, taken = set(waiting), dict(self._last), self._taken
        order: list[Entry] = []
        while left:
            order.append(min(left, key=lambda job: self._rank(job, last)))
            left.remove(order[-1])
            taken += 1
            last[order[-1].standing] = (taken, 0)
        return order

    def _rank(
        self, job: Entry, last: Mapping[Standing, tuple[int, int]]
    ) -> tuple[int, bool, tuple[int, int], int]:
        return -job.priority, not job.attempt, last[job.standing], self._places[job.id]


class Model:
    """What the queue should hold. Moments of leases are of elapsed time, in seconds."""

    def __init__(self, *, max_queued: int) -> None:
        self.jobs: dict[JobId, Entry] = {}
        self.requests: dict[tuple[Owner, str], Request] = {}
        self.waiting_for: str | None = None
        self.turns = Turns()
        self._max_queued = max_queued

    @property
    def line(self) -> list[Entry]:
        waiting = (each for each in self.jobs.values() if each.state is JobState.QUEUED)
        return self.turns.in_order(waiting)

    def has_place(self, count: int) -> bool:
        new = [each for each in self.line if not each.has_started]
        return len(new) + count <= self._max_queued

    def earlier(self, owner: Owner, key: str, *, now: datetime) -> Request | None:
        request = self.requests.get((owner, key))
        return request if request is not None and abs(now - request.at) <= MEMORY else None

    def add(self, job: Job, *, is_told: bool) -> None:
        self.jobs[job.id] = Entry(
            id=job.id,
            owner=job.owner,
            priority=job.spec.priority,
            vcpus=job.spec.vcpu_count,
            created_at=job.created_at,
            is_told=is_told,
        )
        self.turns.join(self.jobs[job.id])

    def claim(self, vcpus: int, *, lease_until: float) -> Entry | None:
        """Take the head of the line if it fits; nothing overtakes it."""
        head = next(iter(self.line), None)
        self.waiting_for = "CPUS" if head is not None and head.vcpus > vcpus else None
        if head is None or self.waiting_for:
            return None
        self.turns.take(head)
        head.attempt, head.has_started, head.lease_until = head.attempt + 1, True, lease_until
        head.becomes(JobState.RUNNING)
        return head

    def owns(self, attempt: Job) -> bool:
        job = self.jobs[attempt.id]
        return job.state is JobState.RUNNING and job.attempt == attempt.attempt

    def settle(self, job_id: JobId, outcome: Outcome) -> None:
        job = self.jobs[job_id]
        match outcome:
            case _ if job.is_unwanted:
                job.becomes(JobState.CANCELLED, ErrorStatus.CANCELLED)
            case Succeeded():
                job.becomes(JobState.SUCCEEDED)
            case Failed():
                job.becomes(JobState.FAILED, outcome.status)
            case Cancelled():
                job.becomes(JobState.CANCELLED, ErrorStatus.CANCELLED)
            case Interrupted():
                self._wait_again(job)

    def cancel(self, job_id: JobId) -> None:
        job = self.jobs[job_id]
        job.is_unwanted = True
        if job.state is JobState.QUEUED:
            job.becomes(JobState.CANCELLED, ErrorStatus.CANCELLED)
        else:
            job.becomes(JobState.RUNNING)

    def expired(self, now: float, *, but: Collection[JobId]) -> list[Entry]:
        running = [each for each in self.jobs.values() if each.state is JobState.RUNNING]
        return [each for each in running if each.lease_until < now and each.id not in but]

    def rescue(self, lost: Iterable[Entry]) -> None:
        for job in sorted(lost, key=lambda each: each.lease_until):
            if job.is_unwanted:
                job.becomes(JobState.CANCELLED, ErrorStatus.CANCELLED)
                continue
            job.interruptions += 1
            if job.interruptions <= INTERRUPTIONS_ALLOWED:
                self._wait_again(job)
            else:
                job.becomes(JobState.FAILED, ErrorStatus.INTERRUPTED)

    def _wait_again(self, job: Entry) -> None:
        job.becomes(JobState.QUEUED)
        self.turns.join(job)
