"""A box whose clock is corrected from outside: ``python -m tests.media.jumping_box FILE serve ...``.

FILE holds by how many seconds the time of day is wrong.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from renderio_box import clock, ground
from renderio_box.cli.main import main
from renderio_box.scheduler import scheduler

LOOKED_EVERY_S: Final = 0.05
"""Between a jump and the next renewal of a lease there are many looks at the leases then."""


def arm(correction: Path) -> None:
    """Have every box of this process go by the corrected clock, and look at leases often."""

    class CorrectedClock(clock.SystemClock):
        """The machine's clock, set right or wrong."""

        def now(self) -> datetime:
            """Return what this machine would take for the time of day."""
            return super().now() + timedelta(seconds=float(correction.read_text()))

    ground.SystemClock = CorrectedClock
    scheduler.LOOKED_EVERY_S = LOOKED_EVERY_S


if __name__ == "__main__":
    arm(Path(sys.argv.pop(1)))
    main()
