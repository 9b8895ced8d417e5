"""Several commands in one request, over HTTP."""

from typing import Any, Final

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.renderio.wire import WIRE_STATUS
from renderio_box.api.requests import RunMultipleRequest
from renderio_box.api.submitter import Submitter
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import Dialect, JobState

WAITING: Final = WIRE_STATUS[JobState.QUEUED]


class AcceptedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One of several commands, as it stood when it was accepted."""

    command_id: JobId
    status: str = WAITING


class AcceptedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The commands are safe on disk and will run; both lists are in the request's order."""

    command_ids: list[JobId]
    commands: list[AcceptedCommand]


class BatchController(Controller):
    """Submit commands together that run each on its own."""

    path = "/api/v1"
    tags = ("Commands",)

    @post(
        "/run-multiple-ffmpeg-commands",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.SUBMIT), json_only],
    )
    async def run_multiple(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[RunMultipleRequest],
        submitter: NamedDependency[Submitter],
    ) -> AcceptedBatch:
        """Queue up to ten commands, all or none; each has an id, a poll and a webhook of its own.

        An input URL that several of them name is downloaded once. With an Idempotency-Key
        header the same request within 24 hours gets the first answer.
        """
        terms = submitter.terms(request, dialect=Dialect.RENDERIO)
        submissions = data.to_submissions(await request.json(), terms)
        ids = [job.id for job in await submitter.queue_all(submissions, request)]
        return AcceptedBatch(
            command_ids=ids, commands=[AcceptedCommand(command_id=job_id) for job_id in ids]
        )
