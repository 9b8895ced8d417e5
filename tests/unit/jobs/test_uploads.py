from collections.abc import Sequence

import pytest

from renderio_box.errors import DescriptionError
from renderio_box.jobs.uploads import (
    MAX_PARTS,
    MEBIBYTE,
    PART_BYTES,
    ClaimedPart,
    Part,
    Upload,
    check_complete,
    part_size_of,
)
from tests.unit.samples import FILE_ID, LATER

UPLOAD = Upload(file_id=FILE_ID, token="t" * 43, size_bytes=2500, part_size=1000, expires_at=LATER)


def part(number: int, digit: str = "a") -> Part:
    return Part(number=number, key=f"parts/cd/{number}", size_bytes=1000, sha256=digit * 64)


ARRIVED = [part(1, "a"), part(2, "b"), part(3, "c")]
CLAIMED = [ClaimedPart(each.number, each.etag) for each in ARRIVED]


@pytest.mark.parametrize(
    ("size_bytes", "part_size"),
    [
        (1, PART_BYTES),
        (PART_BYTES * MAX_PARTS, PART_BYTES),
        (PART_BYTES * MAX_PARTS + 1, 17 * MEBIBYTE),
        (17 * MEBIBYTE * MAX_PARTS, 17 * MEBIBYTE),
        (17 * MEBIBYTE * MAX_PARTS + 1, 18 * MEBIBYTE),
        (1024**4, 1049 * MEBIBYTE),
    ],
)
def test_parts_grow_when_there_would_be_more_than_a_thousand(
    size_bytes: int, part_size: int
) -> None:
    assert part_size_of(size_bytes, smallest=PART_BYTES) == part_size


def test_the_last_part_has_what_is_left() -> None:
    assert (UPLOAD.part_count, [UPLOAD.length_of(number) for number in (1, 2, 3)]) == (
        3,
        [1000, 1000, 500],
    )


def test_an_etag_is_quoted() -> None:
    assert part(1).etag == f'"{"a" * 64}"'


@pytest.mark.parametrize("claimed", [CLAIMED, CLAIMED[::-1]])
def test_all_parts_in_any_order_are_complete(claimed: Sequence[ClaimedPart]) -> None:
    check_complete(UPLOAD, ARRIVED, claimed)


@pytest.mark.parametrize("etag", ["a" * 64, f'"{"a" * 64}"', f' "{"A" * 64}" '])
def test_an_etag_may_be_written_in_several_ways(etag: str) -> None:
    check_complete(UPLOAD, ARRIVED, [ClaimedPart(1, etag), *CLAIMED[1:]])


@pytest.mark.parametrize(
    ("arrived", "claimed", "message"),
    [
        (
            ARRIVED[:1] + ARRIVED[2:],
            CLAIMED,
            "Part 2 has not arrived; send it to its upload URL, then complete again.",
        ),
        (
            ARRIVED,
            CLAIMED[:1] + CLAIMED[2:],
            "Part 2 is missing from the list; list every part with its ETag.",
        ),
        (ARRIVED, [*CLAIMED, CLAIMED[1]], "Part 2 is listed twice; list every part once."),
        (
            ARRIVED,
            [*CLAIMED, ClaimedPart(4, "x")],
            "Part 4 does not exist; this upload has 3.",
        ),
        (ARRIVED, [ClaimedPart(0, "x")], "Part 0 does not exist; this upload has 3."),
        (
            ARRIVED,
            [CLAIMED[0], ClaimedPart(2, "a" * 64), CLAIMED[2]],
            "Part 2 has another ETag; send it again, or the ETag that its last sending got.",
        ),
        (
            ARRIVED,
            [CLAIMED[0], ClaimedPart(2, 'W/"b"'), CLAIMED[2]],
            "Part 2 has another ETag; send it again, or the ETag that its last sending got.",
        ),
    ],
)
def test_what_is_wrong_with_a_part_is_said_of_that_part(
    arrived: Sequence[Part], claimed: Sequence[ClaimedPart], message: str
) -> None:
    with pytest.raises(DescriptionError) as refused:
        check_complete(UPLOAD, arrived, claimed)

    assert (str(refused.value), refused.value.loc) == (message, ("parts", message.split()[1]))
