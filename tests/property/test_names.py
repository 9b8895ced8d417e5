import posixpath
import shlex
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.api.media import span_of
from renderio_box.identifiers import FileId, JobId, is_id, new_id
from renderio_box.jobs.command_line import InvalidCommandError, check_aliases
from renderio_box.jobs.file_names import MAX_NAME_BYTES, cleaned
from renderio_box.storage.keys import checked, output_key, segment_key, upload_key

parts = st.sampled_from(["..", "/", ".", "\\", "ab", "outputs", "uploads", "\0", "\n", "mp4", "-"])
odd = st.lists(parts | st.text(max_size=3), max_size=8).map("".join)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=300_000)).map(lambda passed: EPOCH + passed)
digits = st.just("") | st.integers(0, 10**18 - 1).map(str)


def stays_inside(key: str) -> bool:
    room, _, rest = key.partition("/")
    return room in {"outputs", "uploads"} and posixpath.normpath(key) == key and ".." not in rest


@given(odd, st.integers(0, 10**6), odd, odd)
def test_an_output_key_never_leaves_storage(
    job_id: str, attempt: int, alias: str, extension: str
) -> None:
    with suppress(ValueError):
        assert stays_inside(output_key(JobId(job_id), attempt, alias, extension))


@given(odd, st.integers(0, 10**6), st.integers(0, 10**6), odd)
def test_a_segment_key_never_leaves_storage(
    job_id: str, attempt: int, number: int, extension: str
) -> None:
    with suppress(ValueError):
        assert stays_inside(segment_key(JobId(job_id), attempt, number, extension))


@given(moments, odd)
def test_an_upload_key_never_leaves_storage(moment: datetime, extension: str) -> None:
    assert stays_inside(upload_key(FileId(new_id(moment)), extension))


@given(odd.map(lambda text: f"outputs/ab/{text}") | odd)
def test_a_key_that_passes_never_leaves_storage(key: str) -> None:
    with suppress(ValueError):
        assert stays_inside(checked(key))


@given(st.lists(moments, max_size=20))
def test_the_order_of_ids_is_the_order_of_time(times: list[datetime]) -> None:
    made = sorted((new_id(moment), moment) for moment in times)

    assert [moment for _, moment in made] == sorted(times)


@given(moments)
def test_every_new_id_is_recognised(moment: datetime) -> None:
    assert is_id(new_id(moment))


@given(st.text())
def test_any_text_either_is_an_id_or_is_not(text: str) -> None:
    assert is_id(text) in {True, False}


@given(odd | st.text(max_size=400))
def test_an_upload_has_a_name_that_can_end_a_url(filename: str) -> None:
    name = cleaned(filename)

    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\x7f")
    assert all(ord(char) >= ord(" ") for char in name)
    assert len(name.encode()) <= MAX_NAME_BYTES


@given(
    st.text(
        alphabet=st.characters(exclude_categories=("C",), exclude_characters="/\\ ."),
        min_size=1,
        max_size=50,
    )
)
def test_a_name_without_anything_odd_is_kept(filename: str) -> None:
    assert cleaned(filename) == filename


@given(odd | st.text(max_size=130), odd | st.text(max_size=70))
def test_an_output_name_that_passes_is_one_plain_word(name: str, alias: str) -> None:
    with suppress(InvalidCommandError):
        check_aliases([f"in_{alias}"], {f"out_{alias}": name})

        assert shlex.quote(name) == name
        assert (name[0] in "-.", "/" in name, "." in name) == (False, False, True)


@given(digits, digits, st.integers(0, 10**15))
def test_a_range_is_always_within_the_file(first: str, last: str, size: int) -> None:
    span = span_of(first, last, size=size)

    assert span is None or 0 <= span.start < span.start + span.length <= size


@given(st.integers(0, 999), st.integers(0, 999), st.integers(1, 1000))
def test_a_range_is_what_slicing_says(first: int, last: int, size: int) -> None:
    span = span_of(str(first), str(last), size=size)

    wanted = range(size)[first : last + 1]
    assert (span is None) == (len(wanted) == 0)
    assert span is None or range(span.start, span.start + span.length) == wanted


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_range_from_the_end_is_the_end(length: int, size: int) -> None:
    span = span_of("", str(length), size=size)

    assert span is not None
    assert (span.length, span.start + span.length) == (min(length, size), size)
