"""Putting a decoded request into the queue."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Protocol

from litestar import Request

from renderio_box.catalog.keys import Principal
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.job import Job, Submission
from renderio_box.jobs.limits import JobLimits
from renderio_box.queue.admission import IdempotencyKey
from renderio_box.queue.job_queue import JobQueue

HEADER: Final = "idempotency-key"
MAX_KEY_LENGTH: Final = 255


class Submittable(Protocol):
    """A request that asks for a job."""

    def to_submission(
        self, sent: Mapping[str, object], *, limits: JobLimits, build: Build
    ) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came."""
        ...


class Submitter:
    """Knows what a job may ask for, and where it goes."""

    def __init__(self, queue: JobQueue, limits: JobLimits, build: Build) -> None:
        self._queue = queue
        self._limits = limits
        self._build = build

    async def submit(self, data: Submittable, request: Request[Principal, Any, Any]) -> Job:
        """Queue what was asked for, or find it queued by the same request before."""
        submission = data.to_submission(
            await request.json(), limits=self._limits, build=self._build
        )
        return await self._queue.submit(
            submission,
            owner=request.user.owner,
            sees=request.user.sees,
            idempotency=await idempotency_of(request),
        )


async def idempotency_of(request: Request[Principal, Any, Any]) -> IdempotencyKey | None:
    """Return the request's idempotency key with the digest of address and body, if it has one."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidRequestError(
            f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} printable characters."
        )
    digest = hashlib.sha256(request.url.path.encode() + b"\0" + await request.body())
    return IdempotencyKey(key, digest.hexdigest())
