"""Killing boxes for as long as you like: ``python -m tests.faults --kills 200``.

Boxes are started over one data directory while clients submit, cancel, upload and delete;
each is killed, at a named checkpoint or at a random moment. Afterwards a last box does what
is left to do, and everything the clients were promised is looked at.
"""

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

from tests.faults.checkpoints import CHECKPOINTS
from tests.faults.siege import siege
from tests.faults.small_disk import small_disk


def main() -> int:
    """Kill as many boxes as asked, half of them at checkpoints; 0 when no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--small-disk", type=int, metavar="MBYTES", help="one that fills up, too")
    parser.add_argument("--keep", type=Path, help="an empty directory that is not removed")
    chosen = parser.parse_args()
    named = list(islice(cycle(CHECKPOINTS), chosen.kills // 2))
    order = [*named, *[None] * (chosen.kills - 1 - len(named))]
    random.Random(chosen.seed).shuffle(order)  # noqa: S311 - the same each time
    began = time.monotonic()
    print(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        directory, disk = chosen.keep or Path(scratch), None
        if chosen.small_disk:
            disk = stack.enter_context(small_disk(directory / "disk", mbytes=chosen.small_disk))
        with siege(directory, seed=chosen.seed, disk=disk) as besieged:
            besieged.begin()
            for number, name in enumerate(order, start=2):
                print(f"{number}/{chosen.kills} {name or 'at random'}", flush=True)
                if name is None:
                    besieged.kill_at_random()
                else:
                    besieged.kill_at(name)
            verdict = besieged.end()
    for what, count in sorted(verdict.figures.items()):
        print(f"{count:8d} {what}")
    print(f"{time.monotonic() - began:8.0f} seconds for {besieged.kills.total()} kills")
    print("\n".join(verdict.broken) or "No promise was broken.")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
