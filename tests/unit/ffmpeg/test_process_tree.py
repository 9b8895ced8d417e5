import pytest

from renderio_box.ffmpeg.process_tree import Process, family, read_process

LEADER = 100
STAT = b"%d (%s) S 4 5 6 0 -1 4194560 170 0 3 0 %s 39 19 1 0 2131 9 8 7\n"


def process(number: int, *, parent: int, session: int = 1) -> Process:
    return Process(id=number, parent=parent, session=session, ticks=1)


STRANGERS = [process(1, parent=0), process(7, parent=1), process(8, parent=7, session=7)]
ALONE = process(LEADER, parent=7, session=LEADER)
CHILD = process(102, parent=LEADER, session=LEADER)
GRANDCHILD = process(103, parent=102, session=LEADER)
ORPHAN = process(104, parent=1, session=LEADER)
RUNAWAY = process(105, parent=102, session=105)
ITS_CHILD = process(106, parent=105, session=105)


@pytest.mark.parametrize(
    "members",
    [
        [ALONE],
        [ALONE, CHILD],
        [ALONE, CHILD, GRANDCHILD],
        [ALONE, ORPHAN],
        [ALONE, CHILD, RUNAWAY, ITS_CHILD],
        [ITS_CHILD, RUNAWAY, ORPHAN, GRANDCHILD, CHILD, ALONE],
        [CHILD],
        [],
    ],
    ids=[
        "the child alone",
        "its child",
        "its grandchild",
        "one whose parent has ended",
        "one with a session of its own",
        "all of them in any order",
        "those it left behind",
        "nobody any more",
    ],
)
def test_a_family_is_the_session_and_all_that_descends_from_it(members: list[Process]) -> None:
    found = family(LEADER, [*STRANGERS, *members, process(999, parent=8)])

    assert sorted(each.id for each in found) == sorted(each.id for each in members)


def test_a_ring_of_parents_is_gone_round_once() -> None:
    ring = [process(LEADER, parent=101), process(101, parent=LEADER)]

    assert [each.id for each in family(LEADER, ring)] == [LEADER, 101]


@pytest.mark.parametrize("name", [b"ffmpeg", b"", b"a b", b"a) R 9 9 9 (b", b"(", b"x (y)"])
def test_a_process_may_be_called_anything(name: bytes) -> None:
    read = read_process(STAT % (321, name, b"10 20 300 4000"))

    assert read == Process(id=321, parent=4, session=6, ticks=4330)
