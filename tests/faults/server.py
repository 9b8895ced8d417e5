"""A box that kills itself: ``python -m tests.faults.server CHECKPOINT serve --data DIR``."""

import sys

from renderio_box.cli.main import main
from tests.faults.checkpoints import CHECKPOINTS, arm

if __name__ == "__main__":
    arm(CHECKPOINTS[sys.argv.pop(1)])
    main()
