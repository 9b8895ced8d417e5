"""What the queue costs when it is long: steps of SQLite's machine are counted, never time."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite

from renderio_box.database.connection import SqliteDatabase, open_sqlite
from renderio_box.database.job_lists import JobFilter
from renderio_box.identifiers import Owner
from renderio_box.jobs.job import Progress, Stage
from renderio_box.metrics import Metrics
from renderio_box.queue.admission import Depth
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import JobQueue, QueueRules
from renderio_box.queue.survey import Surveyor
from renderio_box.wakeup import Announcer, Wakeup
from tests.builders import ADDRESSES, make_submission
from tests.fakes import ManualClock
from tests.integration.queue_steps import DONE, LEASE, claimed
from tests.planting import plant_commands, plant_waiting

OWNERS = (Owner("ann"), Owner("bob"))
ANN = OWNERS[0]
FEW, MANY = 100, 10_000
DEEP = Depth(jobs=1_000_000, jobs_per_owner=1_000_000)


class Counter:
    """Counts what SQLite does for a piece of work."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._steps = 0

    async def steps_of(self, work: Callable[[], Awaitable[Any]]) -> int:
        self._steps = 0
        await self._connection.set_progress_handler(self._count, 1)
        await work()
        return self._steps

    def _count(self) -> None:
        self._steps += 1


@asynccontextmanager
async def opened(root: Path) -> AsyncGenerator[tuple[JobQueue, SqliteDatabase, Counter]]:
    async with aiosqlite.connect(root / "box.sqlite3", isolation_level=None) as connection:
        connection.row_factory = aiosqlite.Row
        database = SqliteDatabase(connection, Metrics())
        queue = JobQueue(
            database,
            ManualClock(),
            Herald(Announcer(), Wakeup()),
            addresses=ADDRESSES,
            rules=QueueRules(depth=DEEP),
        )
        yield queue, database, Counter(connection)


async def steps_in(root: Path) -> dict[str, int]:
    """Return how many steps each part of a job's life takes, and looking at it."""
    async with opened(root) as (queue, database, counter):
        steps, history = counter.steps_of, History(database, ADDRESSES)
        submit = partial(queue.submit, [make_submission()], owner=ANN, sees=ANN)
        (last,) = await submit()
        job = await claimed(queue)
        renew = partial(queue.renew, job, stage=Stage.FETCHING, progress=Progress(), lease=LEASE)
        return {
            "submit": await steps(submit),
            "claim": await steps(partial(claimed, queue)),
            "renew": await steps(renew),
            "settle": await steps(partial(queue.settle, job, DONE)),
            "poll": await steps(partial(history.find, last.id, sees=ANN)),
            "list": await steps(partial(history.list, JobFilter(sees=ANN), limit=50)),
            "cancel": await steps(partial(queue.cancel, last.id, sees=ANN)),
            "survey": await steps(Surveyor(database).survey),
        }


async def made(root: Path, *, waiting: int, ended: int = 0) -> Path:
    """Make a database in which each owner has so many jobs waiting, and so many have ended."""
    root.mkdir()
    async with open_sqlite(root / "box.sqlite3"):
        pass
    for owner in OWNERS:
        plant_waiting(root, waiting, owner=owner)
    plant_commands(root, ended)
    return root


async def test_a_long_queue_costs_no_more_than_a_short_one(tmp_path: Path) -> None:
    short = await steps_in(await made(tmp_path / "short", waiting=FEW))
    long = await steps_in(await made(tmp_path / "long", waiting=MANY))

    assert {what: steps for what, steps in long.items() if steps > 2 * short[what]} == {}


async def test_what_has_ended_costs_nothing(tmp_path: Path) -> None:
    empty = await steps_in(await made(tmp_path / "empty", waiting=FEW))
    full = await steps_in(await made(tmp_path / "full", waiting=FEW, ended=MANY))

    assert {what: steps for what, steps in full.items() if steps > 1.1 * empty[what]} == {}
