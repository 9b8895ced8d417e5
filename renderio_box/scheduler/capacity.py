"""How many CPUs jobs take, and which ones a job is held to."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

ANY_CPU: Final[tuple[int, ...]] = ()


class Capacity:
    """The CPUs that jobs share; every job takes as many as it counts for."""

    def __init__(self, *, vcpus: int, cpus: tuple[int, ...]) -> None:
        self._cpus = cpus
        self._free = vcpus
        self._pinned = Counter[int]()

    @property
    def free_vcpus(self) -> int:
        """Return how many CPUs the next job may count for."""
        return self._free

    @contextmanager
    def taken(self, vcpu_count: int, *, pinned: bool) -> Generator[tuple[int, ...]]:
        """Take CPUs for a job and yield those it is held to, none when it may use all.

        Pinned jobs get the CPUs that the fewest others are held to.
        """
        chosen = self._least_pinned(vcpu_count) if pinned else ANY_CPU
        self._free -= vcpu_count
        self._pinned.update(chosen)
        try:
            yield chosen
        finally:
            self._free += vcpu_count
            self._pinned.subtract(chosen)

    def _least_pinned(self, count: int) -> tuple[int, ...]:
        ranked = sorted(self._cpus, key=lambda cpu: (self._pinned[cpu], cpu))
        return tuple(sorted(ranked[:count]))
