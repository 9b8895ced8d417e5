"""How long a submit takes while every CPU encodes: median and p99 in milliseconds.

    python -m tests.bench.submit [--count 500]

Each submit is a request of its own on a kept connection, and is on disk when it answers.
The same is measured on the idle box first, so that the cost of the load can be seen. What
the box's own process spends on a submit, CPU time and turns of its threads on a CPU, is
told as well: unlike the times it hardly depends on what else the machine does.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

from tests.running_box import RunningBox, scratch_box

ENCODING = "-f lavfi -i testsrc2=size=1280x720:rate=30 -c:v libx264 -preset medium {{out_v}}"
IDLING = "-re -f lavfi -i anullsrc {{out_v}}"
WAITING = "-f lavfi -i testsrc=duration=1 {{out_v}}"
PAUSE_S = 0.02


def submit_milliseconds(box: RunningBox, count: int) -> list[float]:
    """Time submits of jobs that never start, because those before them take every CPU."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        box.submit(WAITING, {"out_v": "a.mp4"}, priority=0)
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_S)
    return times


def occupy(box: RunningBox, cpus: int, *, encode: bool) -> list[str]:
    """Give every CPU slot a job that lasts: one that encodes flat out, or one that idles."""
    command = ENCODING if encode else IDLING
    ids = [box.submit(command, {"out_v": "long.mkv"}, priority=100) for _ in range(cpus)]
    while any(box.poll(each)["processing_stage"] != "FFMPEG_PROCESSING" for each in ids):
        time.sleep(0.1)
    return ids


def release(box: RunningBox, ids: list[str]) -> None:
    """End jobs and wait until they have."""
    for each in ids:
        box.cancel(each)
    for each in ids:
        box.finished(each, within_s=30)


def spent(box: RunningBox) -> tuple[float, int]:
    """Return the CPU time of the box's threads in milliseconds, and how often they got a CPU."""
    threads = Path("/proc", str(box.process.pid), "task").iterdir()
    figures = [(thread / "schedstat").read_text().split() for thread in threads]
    return sum(int(each[0]) for each in figures) / 1e6, sum(int(each[2]) for each in figures)


def report(name: str, box: RunningBox, count: int) -> None:
    before = spent(box)
    times = submit_milliseconds(box, count)
    cpu, turns = (after - at_first for after, at_first in zip(spent(box), before, strict=True))
    ordered = sorted(times)
    p99 = ordered[int(len(ordered) * 0.99) - 1]
    print(
        f"{name}: median {statistics.median(times):.2f} ms, p99 {p99:.2f} ms,"
        f" max {ordered[-1]:.2f} ms; {cpu / count:.2f} ms of CPU and {turns / count:.0f} turns each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    count = parser.parse_args().count
    cpus = len(os.sched_getaffinity(0))
    for name, encode in (("idle", False), (f"{cpus} encodes running", True)):
        with scratch_box() as box:
            busy = occupy(box, cpus, encode=encode)
            submit_milliseconds(box, 20)
            report(name, box, count)
            release(box, busy)


if __name__ == "__main__":
    main()
