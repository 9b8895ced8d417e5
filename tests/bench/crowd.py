"""What a full database costs: a million finished commands, and a hundred thousand waiting ones.

    python -m tests.bench.crowd [--finished 1000000] [--queued 100000] [--rounds 200]

Three boxes run side by side and are asked in turn over loopback, so that whatever else the
machine does falls on all of them: one that is all but empty, one with many finished commands
and one with many waiting ones. Medians in milliseconds, and their ratios to the first box's.
Each box has one CPU for commands, which an idle one holds, so that nothing else starts; then
the boxes stop, and the queue itself is asked to claim, renew and settle. Planting takes
minutes and about 5 GB of the temporary directory.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from renderio_box.api.renderio.lists import cursor_of
from renderio_box.clock import SystemClock
from renderio_box.database.connection import as_text, open_sqlite
from renderio_box.database.job_lists import Place
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import Progress, Stage
from renderio_box.queue.herald import Herald
from renderio_box.queue.job_queue import JobQueue
from renderio_box.wakeup import Announcer, Wakeup
from tests.bench.memory import MEBIBYTE, resident_bytes
from tests.bench.submit import WAITING, occupy
from tests.builders import ADDRESSES
from tests.integration.queue_steps import DONE, LEASE, claimed
from tests.planting import database, plant_commands, plant_waiting
from tests.running_box import RunningBox, running_box

SOME = 200
"""Finished commands of every box, so that a page of its list is full."""
PAGE = 100
OWNERS = 10
STARTED = 5
SETTINGS = {"RENDERIO_JOBS_VCPUS": "1", "RENDERIO_JOBS_MAX_QUEUED": "10000000"}
DEEP = "SELECT created_at, id FROM jobs WHERE finished_at IS NOT NULL ORDER BY id LIMIT 1 OFFSET ?"

T = TypeVar("T")
Times = defaultdict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Crowd:
    """One of the databases, and a place deep in its list."""

    name: str
    data: Path
    finished: int
    deep: Place


def planted(root: Path, name: str, *, finished: int, queued: int) -> Crowd:
    """Make a data directory in which the only CPU will be taken before anything planted is."""
    data, began = root / name.replace(" ", "-"), time.monotonic()
    with running_box(data, **SETTINGS) as box:
        occupy(box, 1, encode=False)
    every_ms = 20 * 86_400_000 // finished
    first = as_text(datetime.now(UTC) - timedelta(days=21))
    plant_commands(data, finished, since=first, every_ms=every_ms)
    with database(data) as connection:
        (ours,) = connection.execute("SELECT owner FROM jobs LIMIT 1").fetchone()
    for owner in (ours, *(f"crowd{number}" for number in range(1, OWNERS))):
        plant_waiting(data, queued // OWNERS, owner=owner)
    with database(data) as connection:
        created_at, job_id = connection.execute(DEEP, (finished // 2,)).fetchone()
    mebibytes = (data / "box.sqlite3").stat().st_size // MEBIBYTE
    print(f"{name}: {mebibytes} MiB, planted in {time.monotonic() - began:.0f} s", flush=True)
    return Crowd(name, data, finished, Place(datetime.fromisoformat(created_at), JobId(job_id)))


def since(started: float) -> float:
    """Return how many milliseconds have passed."""
    return (time.perf_counter() - started) * 1000


def start_milliseconds(crowd: Crowd) -> float:
    """Time a start until the box says that it is ready, and let it stop."""
    started = time.perf_counter()
    with running_box(crowd.data, **SETTINGS) as box:
        box.http.get("/readyz").raise_for_status()
        return since(started)


def asked(box: RunningBox, crowd: Crowd, newest: str) -> Mapping[str, Callable[[], Any]]:
    """Return what is asked of a box, by name."""

    def get(path: str) -> Callable[[], Any]:
        return lambda: box.http.get(path).raise_for_status()

    return {
        "poll a finished command": get(f"/api/v1/commands/{crowd.deep.id}"),
        "poll a queued command": get(f"/api/v1/commands/{newest}"),
        "list, first page of 100": get("/api/v1/commands?limit=100"),
        "list, 100 from deep down": get(
            f"/api/v1/commands?limit=100&cursor={cursor_of(crowd.deep)}"
        ),
        "list, 100 waiting": get("/api/v1/commands?limit=100&status=QUEUED"),
        "submit": lambda: box.submit(WAITING, {"out_v": "a.mp4"}),
    }


def check_pages(questions: Mapping[str, Callable[[], Any]]) -> None:
    """See that lists are asked for whole pages."""
    for what, question in questions.items():
        if what.startswith("list") and len(found := question().json()["commands"]) != PAGE:
            raise SystemExit(f"{what} has {len(found)} commands")


def over_http(crowds: list[Crowd], rounds: int, times: Times) -> None:
    """Ask the boxes in turn."""
    with ExitStack() as running:
        asking: dict[str, Mapping[str, Callable[[], Any]]] = {}
        boxes: dict[str, RunningBox] = {}
        for crowd in crowds:
            box = running.enter_context(running_box(crowd.data, **SETTINGS))
            # Meanwhile the box looks for what is to be removed, and for what nobody owns.
            for _ in range(PAGE):
                started = time.perf_counter()
                newest = box.submit(WAITING, {"out_v": "a.mp4"})
                times["submit after the start"][crowd.name].append(since(started))
            asking[crowd.name] = asked(box, crowd, newest)
            check_pages(asking[crowd.name])
            boxes[crowd.name] = box
        for _ in range(rounds):
            for name, questions in asking.items():
                for what, question in questions.items():
                    started = time.perf_counter()
                    question()
                    times[what][name].append(since(started))
        for name, box in boxes.items():
            slowest = max(
                (max(by_name[name]), what)
                for what, by_name in times.items()
                if what != "start to /readyz"
            )
            print(
                f"{name}: the server has {resident_bytes(box) / MEBIBYTE:.0f} MiB of memory;"
                f" its slowest answer took {slowest[0]:.0f} ms ({slowest[1]})"
            )


@asynccontextmanager
async def open_queue(crowd: Crowd) -> AsyncGenerator[JobQueue]:
    async with open_sqlite(crowd.data / "box.sqlite3") as opened:
        yield JobQueue(opened, SystemClock(), Herald(Announcer(), Wakeup()), addresses=ADDRESSES)


async def in_the_queue(crowds: list[Crowd], rounds: int, times: Times) -> None:
    """Take jobs from the queues in turn, and settle them."""

    async def measured(what: str, name: str, work: Callable[[], Awaitable[T]]) -> T:
        started = time.perf_counter()
        result = await work()
        times[what][name].append(since(started))
        return result

    async with AsyncExitStack() as stack:
        queues = {each.name: await stack.enter_async_context(open_queue(each)) for each in crowds}
        for _ in range(rounds):
            for name, queue in queues.items():
                job = await measured("claim", name, partial(claimed, queue))
                renewal = partial(
                    queue.renew, job, stage=Stage.ENCODING, progress=Progress(), lease=LEASE
                )
                await measured("renew", name, renewal)
                await measured("settle", name, partial(queue.settle, job, DONE))


def table(times: Times, names: list[str]) -> None:
    """Print the medians, and how many times the first box's they are."""
    print(f"\n{'median, ms':<28}" + "".join(f"{name:>26}" for name in names))
    for what, by_name in times.items():
        medians = [statistics.median(by_name[name]) for name in names]
        cells = [f"{each:.2f} ({each / medians[0]:.2f} x)" for each in medians]
        print(f"{what:<28}" + "".join(f"{cell:>26}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    times: Times = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="renderio-") as directory:
        root = Path(directory)
        crowds = [
            planted(root, "all but empty", finished=SOME, queued=0),
            planted(root, f"{options.finished} finished", finished=options.finished, queued=0),
            planted(root, f"{options.queued} queued", finished=SOME, queued=options.queued),
        ]
        names = [crowd.name for crowd in crowds]
        # Else the disk still writes what was planted while it is to write what is measured.
        os.sync()
        for _ in range(STARTED):
            for crowd in crowds:
                times["start to /readyz"][crowd.name].append(start_milliseconds(crowd))
        over_http(crowds, options.rounds, times)
        anyio.run(in_the_queue, crowds, options.rounds, times)
        table(times, names)


if __name__ == "__main__":
    main()
