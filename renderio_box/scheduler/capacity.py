"""What jobs take of the machine: CPUs, memory and disk; and which CPUs a job is held to."""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import msgspec

from renderio_box.jobs.job import JobSpec
from renderio_box.jobs.needs import Bounds, needs_of, output_bytes_of
from renderio_box.jobs.room import Room
from renderio_box.metrics import Metrics
from renderio_box.scheduler.tracker import Tracker
from renderio_box.wakeup import Wakeup


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What all jobs may use together, and what one of them at most.

    ``free_bytes`` tells how much of the disk is free above the operator's reserve.
    """

    vcpus: int
    cpus: tuple[int, ...]
    memory_bytes: int
    free_bytes: Callable[[], Awaitable[int]]
    bounds: Bounds


class Slot:
    """What one running job has of the machine.

    ``cpus`` are those it is held to, none when it may use all. Of the disk it has what its
    tracker says is still to be written.
    """

    def __init__(
        self, capacity: "Capacity", spec: JobSpec, tracker: Tracker, cpus: tuple[int, ...]
    ) -> None:
        self._capacity = capacity
        self.spec = spec
        self.tracker = tracker
        self.cpus = cpus
        self.needs = needs_of(spec, capacity.machine.bounds)
        tracker.unfetched_bytes = self.needs.input_bytes
        tracker.output_bytes = self.needs.output_bytes

    def fetched(self, size_bytes: int) -> None:
        """Set aside what fits the inputs' real size: those by URL have come to so many bytes."""
        bounds = self._capacity.machine.bounds
        self.tracker.unfetched_bytes = 0
        self.tracker.output_bytes = output_bytes_of(self.spec, bounds, fetched_bytes=size_bytes)

    def give_back(self) -> None:
        """Leave CPUs and memory to others, as far as the capacity lets it.

        It may be called once FFmpeg has ended, so that the next job encodes while this
        one's outputs are looked at and stored.
        """
        self._capacity.finish(self)


class Capacity:
    """The machine as jobs share it; every job takes as much as it counts for.

    As many jobs as there are CPUs may be finishing beside those that encode; one more
    keeps its CPUs to its end, so that encoding cannot run away from storing. ``wakeup``
    is notified whenever something comes back.
    """

    def __init__(self, machine: Machine, *, wakeup: Wakeup, metrics: Metrics | None = None) -> None:
        self.machine = machine
        self._metrics = metrics or Metrics()
        self._wakeup = wakeup
        self._encoding: list[Slot] = []
        self._finishing: list[Slot] = []

    @property
    def vcpus(self) -> int:
        """Return how many CPUs are left for the next job."""
        return self.machine.vcpus - sum(slot.spec.vcpu_count for slot in self._encoding)

    async def room(self) -> Room:
        """Return what there is for the next job.

        What a job has written shows in the disk's free space; what it is still to write
        counts as taken.
        """
        free_bytes = await self.machine.free_bytes()
        running = (*self._encoding, *self._finishing)
        return Room(
            vcpus=self.vcpus,
            memory_bytes=self.machine.memory_bytes
            - sum(slot.needs.memory_bytes for slot in self._encoding),
            disk_bytes=free_bytes - sum(slot.tracker.unwritten_bytes for slot in running),
            is_idle=not running,
            bounds=self.machine.bounds,
        )

    @contextmanager
    def taken(self, spec: JobSpec, tracker: Tracker) -> Generator[Slot]:
        """Take what a job needs until the block is left.

        Pinned jobs get the CPUs that the fewest others are held to.
        """
        cpus = self._least_pinned(spec.vcpu_count) if spec.pinned else ()
        slot = Slot(self, spec, tracker, cpus)
        self._encoding.append(slot)
        self._tell()
        try:
            yield slot
        finally:
            (self._encoding if slot in self._encoding else self._finishing).remove(slot)
            self._tell()
            self._wakeup.notify()

    def finish(self, slot: Slot) -> None:
        """Count a job among those that finish, unless there are enough of them already."""
        if slot in self._encoding and len(self._finishing) < self.machine.vcpus:
            self._encoding.remove(slot)
            self._finishing.append(slot)
            self._tell()
            self._wakeup.notify()

    def _tell(self) -> None:
        self._metrics.vcpus_are_used(self.machine.vcpus - self.vcpus)

    def _least_pinned(self, count: int) -> tuple[int, ...]:
        pinned = Counter(cpu for slot in self._encoding for cpu in slot.cpus)
        ranked = sorted(self.machine.cpus, key=lambda cpu: (pinned[cpu], cpu))
        return tuple(sorted(ranked[:count]))
