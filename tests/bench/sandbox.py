"""What the walls cost: runs of FFmpeg in each tier, as ratios to a plain start of the same program.

    python -m tests.bench.sandbox [--rounds 100]

Every round runs each tier and the plain start once, in an order of its own, so that a busy
machine disturbs all alike. Printed are medians over the rounds. Nobody else's work is in it:
no box, no database, no files but the one that is encoded.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio

from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import Isolation, Reach, ResourceLimits, Tier, process_limit

LIMITS = ResourceLimits(
    memory_bytes=4 * 1024**3, file_bytes=1024**3, processes=process_limit(2), nice=0
)
PLAIN: Final = "plain"
ENCODE: Final = (
    *("-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1"),
    *("-c:v", "libx264", "clip.mp4"),
)
WORK: Final = {"ffmpeg -version": ("-version",), "encode of one second": ENCODE}


async def offered(ffmpeg: Path) -> dict[str, Isolation]:
    """Return an isolation for each tier that works here."""
    found: dict[str, Isolation] = {}
    for tier in Tier:
        try:
            found[tier] = await find_isolation(
                ffmpeg, LIMITS, Wanted(tiers=(tier,)), font_config=None
            )
        except IsolationError as error:
            print(f"{tier}: {error}")
    return found


def command(isolation: Isolation | None, ffmpeg: Path, words: tuple[str, ...], room: Path) -> float:
    """Run it once and return the seconds that it took."""
    arguments = [str(ffmpeg), *words]
    if isolation is not None:
        arguments = isolation.arguments(
            ffmpeg, *words, reach=Reach(directory=room, writable=(room,), home=room)
        )
    started = time.perf_counter()
    subprocess.run(
        arguments,
        cwd=room,
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started


def measure(
    tiers: dict[str, Isolation], ffmpeg: Path, words: tuple[str, ...], rounds: int
) -> dict[str, float]:
    """Return the median of each tier and of the plain start, in seconds."""
    took: dict[str, list[float]] = {name: [] for name in (PLAIN, *tiers)}
    order = random.Random(1)  # noqa: S311 - an order, no secret
    with tempfile.TemporaryDirectory() as room:
        for _ in range(rounds):
            for name in order.sample([*took], len(took)):
                took[name].append(command(tiers.get(name), ffmpeg, words, Path(room)))
    return {name: statistics.median(times) for name, times in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    ffmpeg = Path(shutil.which("ffmpeg") or "ffmpeg")
    tiers = anyio.run(offered, ffmpeg)
    for name, words in WORK.items():
        medians = measure(tiers, ffmpeg, words, rounds)
        print(f"{name}: plain {medians[PLAIN] * 1000:.1f} ms")
        for tier in tiers:
            print(f"  {tiers[tier].name}: x {medians[tier] / medians[PLAIN]:.3f}")


if __name__ == "__main__":
    main()
