"""Putting a decoded request into the queue."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from litestar import Request

from renderio_box.api.observed import request_id_of
from renderio_box.api.urls import UrlMaker
from renderio_box.api.work import Terms
from renderio_box.catalog.keys import Principal
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.job import Dialect, Job, Submission
from renderio_box.jobs.limits import JobLimits
from renderio_box.queue.admission import IdempotencyKey
from renderio_box.queue.job_queue import JobQueue

AnyRequest = Request[Principal, Any, Any]
HEADER: Final = "idempotency-key"
MAX_KEY_LENGTH: Final = 255


class Submittable(Protocol):
    """A request that asks for a job."""

    def to_submission(self, sent: Mapping[str, object], terms: Terms) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came."""
        ...


class Submitter:
    """Knows what a job may ask for, and where it goes."""

    def __init__(
        self, queue: JobQueue, limits: JobLimits, build: Build, url_maker: UrlMaker
    ) -> None:
        self._queue = queue
        self._limits = limits
        self._build = build
        self._url_maker = url_maker

    def terms(self, request: AnyRequest, *, dialect: Dialect) -> Terms:
        """Return the terms on which ``request`` is read."""
        origin = self._url_maker.urls(request).base
        return Terms(
            limits=self._limits,
            build=self._build,
            dialect=dialect,
            origin=origin,
            request_id=request_id_of(request.scope),
        )

    async def submit(self, data: Submittable, request: AnyRequest, *, dialect: Dialect) -> Job:
        """Queue what was asked for, or find it queued by the same request before."""
        terms = self.terms(request, dialect=dialect)
        submission = data.to_submission(await request.json(), terms)
        return (await self.queue_all([submission], request))[0]

    async def queue_all(self, submissions: Sequence[Submission], request: AnyRequest) -> list[Job]:
        """Queue all of them or none, or find them queued by the same request before."""
        return await self._queue.submit(
            submissions,
            owner=request.user.owner,
            sees=request.user.sees,
            idempotency=await idempotency_of(request),
        )


async def idempotency_of(request: AnyRequest) -> IdempotencyKey | None:
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
