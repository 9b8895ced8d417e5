"""However large a file is, its parts are all of it and not too many."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.identifiers import FileId
from renderio_box.jobs.uploads import MAX_PARTS, PART_BYTES, Upload, part_size_of

TOKEN = "t" * 43
sizes = st.integers(min_value=1, max_value=2**50)


def upload_of(size_bytes: int) -> Upload:
    return Upload(
        file_id=FileId("x"),
        token=TOKEN,
        size_bytes=size_bytes,
        part_size=part_size_of(size_bytes, smallest=PART_BYTES),
        expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@given(sizes)
def test_the_parts_of_a_file_come_to_its_size(size_bytes: int) -> None:
    upload = upload_of(size_bytes)

    lengths = [upload.length_of(number) for number in range(1, upload.part_count + 1)]

    assert sum(lengths) == size_bytes
    assert set(lengths[:-1]) <= {upload.part_size}
    assert 1 <= lengths[-1] <= upload.part_size


@given(sizes)
def test_there_are_at_most_a_thousand_parts(size_bytes: int) -> None:
    assert upload_of(size_bytes).part_count <= MAX_PARTS


@given(sizes)
def test_parts_are_whole_mebibytes_and_never_small(size_bytes: int) -> None:
    part_size = upload_of(size_bytes).part_size

    assert (part_size % 1024**2, part_size >= PART_BYTES) == (0, True)
