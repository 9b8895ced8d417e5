import pytest

from renderio_box.scheduler.capacity import Capacity
from renderio_box.wakeup import Wakeup


class CountingWakeup(Wakeup):
    def __init__(self) -> None:
        super().__init__()
        self.notified = 0

    def notify(self) -> None:
        self.notified += 1


def capacity_of(vcpus: int, *, cpus: tuple[int, ...] = (0, 1, 2, 3)) -> Capacity:
    return Capacity(vcpus=vcpus, cpus=cpus, wakeup=Wakeup())


def test_a_job_takes_as_many_cpus_as_it_counts_for() -> None:
    capacity = capacity_of(4)

    with capacity.taken(3, pinned=False):
        assert capacity.room.vcpus == 1


def test_a_job_gives_its_cpus_back() -> None:
    capacity = capacity_of(4)

    with capacity.taken(3, pinned=True):
        pass

    assert capacity.room.vcpus == 4


def test_a_job_that_breaks_gives_its_cpus_back() -> None:
    capacity = capacity_of(4)

    with pytest.raises(RuntimeError), capacity.taken(3, pinned=True):
        raise RuntimeError

    assert capacity.room.vcpus == 4


def test_a_job_that_is_not_pinned_may_use_every_cpu() -> None:
    with capacity_of(4).taken(2, pinned=False) as slot:
        assert slot.cpus == ()


def test_a_pinned_job_is_held_to_as_many_cpus_as_it_asked_for() -> None:
    with capacity_of(4, cpus=(2, 3, 6, 7)).taken(3, pinned=True) as slot:
        assert slot.cpus == (2, 3, 6)


def test_pinned_jobs_keep_out_of_each_others_way() -> None:
    capacity = capacity_of(4)

    with capacity.taken(2, pinned=True), capacity.taken(2, pinned=True) as second:
        assert second.cpus == (2, 3)


def test_pinned_jobs_share_where_there_are_more_of_them_than_cpus() -> None:
    capacity = capacity_of(4, cpus=(0, 1))

    with (
        capacity.taken(1, pinned=True),
        capacity.taken(1, pinned=True),
        capacity.taken(1, pinned=True) as third,
    ):
        assert third.cpus == (0,)


def test_cpus_that_are_given_back_are_taken_again() -> None:
    capacity = capacity_of(2, cpus=(0, 1))

    with capacity.taken(1, pinned=True):
        pass

    with capacity.taken(1, pinned=True) as slot:
        assert slot.cpus == (0,)


def test_a_job_may_give_its_cpus_back_before_it_is_over() -> None:
    capacity = capacity_of(4)

    with capacity.taken(3, pinned=True) as slot:
        slot.give_back()

        assert capacity.room.vcpus == 4


def test_cpus_come_back_only_once() -> None:
    capacity = capacity_of(4)

    with capacity.taken(3, pinned=True) as slot:
        slot.give_back()
        slot.give_back()

    assert capacity.room.vcpus == 4


def test_a_job_that_is_finishing_holds_no_cpu() -> None:
    capacity = capacity_of(2, cpus=(0, 1))

    with capacity.taken(1, pinned=True) as slot:
        slot.give_back()

        with capacity.taken(1, pinned=True) as other:
            assert other.cpus == (0,)


def test_no_more_jobs_finish_beside_those_that_encode_than_there_are_cpus() -> None:
    capacity = capacity_of(1)

    with capacity.taken(1, pinned=False) as first:
        first.give_back()

        with capacity.taken(1, pinned=False) as second:
            second.give_back()

            assert capacity.room.vcpus == 0


def test_a_job_that_is_over_leaves_room_for_another_to_finish() -> None:
    capacity = capacity_of(1)

    with capacity.taken(1, pinned=False) as first:
        first.give_back()

    with capacity.taken(1, pinned=False) as second:
        second.give_back()

        assert capacity.room.vcpus == 1


def test_the_scheduler_is_woken_once_when_cpus_come_back() -> None:
    wakeup = CountingWakeup()
    capacity = Capacity(vcpus=4, cpus=(0, 1), wakeup=wakeup)

    with capacity.taken(2, pinned=True) as slot:
        slot.give_back()

    assert wakeup.notified == 1
