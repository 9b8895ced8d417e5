"""What removing old commands costs those who submit meanwhile, in milliseconds.

    python -m tests.bench.retention [--count 100000]

The same submits are timed on a box that has nothing to remove.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.bench.submit import WAITING, occupy, report
from tests.planting import database, plant_commands
from tests.running_box import RunningBox, running_box

PAUSE_S = 0.02
NEVER = {"RENDERIO_RETENTION_COMMANDS_HOURS": "0", "RENDERIO_RETENTION_LOGS_HOURS": "0"}
NOTHING = NEVER | {
    "RENDERIO_RETENTION_EVENTS_HOURS": "0",
    "RENDERIO_RETENTION_DELIVERIES_HOURS": "0",
    "RENDERIO_JOBS_VCPUS": "1",
}


def removed_with(box: RunningBox) -> int:
    """Return how many planted commands are left, as the box counts them."""
    answer = box.http.get("/api/v1/commands?limit=1&status=SUCCESS").raise_for_status()
    return int(answer.json()["total"])


def timed_submits(box: RunningBox, seconds: float | None = None) -> list[float]:
    """Time submits until nothing is left to remove, or for so long."""
    times: list[float] = []
    began = time.monotonic()
    while (
        (time.monotonic() - began < seconds)
        if seconds
        else len(times) % 50 or removed_with(box) > 1
    ):
        started = time.perf_counter()
        box.submit(WAITING, {"out_v": "a.mp4"}, priority=0)
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_S)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="renderio-") as directory:
        data = Path(directory, "data")
        with running_box(data):
            pass
        plant_commands(data, count)
        with running_box(data, **NOTHING) as box:
            occupy(box, 1, encode=False)
            report("nothing to remove", timed_submits(box, 10))
        with running_box(data, RENDERIO_JOBS_VCPUS="1", RENDERIO_JOBS_MAX_QUEUED="1000000") as box:
            began = time.monotonic()
            report(f"{count} commands being removed", timed_submits(box))
            print(f"removed in {time.monotonic() - began:.0f} s")
        size = (data / "box.sqlite3").stat().st_size // 2**20
        with database(data) as connection:
            free = connection.execute("PRAGMA freelist_count").fetchone()[0] * 4096 // 2**20
        print(f"database {size} MiB, of which {free} MiB are free for new rows")


if __name__ == "__main__":
    main()
