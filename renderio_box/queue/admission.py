"""What is looked up before a job is let into the queue."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.database import files, idempotency, jobs
from renderio_box.database.connection import Transaction
from renderio_box.errors import BoxError, ErrorCode, InvalidRequestError
from renderio_box.identifiers import FileId, Owner
from renderio_box.jobs.batch import naming_command
from renderio_box.jobs.files import FileStatus, StoredFile, is_playlist
from renderio_box.jobs.job import (
    CommandType,
    Job,
    JobSpec,
    Source,
    StoredSource,
    Submission,
    TextSource,
    UrlSource,
)
from renderio_box.jobs.storage_urls import EXPIRED, storage_url_in
from renderio_box.storage.addresses import Addresses

REMEMBERED_FOR: Final = timedelta(hours=24)


class IdempotencyConflictError(BoxError):
    """The idempotency key was used for another request a short while ago."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {key} was used for another request within 24 hours;"
            " send each request with a key of its own."
        )


class QueueFullError(BoxError):
    """As many jobs wait as may, of everybody's or of one owner's."""

    code = ErrorCode.QUEUE_FULL

    def __init__(self, limit: str) -> None:
        super().__init__(f"{limit}, and there is no room for this request; send it again later.")


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A caller's name for one request, and the digest of that request."""

    key: str
    digest: str


async def earlier_jobs(
    tx: Transaction, request: IdempotencyKey | None, *, owner: Owner, now: datetime
) -> list[Job]:
    """Return the jobs that the same request made before, none when it is new or forgotten.

    A request without a key is always new.

    Raises:
        IdempotencyConflictError: The key was used for another request.
    """
    remembered = None if request is None else await idempotency.find(tx, owner, request.key)
    if request is None or remembered is None or abs(now - remembered.created_at) > REMEMBERED_FOR:
        return []
    if remembered.digest != request.digest:
        raise IdempotencyConflictError(request.key)
    found = [await jobs.find(tx, job_id, owner=owner) for job_id in remembered.job_ids]
    return [each.job for each in found if each is not None]


async def remember(tx: Transaction, request: IdempotencyKey | None, made: Sequence[Job]) -> None:
    """Note which jobs the request made, in the transaction that makes them."""
    if request is None:
        return
    remembered = idempotency.Remembered(
        digest=request.digest,
        job_ids=tuple(job.id for job in made),
        created_at=made[0].created_at,
    )
    await idempotency.remember(tx, made[0].owner, request.key, remembered)


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs may wait: of everybody's together, and of each owner's, 0 for any number."""

    jobs: int = 10_000
    jobs_per_owner: int = 0


async def check_depth(tx: Transaction, depth: Depth, *, owner: Owner, new: int) -> None:
    """Refuse new jobs that would make more wait than may; QueueFullError.

    Jobs that wait to be taken up again are not counted.
    """
    most = depth.jobs_per_owner
    if most and await jobs.count_queued_of(tx, owner) + new > most:
        raise QueueFullError(f"At most {most} commands of one owner may wait")
    if await jobs.count_queued(tx) + new > depth.jobs:
        raise QueueFullError(f"At most {depth.jobs} commands may wait")


async def all_resolved(
    tx: Transaction,
    submissions: Sequence[Submission],
    *,
    owner: Owner | None,
    addresses: Addresses,
) -> list[JobSpec]:
    """Return the specs as ``resolved`` does; an error names the command of several."""
    specs: list[JobSpec] = []
    for place, submission in enumerate(submissions):
        is_one_of_several = submission.spec.command_type is CommandType.MULTIPLE
        with naming_command(place) if is_one_of_several else nullcontext():
            specs.append(await resolved(tx, submission.spec, owner=owner, addresses=addresses))
    return specs


async def resolved(
    tx: Transaction, spec: JobSpec, *, owner: Owner | None, addresses: Addresses
) -> JobSpec:
    """Return the spec with our own storage URLs replaced by the files they name.

    Raises:
        InvalidRequestError: A file is unknown, deleted, or somebody else's, or the address
            of one that is has expired.
    """
    find = partial(kept, tx, owner=owner, addresses=addresses)
    inputs: dict[str, Source] = {}
    for alias, source in spec.inputs.items():
        is_text = isinstance(source, TextSource)
        inputs[alias] = source if is_text else await find(source, loc=("input_files", alias))
    archive = spec.archive
    if archive is not None:
        archive = await find(archive, loc=("input_compressed_folder",))
    return replace(spec, inputs=inputs, archive=archive)


async def kept(
    tx: Transaction,
    source: UrlSource | StoredSource,
    *,
    owner: Owner | None,
    addresses: Addresses,
    loc: tuple[str, ...],
) -> UrlSource | StoredSource:
    """Return the stored file that the source names, itself when it is not one of ours."""
    if isinstance(source, UrlSource):
        own = await own_file(tx, source.url, owner=owner, addresses=addresses, loc=loc)
        return own or source
    file = check_kept(await files.find(tx, source.file_id, owner=owner), source.file_id, loc=loc)
    return StoredSource(file.id, file.size_bytes or 0)


async def own_file(
    tx: Transaction,
    url: str,
    *,
    owner: Owner | None,
    addresses: Addresses,
    loc: tuple[str, ...],
) -> StoredSource | None:
    """Return the stored file that ``url`` serves, None when it is not one of ours.

    What lies beside a playlist is no file of its own. An address that has expired is
    refused, but not to the file's owner.
    """
    named = storage_url_in(url)
    file = None if named is None else await files.find_by_token(tx, named.token)
    if named is None or file is None:
        return None
    if is_playlist(file.alias) and named.filename != file.filename:
        return None
    if not addresses.may_be_named(file, url, sees=owner):
        raise InvalidRequestError(f"{loc[-1]} {EXPIRED}", loc=loc)
    check_kept(file, file.id, loc=loc)
    return StoredSource(file.id, file.size_bytes or 0)


def check_kept(file: StoredFile | None, file_id: FileId, *, loc: tuple[str, ...]) -> StoredFile:
    """Return the file; refuse one that is not there any more. ``loc`` ends with what names it."""
    if file is None or file.deleted_at is not None or file.status is not FileStatus.STORED:
        raise InvalidRequestError(
            f"{loc[-1]} names the file {file_id}, which is not stored here; upload it first.",
            loc=loc,
        )
    return file
