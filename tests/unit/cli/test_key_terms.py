from datetime import UTC, datetime

import pytest

from renderio_box.cli.key_terms import end_of
from renderio_box.cli.outcome import CliError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12h", datetime(2026, 11, 24, tzinfo=UTC)),
        ("30d", datetime(2026, 12, 23, 12, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T18:00:00Z", datetime(2027, 1, 31, 18, tzinfo=UTC)),
        ("2027-01-31T18:00:00+02:00", datetime(2027, 1, 31, 16, tzinfo=UTC)),
    ],
)
def test_an_end_may_be_a_while_from_now_a_day_or_a_moment(text: str, moment: datetime) -> None:
    assert end_of(text, now=NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "30", "d", "0d", "-1d", "1.5d", "30 d", "3m", "999999w", "2027-02-30", "20270131"),
        *("2027-01-31T18:00:00", "tomorrow", "2027-W01-1", "9999-12-31T23:00:00-02:00"),
    ],
)
def test_what_is_no_moment_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(CliError, match="write 12h, 30d"):
        end_of(text, now=NOW)
