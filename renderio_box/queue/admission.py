"""What is looked up before a job is let into the queue."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from renderio_box.database import files, idempotency, jobs
from renderio_box.database.connection import Transaction
from renderio_box.errors import BoxError, ErrorCode, InvalidRequestError
from renderio_box.identifiers import FileId, Owner
from renderio_box.jobs.files import StoredFile
from renderio_box.jobs.job import Job, Source, StoredSource, UrlSource

REMEMBERED_FOR: Final = timedelta(hours=24)
OWN_PATH: Final = re.compile(r"/files/([A-Za-z0-9_-]{43})/[^/]+$")


class IdempotencyConflictError(BoxError):
    """The idempotency key was used for another request a short while ago."""

    code = ErrorCode.IDEMPOTENCY_CONFLICT

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {key} was used for another request within 24 hours;"
            " send each request with a key of its own."
        )


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A caller's name for one request, and the digest of that request."""

    key: str
    digest: str


async def earlier_job(
    tx: Transaction, request: IdempotencyKey, *, owner: Owner, now: datetime
) -> Job | None:
    """Return the job that the same request made before, None when it is new or forgotten.

    Raises:
        IdempotencyConflictError: The key was used for another request.
    """
    remembered = await idempotency.find(tx, owner, request.key)
    if remembered is None or abs(now - remembered.created_at) > REMEMBERED_FOR:
        return None
    if remembered.digest != request.digest:
        raise IdempotencyConflictError(request.key)
    found = await jobs.find(tx, remembered.job_id, owner=owner)
    return None if found is None else found.job


async def remember(tx: Transaction, request: IdempotencyKey, job: Job) -> None:
    """Note which job the request made, in the transaction that makes it."""
    remembered = idempotency.Remembered(
        digest=request.digest, job_id=job.id, created_at=job.created_at
    )
    await idempotency.remember(tx, job.owner, request.key, remembered)


async def resolve_inputs(
    tx: Transaction, inputs: Mapping[str, Source], *, owner: Owner | None
) -> dict[str, Source]:
    """Return the inputs with our own storage URLs replaced by the files they name.

    Raises:
        InvalidRequestError: A file is unknown, deleted, or somebody else's.
    """
    resolved: dict[str, Source] = {}
    for alias, source in inputs.items():
        match source:
            case UrlSource(url):
                resolved[alias] = await own_file(tx, url, alias=alias) or source
            case StoredSource(file_id):
                await check_file(tx, file_id, owner=owner, alias=alias)
                resolved[alias] = source
            case _:
                resolved[alias] = source
    return resolved


async def own_file(tx: Transaction, url: str, *, alias: str) -> StoredSource | None:
    """Return the stored file that ``url`` serves, None when it is not one of ours.

    The token has 256 random bits and is the whole permission, so the host does not
    matter: no URL of somebody else can hold one of ours by chance.
    """
    match = OWN_PATH.search(urlsplit(url).path)
    file = None if match is None else await files.find_by_token(tx, match[1])
    if file is None:
        return None
    check_kept(file, file.id, alias=alias)
    return StoredSource(file.id)


async def check_file(tx: Transaction, file_id: FileId, *, owner: Owner | None, alias: str) -> None:
    """Refuse an id that names no file of this owner's."""
    check_kept(await files.find(tx, file_id, owner=owner), file_id, alias=alias)


def check_kept(file: StoredFile | None, file_id: FileId, *, alias: str) -> None:
    """Refuse a file that is not there, or not any more."""
    if file is None or file.deleted_at is not None:
        raise InvalidRequestError(
            f"{alias} names the file {file_id}, which does not exist; upload it first.",
            loc=("input_files", alias),
        )
