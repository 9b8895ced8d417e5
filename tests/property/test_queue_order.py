"""In which order jobs are claimed, whatever came before, and that their positions tell it."""

from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from renderio_box.database.connection import open_sqlite
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.job import Job
from renderio_box.jobs.room import Room
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, make_submission
from tests.fakes import ManualClock

LEASE = timedelta(seconds=60)
ROOM = Room(vcpus=4)

Line = tuple[int, bool, Owner]
Submit = tuple[Literal["submit"], Owner, int, int]
Other = tuple[Literal["claim", "interrupt", "cancel", "clock"], int]

owners = st.sampled_from([Owner("ann"), Owner("bob"), Owner("cyd"), Owner("dan")])
priorities = st.sampled_from([0, 50, 51, 100])
submits = st.tuples(st.just("submit"), owners, priorities, st.integers(1, 5))
others = st.tuples(st.sampled_from(["claim", "interrupt", "cancel", "clock"]), st.integers(-99, 99))
histories = st.lists(submits | submits | others, max_size=25)


class Model:
    """The order in words of Python: who waits since when, and who had a turn when."""

    def __init__(self) -> None:
        self.waiting: dict[JobId, tuple[Line, int]] = {}
        self.turns: dict[Line, tuple[int, int]] = {}
        self.places: dict[JobId, int] = {}
        self.claims = 0

    def join(self, job: Job) -> None:
        place = self.places.setdefault(job.id, len(self.places))
        line = (job.spec.priority, job.attempt > 0, job.owner)
        self.turns.setdefault(line, (0, place))
        self.waiting[job.id] = (line, place)

    def take(self) -> JobId:
        job_id = min(self.waiting, key=self._order)
        line, _ = self.waiting.pop(job_id)
        self.claims += 1
        self.turns[line] = (self.claims, 0)
        return job_id

    def _order(self, job_id: JobId) -> tuple[int, bool, tuple[int, int], int]:
        line, place = self.waiting[job_id]
        priority, again, _ = line
        return -priority, not again, self.turns[line], place


class Stage:
    """A real queue beside the model; every claim is compared."""

    def __init__(self, queue: JobQueue, history: History, clock: ManualClock) -> None:
        self.queue, self.history, self.clock = queue, history, clock
        self.model = Model()

    async def act(self, step: Submit | Other) -> None:
        match step:
            case ("submit", owner, priority, count):
                several = [make_submission(priority=priority)] * count
                for job in await self.queue.submit(several, owner=owner, sees=owner):
                    self.model.join(job)
            case ("claim", _):
                await self.claim()
            case ("interrupt", _):
                await self.interrupt()
            case ("cancel", number) if self.model.waiting:
                await self.cancel(number)
            case (_, seconds):
                self.clock.advance(seconds)

    async def interrupt(self) -> None:
        for job in await self.queue.rescue(leases_before=EVERY_LEASE):
            if job.finished_at is None:
                self.model.join(job)

    async def cancel(self, number: int) -> None:
        ids = sorted(self.model.waiting)
        del self.model.waiting[job_id := ids[number % len(ids)]]
        await self.queue.cancel(job_id, sees=None)

    async def claim(self) -> JobId | None:
        job = await self.queue.claim(ROOM, lease=LEASE)
        claimed = None if job is None else job.id
        assert claimed == (self.model.take() if self.model.waiting else None)
        return claimed

    async def positions(self) -> list[JobId]:
        """Return the waiting jobs in the order of their positions, which are 1, 2, 3..."""
        reports = [await self.history.find(each, sees=None) for each in self.model.waiting]
        placed = {each.queue_position: each.job.id for each in reports}
        assert sorted(placed, key=str) == sorted(range(1, len(reports) + 1), key=str)
        return [placed[number] for number in range(1, len(reports) + 1)]


@asynccontextmanager
async def stage() -> AsyncGenerator[Stage]:
    clock = ManualClock()
    async with open_sqlite(Path(":memory:")) as database:
        queue = JobQueue(database, clock, Herald(Announcer(), Wakeup()), addresses=ADDRESSES)
        yield Stage(queue, History(database, ADDRESSES), clock)


@settings(max_examples=60)
@given(histories)
def test_jobs_are_claimed_as_their_positions_say_and_owners_take_turns(
    steps: Sequence[Submit | Other],
) -> None:
    async def play() -> None:
        async with stage() as played:
            for step in steps:
                await played.act(step)
            expected = await played.positions()
            assert [await played.claim() for _ in expected] == expected
            assert await played.claim() is None

    # A loop may be running in this thread already, for tests that are coroutines.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(anyio.run, play).result()
