from datetime import timedelta

import pytest

from renderio_box.identifiers import FileId
from renderio_box.jobs.files import FileKind
from renderio_box.jobs.retention import FOR_EVER, Candidate, Terms, chosen
from tests.fakes import START

DAY = timedelta(days=1)


def candidates(*sizes: int, objects: int = 1) -> list[Candidate]:
    return [Candidate(FileId(str(n)), None, size, objects) for n, size in enumerate(sizes)]


@pytest.mark.parametrize("kind", list(FileKind))
def test_without_terms_nothing_ends(kind: FileKind) -> None:
    assert FOR_EVER.expiry(kind, stored_at=START) is None


@pytest.mark.parametrize(
    ("kind", "days"),
    [(FileKind.OUTPUT, 1), (FileKind.UPLOAD, 2), (FileKind.STORED_FILE, 2)],
)
def test_a_fetched_file_is_kept_like_an_upload(kind: FileKind, days: int) -> None:
    terms = Terms(outputs=DAY, uploads=2 * DAY)

    assert terms.expiry(kind, stored_at=START) == START + days * DAY


def test_as_few_go_as_make_up_the_excess() -> None:
    taken = chosen(candidates(10, 10, 10), max_objects=100, excess_bytes=11)

    assert [each.id for each in taken] == ["0", "1"]


def test_an_excess_that_is_made_up_exactly_takes_no_more() -> None:
    assert len(chosen(candidates(10, 10), max_objects=100, excess_bytes=10)) == 1


def test_without_an_excess_all_go() -> None:
    assert len(chosen(candidates(10, 10, 10), max_objects=100)) == 3


def test_a_batch_has_no_more_objects_than_fit() -> None:
    assert len(chosen(candidates(1, 1, 1, objects=4), max_objects=9)) == 2


def test_one_that_is_larger_than_a_batch_goes_alone() -> None:
    assert len(chosen(candidates(1, 1, objects=1000), max_objects=9)) == 1


def test_of_nothing_nothing_goes() -> None:
    assert chosen([], max_objects=9, excess_bytes=1) == []
