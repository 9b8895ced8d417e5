"""What this machine has to offer."""

import os
import socket


def usable_cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))


def host_name() -> str:
    """Return what the machine calls itself."""
    return socket.gethostname()


def physical_memory_bytes() -> int:
    """Return how much memory the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
