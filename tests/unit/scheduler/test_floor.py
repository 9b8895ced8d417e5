import pytest

from renderio_box.scheduler.floor import SPARED_S, Floor, Sample

RESERVE = 1000
START = Sample(at=0.0, named_bytes=0, written_bytes=0, room_bytes=-400)


def floor() -> Floor:
    return Floor(lambda: 0, reserve_bytes=RESERVE)


def later(*, named: int = 0, written: int = 0, room: int = -600, at: float = 1.0) -> Sample:
    return Sample(at=at, named_bytes=named, written_bytes=written, room_bytes=room)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (later(named=200, written=200), True),
        (later(named=0, written=200), True),
        (later(named=100, written=0, room=-501), True),
        (later(named=100, written=100, room=-500), False),
        (later(named=0, written=0), False),
        (later(named=200, written=200, room=-390), False),
    ],
    ids=[
        "it grows",
        "its file has no name",
        "its file is mapped into memory",
        "half of the reserve is left",
        "somebody else fills the disk",
        "the disk is emptied meanwhile",
    ],
)
def test_a_run_that_takes_the_second_half_of_the_reserve_ends(now: Sample, *, ends: bool) -> None:
    assert floor().must_end("run", START, now) is ends


def test_the_run_that_takes_most_ends_and_no_other() -> None:
    shared = floor()
    shared.must_end("greedy", START, later(named=180, written=180, room=-480))

    assert not shared.must_end("modest", START, later(named=20, written=20))
    assert shared.must_end("greedy", START, later(named=180, written=180))


def test_a_run_that_only_writes_over_what_it_has_is_not_taken_for_the_one_that_grows() -> None:
    shared = floor()
    shared.must_end("grows", START, later(named=200, written=200))

    assert not shared.must_end("rewrites", START, later(written=10_000, room=-600))


def test_files_without_a_name_are_found_beside_an_honest_run() -> None:
    shared = floor()
    shared.must_end("honest", START, later(named=5, written=5, room=-500))

    assert shared.must_end("hiding", START, later(written=195))


def test_the_others_are_spared_while_the_files_of_the_one_go() -> None:
    shared = floor()
    shared.must_end("first", START, later(named=200, written=200))
    shared.forget("first")

    assert not shared.must_end("second", START, later(named=100, written=100, at=2.0))
    assert shared.must_end("second", START, later(named=100, written=100, at=1.0 + SPARED_S))


def test_a_run_that_has_ended_is_compared_no_more() -> None:
    shared = floor()
    shared.must_end("gone", START, later(named=180, written=180, room=-490))
    shared.forget("gone")

    assert shared.must_end("left", START, later(named=20, written=20))


def test_a_run_that_grows_is_blamed_though_nobody_asked_before_what_it_wrote() -> None:
    before = Sample(at=0.0, named_bytes=0, written_bytes=None, room_bytes=100)

    assert floor().must_end("run", before, later(named=700, written=10**6))


def test_nobody_is_blamed_for_what_was_written_before_anybody_asked() -> None:
    before = Sample(at=0.0, named_bytes=0, written_bytes=None, room_bytes=100)

    assert not floor().must_end("run", before, later(named=0, written=10**6))


def test_without_a_reserve_nobody_is_ended_for_it() -> None:
    empty = later(named=100, written=100, room=0)

    assert not Floor(lambda: 0, reserve_bytes=0).must_end("run", later(room=100, at=0.0), empty)
