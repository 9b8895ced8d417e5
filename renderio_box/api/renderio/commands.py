"""Commands over HTTP: translate, delegate, translate back."""

from typing import Annotated, Any

from litestar import Controller, MediaType, Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.observed import request_id_of
from renderio_box.api.renderio.lists import cursor_of, job_filter, place_of
from renderio_box.api.renderio.wire import (
    Accepted,
    CommandPage,
    CommandView,
    DeletedOutputs,
)
from renderio_box.api.requests import RunChainRequest, RunCommandRequest
from renderio_box.api.submitter import Submitter
from renderio_box.api.urls import Urls
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.database.job_lists import JobFilter
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import Dialect
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import JobQueue

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


class CommandController(Controller):
    """Submit FFmpeg commands and watch them."""

    path = "/api/v1"
    tags = ("Commands",)

    @post(
        "/run-ffmpeg-command",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.SUBMIT), json_only],
    )
    async def run_command(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[RunCommandRequest],
        submitter: NamedDependency[Submitter],
    ) -> Accepted:
        """Queue one command. It is safe on disk when this answers.

        With an Idempotency-Key header the same request within 24 hours gets the first answer.
        """
        return Accepted((await submitter.submit(data, request, dialect=Dialect.RENDERIO)).id)

    @post(
        "/run-chained-ffmpeg-commands",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.SUBMIT), json_only],
    )
    async def run_chain(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[RunChainRequest],
        submitter: NamedDependency[Submitter],
    ) -> Accepted:
        """Queue a chain of commands as one: the first step that fails fails it.

        With an Idempotency-Key header the same request within 24 hours gets the first answer.
        """
        return Accepted((await submitter.submit(data, request, dialect=Dialect.RENDERIO)).id)

    @get("/commands/{command_id:str}", guards=[requires(Scope.READ)])
    async def show_command(
        self,
        command_id: FromPath[str],
        principal: NamedDependency[Principal],
        history: NamedDependency[History],
        urls: NamedDependency[Urls],
    ) -> CommandView:
        """Return the command's state, its progress, and what came of it."""
        report = await history.find(JobId(command_id), sees=principal.sees)
        return CommandView.of(report, urls)

    @get(
        "/commands",
        guards=[requires(Scope.READ)],
        dependencies={"wanted": Provide(job_filter, sync_to_thread=False)},
    )
    async def list_commands(
        self,
        history: NamedDependency[History],
        urls: NamedDependency[Urls],
        wanted: NamedDependency[JobFilter],
        limit: Limit = 50,
        offset: Offset = 0,
        cursor: FromQuery[str | None] = None,
    ) -> CommandPage:
        """Return the owner's commands, newest first.

        ``metadata.KEY=VALUE`` selects those with that metadata; up to ten such conditions
        hold together. ``cursor`` is the ``next_cursor`` of the page before: unlike an offset
        it stays fast in long lists, and commands that arrive meanwhile do not shift it.
        """
        after = None if cursor is None else place_of(cursor, offset=offset)
        page = await history.list(wanted, limit=limit, offset=offset, after=after)
        return CommandPage(
            commands=[CommandView.of(report, urls) for report in page.reports],
            limit=limit,
            offset=offset,
            total=page.total,
            next_cursor=None if page.last is None else cursor_of(page.last),
        )

    @post(
        "/commands/{command_id:str}/cancel",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SUBMIT)],
    )
    async def cancel_command(
        self,
        request: Request[Principal, Any, Any],
        command_id: FromPath[str],
        principal: NamedDependency[Principal],
        queue: NamedDependency[JobQueue],
        history: NamedDependency[History],
        urls: NamedDependency[Urls],
    ) -> CommandView:
        """Stop the command. A running one has ended within five seconds."""
        by = request_id_of(request.scope)
        job = await queue.cancel(JobId(command_id), sees=principal.sees, by=by)
        return CommandView.of(await history.find(job.id, sees=principal.sees), urls)

    @delete(
        "/commands/{command_id:str}/files",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.FILES)],
    )
    async def delete_outputs(
        self,
        command_id: FromPath[str],
        principal: NamedDependency[Principal],
        files: NamedDependency[FileCatalog],
    ) -> DeletedOutputs:
        """Delete the command's stored outputs; its record stays."""
        count = await files.delete_outputs(JobId(command_id), sees=principal.sees)
        return DeletedOutputs(files_deleted=count)

    @get(
        "/commands/{command_id:str}/log",
        media_type=MediaType.TEXT,
        guards=[requires(Scope.READ)],
    )
    async def show_log(
        self,
        command_id: FromPath[str],
        principal: NamedDependency[Principal],
        history: NamedDependency[History],
    ) -> Response[str]:
        """Return what FFmpeg wrote to its log: all of it, or beginning and end of a long one."""
        text = await history.log(JobId(command_id), sees=principal.sees)
        return Response(
            text,
            media_type=MediaType.TEXT,
            headers={"X-Content-Type-Options": "nosniff"},
        )
