import pytest
from msgspec.structs import replace

from renderio_box.errors import BoxError, InvalidRequestError, NotFoundError
from renderio_box.identifiers import BatchId, FileId
from renderio_box.jobs.batch import naming_command, sharing
from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.job import JobSpec, Source, StoredSource, TextSource, UrlSource
from tests.unit.samples import SPEC

BATCH = BatchId("batch-1")
URL, OTHER = UrlSource("https://example.org/a.mp4"), UrlSource("https://example.org/b.mp4")


def reading(*sources: Source, archive: UrlSource | None = None) -> JobSpec:
    inputs = {f"in_{number}": source for number, source in enumerate(sources)}
    return replace(SPEC, inputs=inputs, archive=archive)


def shared_urls(*specs: JobSpec) -> list[list[str]]:
    """Return, for every spec, the URLs that it fetches in the name of the batch."""
    return [
        [
            source.url
            for source in (*spec.inputs.values(), spec.archive)
            if isinstance(source, UrlSource) and source.batch_id == BATCH
        ]
        for spec in sharing(specs, BATCH)
    ]


def test_a_url_of_two_jobs_is_shared_and_others_are_not() -> None:
    assert shared_urls(reading(URL, OTHER), reading(URL)) == [[URL.url], [URL.url]]


def test_a_url_that_one_job_names_twice_is_not_shared() -> None:
    assert shared_urls(reading(URL, URL), reading(OTHER)) == [[], []]


def test_a_shared_url_is_shared_under_every_alias() -> None:
    assert shared_urls(reading(URL, URL), reading(URL)) == [[URL.url] * 2, [URL.url]]


def test_urls_that_differ_in_their_query_are_two() -> None:
    signed = UrlSource(f"{URL.url}?signature=1")

    assert shared_urls(reading(URL), reading(signed)) == [[], []]


def test_an_archive_is_shared_like_an_input() -> None:
    assert shared_urls(reading(archive=URL), reading(URL), reading(archive=OTHER)) == [
        [URL.url],
        [URL.url],
        [],
    ]


def test_only_urls_are_shared() -> None:
    sources = (StoredSource(FileId("1")), TextSource("a", "txt"))
    specs = [reading(*sources), reading(*sources)]

    assert sharing(specs, BATCH) == specs


@pytest.mark.parametrize(
    "error",
    [
        InvalidCommandError("It is wrong.", loc=("input_files", "in_v")),
        InvalidRequestError("It is wrong.", loc=("input_files", "in_v")),
    ],
)
def test_an_error_is_named_after_its_command(error: BoxError) -> None:
    with pytest.raises(type(error)) as raised, naming_command(1):
        raise error

    assert (str(raised.value), raised.value.loc) == (
        "Command 2: It is wrong.",
        ("commands", "1", "input_files", "in_v"),
    )


def test_other_errors_pass_unchanged() -> None:
    error = NotFoundError("There is none.")

    with pytest.raises(NotFoundError) as raised, naming_command(1):
        raise error

    assert raised.value is error
