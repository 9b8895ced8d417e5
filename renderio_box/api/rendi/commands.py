"""Commands over HTTP as Rendi's clients send and poll them."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.renderio.commands import CommandController, Offset
from renderio_box.api.renderio.wire import Accepted
from renderio_box.api.rendi.wire import RendiCommand, RendiSummary
from renderio_box.api.requests import RunChainRequest, RunCommandRequest
from renderio_box.api.submitter import Submitter
from renderio_box.api.urls import Urls
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.identifiers import JobId
from renderio_box.jobs.job import Dialect
from renderio_box.queue.history import History

LongLimit = Annotated[int, QueryParameter(ge=1, le=1000)]


class RendiCommandController(Controller):
    """Submit FFmpeg commands and watch them; outputs are deleted as at RenderIO."""

    path = "/v1"
    tags = ("Commands (Rendi)",)

    delete_outputs = CommandController.delete_outputs

    @post("/run-ffmpeg-command", status_code=200, guards=[requires(Scope.SUBMIT), json_only])
    async def run_command(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[RunCommandRequest],
        submitter: NamedDependency[Submitter],
    ) -> Accepted:
        """Queue one command; inputs may go unused. It is safe on disk when this answers."""
        return Accepted((await submitter.submit(data, request, dialect=Dialect.RENDI)).id)

    @post(
        "/run-chained-ffmpeg-commands", status_code=200, guards=[requires(Scope.SUBMIT), json_only]
    )
    async def run_chain(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[RunChainRequest],
        submitter: NamedDependency[Submitter],
    ) -> Accepted:
        """Queue a chain of commands as one: the first step that fails fails it."""
        return Accepted((await submitter.submit(data, request, dialect=Dialect.RENDI)).id)

    @get("/commands/{command_id:str}", guards=[requires(Scope.READ)])
    async def show_command(
        self,
        command_id: FromPath[str],
        principal: NamedDependency[Principal],
        history: NamedDependency[History],
        urls: NamedDependency[Urls],
    ) -> RendiCommand:
        """Return the command's state and what came of it; what does not apply is left out."""
        report = await history.find(JobId(command_id), sees=principal.sees)
        return RendiCommand.of(report, urls)

    @get("/commands", guards=[requires(Scope.READ)])
    async def list_commands(
        self,
        principal: NamedDependency[Principal],
        history: NamedDependency[History],
        limit: LongLimit = 1000,
        offset: Offset = 0,
    ) -> list[RendiSummary]:
        """Return the owner's commands in a few words each, newest first."""
        jobs = await history.summaries(sees=principal.sees, limit=limit, offset=offset)
        return [RendiSummary.of(job) for job in jobs]
