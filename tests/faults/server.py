"""A box that kills itself: ``python -m tests.faults.server CHECKPOINT NTH serve --data DIR``."""

import sys

from msgspec.structs import replace

from renderio_box.cli.main import main
from tests.faults.checkpoints import CHECKPOINTS, arm

if __name__ == "__main__":
    arm(replace(CHECKPOINTS[sys.argv.pop(1)], nth=int(sys.argv.pop(1))))
    main()
