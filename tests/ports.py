"""Ports that stay free until a test uses them."""

import random
import socket
from contextlib import suppress
from typing import Final

BELOW_THE_SYSTEMS: Final = range(15_000, 32_000)
"""Whoever asks the system for any port gets a higher one."""
PORTS_TRIED: Final = 100


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port on which nobody listens, nor will by chance."""
    for port in random.sample(BELOW_THE_SYSTEMS, k=PORTS_TRIED):
        with socket.socket(type=kind) as server, suppress(OSError):
            server.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("every port that was tried is taken")
