"""Several commands of one request: accepted together, run each on its own."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec.structs import replace

from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import BatchId
from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.job import JobSpec, Source, UrlSource

MAX_COMMANDS: Final = 10


@contextmanager
def naming_command(place: int) -> Generator[None]:
    """Name the command, in words and in the path, in what is found wrong with it.

    ``place`` counts from 0.
    """
    try:
        yield
    except (InvalidCommandError, InvalidRequestError) as error:
        loc = ("commands", str(place), *error.loc)
        raise type(error)(f"Command {place + 1}: {error}", loc=loc) from error


def sharing(specs: Sequence[JobSpec], batch_id: BatchId) -> list[JobSpec]:
    """Return the specs with every URL marked that more than one of them fetches."""
    counted = Counter(url for spec in specs for url in urls_of(spec))
    shared = frozenset(url for url, count in counted.items() if count > 1)
    return [marked(spec, shared, batch_id) if shared else spec for spec in specs]


def urls_of(spec: JobSpec) -> frozenset[str]:
    """Return every URL that the job fetches."""
    sources = (*spec.inputs.values(), spec.archive)
    return frozenset(source.url for source in sources if isinstance(source, UrlSource))


def marked(spec: JobSpec, shared: frozenset[str], batch_id: BatchId) -> JobSpec:
    """Return the spec with its shared URLs fetched in the name of the batch."""

    def mark(source: UrlSource) -> UrlSource:
        return replace(source, batch_id=batch_id) if source.url in shared else source

    inputs: dict[str, Source] = {
        alias: mark(source) if isinstance(source, UrlSource) else source
        for alias, source in spec.inputs.items()
    }
    archive = spec.archive
    return replace(
        spec, inputs=inputs, archive=mark(archive) if isinstance(archive, UrlSource) else archive
    )
