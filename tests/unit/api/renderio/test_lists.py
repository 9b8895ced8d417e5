import base64

import pytest

from renderio_box.api.renderio.lists import cursor_of, place_of
from renderio_box.database.job_lists import Place
from renderio_box.errors import InvalidRequestError
from tests.unit.samples import CREATED, JOB_ID

PLACE = Place(CREATED.replace(microsecond=1), JOB_ID)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_cursor_leads_back_to_its_place() -> None:
    assert place_of(cursor_of(PLACE), offset=0) == PLACE


def test_a_cursor_needs_no_escaping_in_an_address() -> None:
    assert cursor_of(PLACE).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "ünï",
        "a",
        "/" * 5000,
        cursor_of(PLACE)[:-4],
        encoded(CREATED.isoformat()),
        encoded(f"{CREATED.isoformat()} {JOB_ID} {JOB_ID}"),
        encoded(f"{CREATED.isoformat()} 5"),
        encoded(f"yesterday {JOB_ID}"),
        encoded(f"2026-03-01T12:00:00 {JOB_ID}"),
        encoded(f"0001-01-01T00:00:00+14:00 {JOB_ID}"),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        place_of(cursor, offset=0)

    assert refused.value.loc == ("cursor",)


def test_a_cursor_stands_in_for_an_offset() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        place_of(cursor_of(PLACE), offset=1)

    assert refused.value.loc == ("offset",)
