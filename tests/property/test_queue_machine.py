"""The durable queue against its model: whatever happens in whatever order, on a real SQLite file.

``MACHINE_EXAMPLES=2000 python -m pytest tests/property/test_queue_machine.py`` looks for longer.
"""

import os
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Final, LiteralString, TypeVar

import msgspec
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)
from msgspec.structs import replace

from renderio_box.api.renderio.wire import CommandView
from renderio_box.api.urls import Urls
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.database.connection import Row, SqliteDatabase, open_sqlite
from renderio_box.database.job_lists import JobFilter
from renderio_box.errors import NotFoundError
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FileType, MediaInfo, NewFile
from renderio_box.jobs.job import (
    Cancelled,
    Failed,
    Interrupted,
    Job,
    JobState,
    Progress,
    Stage,
    Submission,
    Succeeded,
)
from renderio_box.queue.admission import (
    Depth,
    IdempotencyConflictError,
    IdempotencyKey,
    QueueFullError,
)
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History, JobReport
from renderio_box.queue.job_queue import (
    EVERY_LEASE,
    AlreadyFinishedError,
    JobQueue,
    LeaseLostError,
    QueueRules,
)
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, make_submission
from tests.fakes import ManualClock
from tests.integration.queue_steps import LEASE, ROOM
from tests.property.queue_model import FINAL, SHOWN, Model, Request

EXAMPLES: Final = int(os.environ.get("MACHINE_EXAMPLES", "60"))
STEPS: Final = 40
MAX_QUEUED: Final = 9
MOST_JOBS: Final = 1000
HOOKED: Final = Owner("ann")
"""Has a webhook for all of her commands; others name one in some."""
OWNERS: Final = (HOOKED, Owner("bob"), Owner("cat"))
EPSILON_S: Final = 0.001
URLS: Final = Urls("http://box.test", lambda _: "")

T = TypeVar("T")
owners = st.sampled_from(OWNERS)
submissions = st.builds(
    make_submission,
    priority=st.sampled_from([0, 50, 50, 100]),
    vcpu_count=st.integers(1, 4),
    webhook_url=st.sampled_from([None, None, "https://hooks.test/own"]),
)
batches = st.lists(submissions, min_size=1, max_size=3)
keys = st.builds(IdempotencyKey, st.sampled_from(["k1", "k2"]), st.sampled_from(["this", "that"]))
outcomes = st.sampled_from(
    [
        Succeeded(outputs=(), run_seconds=1.0, log="fine"),
        Failed(status=ErrorStatus.FFMPEG_FAILED, message="It broke."),
        Cancelled(),
        Interrupted(),
    ]
)
RULES: Final = QueueRules(depth=Depth(jobs=MAX_QUEUED))
RANK: Final = {"QUEUED": 0, "PROCESSING": 1, "SUCCESS": 2, "FAILED": 2}


class Opened(msgspec.Struct, frozen=True):
    """A database that is open, with what works on it."""

    database: SqliteDatabase
    queue: JobQueue
    history: History


class Seen(msgspec.Struct, frozen=True):
    """Everything that can be seen of the queue at once."""

    reports: Mapping[str, JobReport]
    events: Sequence[Row]
    shown_events: Mapping[str, list[JobState]]
    deliveries: Counter[str]
    outputs: Counter[str]
    counts: Mapping[tuple[str, str], int]


@asynccontextmanager
async def opened_at(path: Path, clock: ManualClock) -> AsyncGenerator[Opened]:
    """Open the queue as a process does that starts."""
    async with open_sqlite(path) as database:
        queue = JobQueue(
            database,
            clock,
            Herald(Announcer(), Wakeup()),
            addresses=ADDRESSES,
            rules=RULES,
        )
        await EndpointCatalog(database, clock).put(
            HOOKED, url="https://hooks.test/all", secret=None, origin=""
        )
        yield Opened(database, queue, History(database, ADDRESSES, queue.line))


@cache
def new_database() -> bytes:
    """Return a database that nothing is in: making it takes longer than most examples."""
    with tempfile.TemporaryDirectory() as directory, start_blocking_portal() as portal:
        path = Path(directory, "new.sqlite3")
        with portal.wrap_async_context_manager(open_sqlite(path)):
            pass
        return path.read_bytes()


class QueueMachine(RuleBasedStateMachine):
    """Clients, a scheduler, its attempts, and a process that dies now and then."""

    commands: Bundle[JobId] = Bundle("commands")
    attempts: Bundle[Job] = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.model = Model(max_queued=MAX_QUEUED)
        self.ranks: dict[str, int] = {}
        self.claimed: list[Job] = []
        self._stack = ExitStack()
        self._directory = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._path = Path(self._directory, "box.sqlite3")
        self._path.write_bytes(new_database())
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._process = ExitStack()
        self.box = self._start()

    def _start(self) -> Opened:
        opened = opened_at(self._path, self.clock)
        return self._process.enter_context(self._portal.wrap_async_context_manager(opened))

    def teardown(self) -> None:
        self._process.close()
        self._stack.close()

    def call(self, act: Callable[..., Coroutine[object, object, T]], *given: object) -> T:
        return self._portal.call(act, *given)

    # What happens

    @rule(target=commands, sent=batches, owner=owners)
    def submit(self, sent: list[Submission], owner: Owner) -> MultipleResults[JobId]:
        act = partial(self.box.queue.submit, sent, owner=owner, sees=owner)
        return self._submitted(act, sent, owner)

    @rule(target=commands, sent=batches, owner=owners, key=keys)
    def submit_with_a_key(
        self, sent: list[Submission], owner: Owner, key: IdempotencyKey
    ) -> MultipleResults[JobId]:
        act = partial(self.box.queue.submit, sent, owner=owner, sees=owner, idempotency=key)
        earlier = self.model.earlier(owner, key.key, now=self.clock.now())
        if earlier is None:
            made = self._submitted(act, sent, owner)
            if made.values:
                first = self.model.jobs[made.values[0]]
                request = Request(key.digest, made.values, first.created_at)
                self.model.requests[owner, key.key] = request
            return made
        if earlier.digest == key.digest:
            assert tuple(job.id for job in self.call(act)) == earlier.ids
        else:
            with pytest.raises(IdempotencyConflictError):
                self.call(act)
        return multiple()

    def _submitted(
        self,
        act: Callable[[], Coroutine[object, object, list[Job]]],
        sent: list[Submission],
        owner: Owner,
    ) -> MultipleResults[JobId]:
        if not self.model.has_place(len(sent)):
            with pytest.raises(QueueFullError):
                self.call(act)
            return multiple()
        self.clock.advance(EPSILON_S)  # ids are random, and decide between jobs of one moment
        made = self.call(act)
        for job, submission in zip(made, sent, strict=True):
            is_told = owner == HOOKED or submission.spec.webhook_url is not None
            self.model.add(job, is_told=is_told)
        return multiple(*(job.id for job in made))

    @rule(
        target=attempts,
        vcpus=st.sampled_from([1, 2, 4, 4]),
        corrected_by=st.sampled_from([0, 0, 24, -24]),
    )
    def claim(self, vcpus: int, corrected_by: int) -> MultipleResults[Job]:
        self.clock.jump(timedelta(hours=corrected_by))
        room = replace(ROOM, vcpus=vcpus)
        expected = self.model.claim(vcpus, lease_until=self.lease_end())
        claimed = self.call(partial(self.box.queue.claim, room, lease=LEASE))
        assert (claimed and claimed.id) == (expected and expected.id)
        if claimed is None:
            return multiple()
        self.claimed.append(claimed)
        return multiple(claimed)

    @rule(attempt=attempts, stage=st.sampled_from(Stage), percent=st.floats(0, 100))
    def renew(self, attempt: Job, stage: Stage, percent: float) -> None:
        progress = Progress(percent=percent)
        act = partial(self.box.queue.renew, attempt, stage=stage, progress=progress, lease=LEASE)
        if not self.model.owns(attempt):
            with pytest.raises(LeaseLostError):
                self.call(act)
            return
        job = self.model.jobs[attempt.id]
        assert self.call(act).cancel_requested == job.is_unwanted
        job.lease_until = self.lease_end()

    @property
    def running(self) -> list[Job]:
        return [each for each in self.claimed if self.model.owns(each)]

    @property
    def overtaken(self) -> list[Job]:
        """Attempts that are over, of jobs that run again."""
        ids = {each.id for each in self.running}
        return [each for each in self.claimed if each.id in ids and not self.model.owns(each)]

    @precondition(lambda self: self.running)
    @rule(place=st.integers(0, MAX_QUEUED), outcome=outcomes)
    def settle_what_runs(
        self, place: int, outcome: Succeeded | Failed | Cancelled | Interrupted
    ) -> None:
        self._settle(self.running[place % len(self.running)], outcome)

    @precondition(lambda self: self.overtaken)
    @rule(place=st.integers(0, MAX_QUEUED), outcome=outcomes)
    def a_late_attempt_reports(
        self, place: int, outcome: Succeeded | Failed | Cancelled | Interrupted
    ) -> None:
        late = self.overtaken[place % len(self.overtaken)]
        self._settle(late, outcome)
        self.renew(late, Stage.ENCODING, 50.0)

    @rule(attempt=attempts, outcome=outcomes)
    def settle_any(
        self, attempt: Job, outcome: Succeeded | Failed | Cancelled | Interrupted
    ) -> None:
        self._settle(attempt, outcome)

    def _settle(self, attempt: Job, outcome: Succeeded | Failed | Cancelled | Interrupted) -> None:
        if isinstance(outcome, Succeeded):
            outcome = replace(outcome, outputs=(output_of(attempt),))
        if not self.model.owns(attempt):
            with pytest.raises(LeaseLostError):
                self.call(self.box.queue.settle, attempt, outcome)
            return
        self.model.settle(attempt.id, outcome)
        settled = self.call(self.box.queue.settle, attempt, outcome)
        assert settled.state is self.model.jobs[attempt.id].state

    @rule(job_id=commands, asks=owners)
    def cancel(self, job_id: JobId, asks: Owner) -> None:
        job, act = self.model.jobs[job_id], partial(self.box.queue.cancel, job_id, sees=asks)
        if job.owner != asks:
            with pytest.raises(NotFoundError):
                self.call(act)
        elif job.state in FINAL:
            with pytest.raises(AlreadyFinishedError):
                self.call(act)
        else:
            self.model.cancel(job_id)
            self.call(act)

    @rule(attempt=attempts, in_hand=st.booleans(), later=st.sampled_from([0.0, 61.0]))
    def rescue(self, attempt: Job, *, in_hand: bool, later: float) -> None:
        self.clock.advance(later)
        but = {attempt.id} if in_hand else set[JobId]()
        lost = self.model.expired(self.clock.monotonic(), but=but)
        moment = self.box.queue.lease_clock.now()
        rescued = self.call(partial(self.box.queue.rescue, leases_before=moment, but=but))
        assert {job.id for job in rescued} == {job.id for job in lost}
        self.model.rescue(lost)

    @rule()
    def restart(self) -> None:
        """The process dies with all that it was doing, and another one takes its place."""
        self._process.close()
        self.box = self._start()
        self.model.waiting_for = None
        self.model.rescue(self.model.expired(inf, but=()))
        self.call(partial(self.box.queue.rescue, leases_before=EVERY_LEASE))

    @rule(seconds=st.sampled_from([EPSILON_S, 1.0, 30.0, 61.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(hours=st.sampled_from([-24, -1, 1, 24]))
    def the_clock_is_corrected(self, hours: int) -> None:
        self.clock.jump(timedelta(hours=hours))

    def lease_end(self) -> float:
        return self.clock.monotonic() + LEASE.total_seconds()

    # What must be true after every step

    @invariant()
    def everything_is_as_promised(self) -> None:
        seen = self.call(look, self.box)
        assert seen.reports.keys() == self.model.jobs.keys()
        self.check_the_jobs(seen)
        self.check_the_line(seen)
        self.check_the_events(seen)
        self.check_what_a_client_sees(seen)
        ended = [job for job in self.model.jobs.values() if job.state in FINAL]
        assert seen.deliveries == Counter(job.id for job in ended if job.is_told)
        assert seen.outputs == Counter(job.id for job in ended if job.state is JobState.SUCCEEDED)
        counts = Counter((each.owner, each.shown_state) for each in self.model.jobs.values())
        assert seen.counts == counts

    def check_the_jobs(self, seen: Seen) -> None:
        for job_id, report in seen.reports.items():
            job, expected = report.job, self.model.jobs[JobId(job_id)]
            assert (job.owner, job.state, job.attempt, job.interruptions, job.error_status) == (
                expected.owner,
                expected.state,
                expected.attempt,
                expected.interruptions,
                expected.error,
            )
            assert (job.cancel_requested_at is not None) == expected.is_unwanted
            assert (job.finished_at is not None) == (expected.state in FINAL)
            moments = [job.created_at, job.started_at, job.finished_at]
            assert (told := [each for each in moments if each is not None]) == sorted(told)

    def check_the_line(self, seen: Seen) -> None:
        line = [job.id for job in self.model.line]
        for job_id, report in seen.reports.items():
            place = line.index(JobId(job_id)) + 1 if job_id in line else None
            assert report.queue_position == place
            assert report.waiting_for == (self.model.waiting_for if place else None)

    def check_the_events(self, seen: Seen) -> None:
        sequences = [int(event["sequence"] or 0) for event in seen.events]
        assert sequences == list(range(1, len(sequences) + 1))
        pasts: dict[str, list[tuple[object, object]]] = {job_id: [] for job_id in self.model.jobs}
        for event in seen.events:
            pasts[str(event["job_id"])].append((event["state"], event["attempt"]))
        assert pasts == {job.id: job.past for job in self.model.jobs.values()}
        assert seen.shown_events == {job.id: job.shown_past for job in self.model.jobs.values()}

    def check_what_a_client_sees(self, seen: Seen) -> None:
        for job_id, report in seen.reports.items():
            status = CommandView.of(report, URLS).status
            assert status == SHOWN[self.model.jobs[JobId(job_id)].shown_state]
            assert RANK[status] >= self.ranks.get(job_id, 0)
            self.ranks[job_id] = RANK[status]


def output_of(attempt: Job) -> NewFile:
    """Return what the attempt has published, under a key of its own."""
    return NewFile(
        key=f"outputs/{attempt.id}/{attempt.attempt}/clip.mp4",
        alias="out_clip",
        filename="clip.mp4",
        size_bytes=1,
        sha256="0" * 64,
        media=MediaInfo(file_type=FileType.VIDEO),
    )


async def look(box: Opened) -> Seen:
    """Read everything there is."""
    page = await box.history.list(JobFilter(sees=None), limit=MOST_JOBS)
    assert page.total == len(page.reports)
    return Seen(
        reports={report.job.id: report for report in page.reports},
        events=await rows(box, "SELECT * FROM events ORDER BY sequence"),
        shown_events=await shown_events(box),
        deliveries=Counter(
            str(row["job_id"]) for row in await rows(box, "SELECT job_id FROM deliveries")
        ),
        outputs=Counter(str(row["job_id"]) for row in await rows(box, "SELECT job_id FROM files")),
        counts={
            (str(row["owner"]), str(row["visible_state"])): int(row["count"] or 0)
            for row in await rows(box, "SELECT * FROM job_counts WHERE count > 0")
        },
    )


async def rows(box: Opened, sql: LiteralString) -> Sequence[Row]:
    async with box.database.reading() as tx:
        return await tx.fetch_all(sql, {})


async def shown_events(box: Opened) -> dict[str, list[JobState]]:
    """Return what a client hears that follows the events from the first on."""
    shown: dict[str, list[JobState]] = {}
    after, is_behind = 0, True
    while is_behind:
        news = await box.history.events_after(after, sees=None)
        for event in news.events:
            shown.setdefault(event.job_id, []).append(event.state)
            after = event.sequence
        is_behind = news.is_behind
    return shown


QueueMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
test_the_queue_keeps_its_promises = QueueMachine.TestCase
