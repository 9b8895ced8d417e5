"""How many CPUs jobs take, and which ones a job is held to."""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec

from renderio_box.jobs.room import Room
from renderio_box.wakeup import Wakeup


class Slot(msgspec.Struct, frozen=True):
    """The CPUs of one running job.

    ``cpus`` are those it is held to, none when it may use all. ``give_back`` may be
    called once FFmpeg has ended, so that the next job encodes while this one's outputs
    are looked at and stored.
    """

    cpus: tuple[int, ...]
    give_back: Callable[[], None]


class Capacity:
    """The CPUs that jobs share; every job takes as many as it counts for.

    As many jobs as there are CPUs may be finishing beside those that encode; one more
    keeps its CPUs to its end, so that encoding cannot run away from storing. ``wakeup``
    is notified whenever CPUs come back.
    """

    def __init__(self, *, vcpus: int, cpus: tuple[int, ...], wakeup: Wakeup) -> None:
        self._cpus = cpus
        self._wakeup = wakeup
        self._free = vcpus
        self._room_to_finish = vcpus
        self._pinned = Counter[int]()

    @property
    def room(self) -> Room:
        """Return what there is for the next job."""
        return Room(vcpus=self._free)

    @contextmanager
    def taken(self, vcpu_count: int, *, pinned: bool) -> Generator[Slot]:
        """Take CPUs for a job until the block is left, or until they are given back.

        Pinned jobs get the CPUs that the fewest others are held to.
        """
        chosen = self._least_pinned(vcpu_count) if pinned else ()
        self._free -= vcpu_count
        self._pinned.update(chosen)
        is_finishing = False

        def give_back() -> None:
            nonlocal is_finishing
            if is_finishing or self._room_to_finish == 0:
                return
            is_finishing = True
            self._room_to_finish -= 1
            self._return(vcpu_count, chosen)

        try:
            yield Slot(chosen, give_back)
        finally:
            if is_finishing:
                self._room_to_finish += 1
            else:
                self._return(vcpu_count, chosen)

    def _return(self, vcpu_count: int, chosen: tuple[int, ...]) -> None:
        self._free += vcpu_count
        self._pinned.subtract(chosen)
        self._wakeup.notify()

    def _least_pinned(self, count: int) -> tuple[int, ...]:
        ranked = sorted(self._cpus, key=lambda cpu: (self._pinned[cpu], cpu))
        return tuple(sorted(ranked[:count]))
