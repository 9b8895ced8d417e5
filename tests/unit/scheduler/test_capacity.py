from contextlib import AbstractContextManager
from typing import Any

import pytest
from msgspec.structs import replace

from renderio_box.identifiers import FileId
from renderio_box.jobs.job import JobSpec, StoredSource, UrlSource
from renderio_box.jobs.needs import Bounds, needs_of
from renderio_box.scheduler.capacity import Capacity, Machine, Slot
from renderio_box.scheduler.tracker import Tracker
from renderio_box.wakeup import Wakeup
from tests.unit.samples import SPEC

GIBIBYTE = 2**30


class CountingWakeup(Wakeup):
    def __init__(self) -> None:
        super().__init__()
        self.notified = 0

    def notify(self) -> None:
        self.notified += 1


FREE_BYTES = 10 * GIBIBYTE
BOUNDS = Bounds(
    memory_bytes=GIBIBYTE,
    input_bytes=GIBIBYTE,
    output_bytes=GIBIBYTE,
    workspace_bytes=GIBIBYTE,
    cpus=4,
)


async def free_bytes() -> int:
    return FREE_BYTES


def capacity_of(
    vcpus: int, *, cpus: tuple[int, ...] = (0, 1, 2, 3), wakeup: Wakeup | None = None
) -> Capacity:
    machine = Machine(
        vcpus=vcpus,
        cpus=cpus,
        memory_bytes=4 * GIBIBYTE,
        free_bytes=free_bytes,
        bounds=BOUNDS,
    )
    return Capacity(machine, wakeup=wakeup or Wakeup())


def spec_of(vcpu_count: int = 1, *, pinned: bool = False, **changes: Any) -> JobSpec:  # noqa: ANN401 - any field
    return replace(SPEC, vcpu_count=vcpu_count, pinned=pinned, **changes)


def taken(capacity: Capacity, vcpu_count: int, *, pinned: bool) -> AbstractContextManager[Slot]:
    return capacity.taken(spec_of(vcpu_count, pinned=pinned), Tracker())


def test_a_job_takes_as_many_cpus_as_it_counts_for() -> None:
    capacity = capacity_of(4)

    with taken(capacity, 3, pinned=False):
        assert capacity.vcpus == 1


def test_a_job_gives_its_cpus_back() -> None:
    capacity = capacity_of(4)

    with taken(capacity, 3, pinned=True):
        pass

    assert capacity.vcpus == 4


def test_a_job_that_breaks_gives_its_cpus_back() -> None:
    capacity = capacity_of(4)

    with pytest.raises(RuntimeError), taken(capacity, 3, pinned=True):
        raise RuntimeError

    assert capacity.vcpus == 4


def test_a_job_that_is_not_pinned_may_use_every_cpu() -> None:
    with taken(capacity_of(4), 2, pinned=False) as slot:
        assert slot.cpus == ()


def test_a_pinned_job_is_held_to_as_many_cpus_as_it_asked_for() -> None:
    with taken(capacity_of(4, cpus=(2, 3, 6, 7)), 3, pinned=True) as slot:
        assert slot.cpus == (2, 3, 6)


def test_pinned_jobs_keep_out_of_each_others_way() -> None:
    capacity = capacity_of(4)

    with taken(capacity, 2, pinned=True), taken(capacity, 2, pinned=True) as second:
        assert second.cpus == (2, 3)


def test_pinned_jobs_share_where_there_are_more_of_them_than_cpus() -> None:
    capacity = capacity_of(4, cpus=(0, 1))

    with (
        taken(capacity, 1, pinned=True),
        taken(capacity, 1, pinned=True),
        taken(capacity, 1, pinned=True) as third,
    ):
        assert third.cpus == (0,)


def test_cpus_that_are_given_back_are_taken_again() -> None:
    capacity = capacity_of(2, cpus=(0, 1))

    with taken(capacity, 1, pinned=True):
        pass

    with taken(capacity, 1, pinned=True) as slot:
        assert slot.cpus == (0,)


def test_a_job_may_give_its_cpus_back_before_it_is_over() -> None:
    capacity = capacity_of(4)

    with taken(capacity, 3, pinned=True) as slot:
        slot.give_back()

        assert capacity.vcpus == 4


def test_cpus_come_back_only_once() -> None:
    capacity = capacity_of(4)

    with taken(capacity, 3, pinned=True) as slot:
        slot.give_back()
        slot.give_back()

    assert capacity.vcpus == 4


def test_a_job_that_is_finishing_holds_no_cpu() -> None:
    capacity = capacity_of(2, cpus=(0, 1))

    with taken(capacity, 1, pinned=True) as slot:
        slot.give_back()

        with taken(capacity, 1, pinned=True) as other:
            assert other.cpus == (0,)


def test_no_more_jobs_finish_beside_those_that_encode_than_there_are_cpus() -> None:
    capacity = capacity_of(1)

    with taken(capacity, 1, pinned=False) as first:
        first.give_back()

        with taken(capacity, 1, pinned=False) as second:
            second.give_back()

            assert capacity.vcpus == 0


def test_a_job_that_is_over_leaves_room_for_another_to_finish() -> None:
    capacity = capacity_of(1)

    with taken(capacity, 1, pinned=False) as first:
        first.give_back()

    with taken(capacity, 1, pinned=False) as second:
        second.give_back()

        assert capacity.vcpus == 1


def test_the_scheduler_is_woken_when_cpus_come_back_and_when_disk_does() -> None:
    wakeup = CountingWakeup()
    capacity = capacity_of(4, wakeup=wakeup)

    with taken(capacity, 2, pinned=True) as slot:
        slot.give_back()
        assert wakeup.notified == 1

    assert wakeup.notified == 2


async def test_a_machine_without_jobs_has_all_that_is_free() -> None:
    room = await capacity_of(4).room()

    assert (room.vcpus, room.memory_bytes, room.disk_bytes, room.is_idle) == (
        4,
        4 * GIBIBYTE,
        FREE_BYTES,
        True,
    )


async def test_what_a_job_is_still_to_write_counts_as_taken() -> None:
    capacity, tracker = capacity_of(4), Tracker()
    spec = spec_of(inputs={"in_a": StoredSource(FileId("1"), 500)}, outputs=dict.fromkeys("abc"))
    needs = needs_of(spec, BOUNDS)

    with capacity.taken(spec, tracker):
        tracker.written_bytes = 100
        room = await capacity.room()

    assert (room.disk_bytes, room.is_idle) == (FREE_BYTES - needs.disk_bytes + 100, False)


async def test_a_job_that_wrote_more_than_was_thought_takes_nothing_further() -> None:
    capacity, tracker = capacity_of(4), Tracker()

    with capacity.taken(spec_of(), tracker):
        tracker.written_bytes = 2**50

        assert (await capacity.room()).disk_bytes == FREE_BYTES


async def test_inputs_that_have_come_show_in_what_is_free() -> None:
    capacity = capacity_of(4)
    spec = spec_of(inputs={"in_a": UrlSource("https://example.com/a")})

    with capacity.taken(spec, Tracker()) as slot:
        slot.fetched(GIBIBYTE // 2)

        assert (await capacity.room()).disk_bytes == FREE_BYTES - GIBIBYTE // 2


async def test_a_job_that_is_finishing_holds_no_memory_but_what_it_has_of_the_disk() -> None:
    capacity = capacity_of(4)

    with capacity.taken(spec_of(), Tracker()) as slot:
        slot.give_back()
        room = await capacity.room()

    assert room.memory_bytes == 4 * GIBIBYTE
    assert (room.disk_bytes < FREE_BYTES, room.is_idle) == (True, False)


async def test_a_job_that_breaks_gives_everything_back() -> None:
    capacity = capacity_of(4)
    before = await capacity.room()

    with pytest.raises(RuntimeError), capacity.taken(spec_of(), Tracker()):
        raise RuntimeError

    assert await capacity.room() == before
