"""Presets over HTTP: translate, delegate, translate back."""

from functools import partial
from typing import Any

from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.problems import DESCRIPTION_HANDLERS
from renderio_box.api.renderio.commands import Limit, Offset
from renderio_box.api.renderio.preset_requests import (
    NEW,
    Execution,
    NewPreset,
    PresetChange,
    edited,
    refusing,
    trial_of,
)
from renderio_box.api.renderio.preset_views import DeletedPreset, PresetPage, PresetView
from renderio_box.api.renderio.wire import Accepted
from renderio_box.api.submitter import Submitter
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.catalog.presets import PresetCatalog
from renderio_box.identifiers import PresetId
from renderio_box.jobs.job import Dialect
from renderio_box.queue.history import History


class PresetController(Controller):
    """Keep commands under a name, and run them on other files."""

    path = "/api/v1/presets"
    tags = ("Presets",)

    @post(
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SUBMIT), json_only],
        exception_handlers=DESCRIPTION_HANDLERS,
    )
    async def add_preset(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[NewPreset],
        presets: NamedDependency[PresetCatalog],
        history: NamedDependency[History],
        submitter: NamedDependency[Submitter],
    ) -> PresetView:
        """Keep a command, or a chain of them, with the names that are to be filled in."""
        terms = submitter.terms(request, dialect=Dialect.RENDERIO)
        recipe = edited(NEW, data, terms)
        with refusing(recipe, data):
            await history.check([trial_of(recipe, terms)], sees=request.user.sees)
        return PresetView.of(await presets.add(recipe, owner=request.user.owner))

    @get(guards=[requires(Scope.READ)])
    async def list_presets(
        self,
        principal: NamedDependency[Principal],
        presets: NamedDependency[PresetCatalog],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> PresetPage:
        """Return the owner's presets, newest first, and after them those of the box."""
        found = await presets.list(sees=principal.sees, limit=limit, offset=offset)
        return PresetPage([PresetView.of(preset) for preset in found], limit, offset)

    @get("/{preset_id:str}", guards=[requires(Scope.READ)])
    async def show_preset(
        self,
        preset_id: FromPath[str],
        principal: NamedDependency[Principal],
        presets: NamedDependency[PresetCatalog],
    ) -> PresetView:
        """Return one preset."""
        return PresetView.of(await presets.find(PresetId(preset_id), sees=principal.sees))

    @put(
        "/{preset_id:str}",
        guards=[requires(Scope.SUBMIT), json_only],
        exception_handlers=DESCRIPTION_HANDLERS,
    )
    async def change_preset(
        self,
        preset_id: FromPath[str],
        request: Request[Principal, Any, Any],
        data: JSONBody[PresetChange],
        presets: NamedDependency[PresetCatalog],
        history: NamedDependency[History],
        submitter: NamedDependency[Submitter],
    ) -> PresetView:
        """Change what is sent and keep the rest; what comes of it is checked as a whole."""
        sees, key = request.user.sees, PresetId(preset_id)
        terms = submitter.terms(request, dialect=Dialect.RENDERIO)
        edit = partial(edited, change=data, terms=terms)
        recipe = edit((await presets.find_changeable(key, sees=sees)).recipe)
        with refusing(recipe, data):
            await history.check([trial_of(recipe, terms)], sees=sees)
        return PresetView.of(await presets.change(key, edit, sees=sees))

    @delete("/{preset_id:str}", status_code=HTTP_200_OK, guards=[requires(Scope.SUBMIT)])
    async def delete_preset(
        self,
        preset_id: FromPath[str],
        principal: NamedDependency[Principal],
        presets: NamedDependency[PresetCatalog],
    ) -> DeletedPreset:
        """Delete a preset; commands that were made from it stay."""
        await presets.delete(PresetId(preset_id), sees=principal.sees)
        return DeletedPreset(preset_id=PresetId(preset_id))

    @post(
        "/{preset_id:str}/execute",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.SUBMIT), json_only],
    )
    async def execute_preset(
        self,
        preset_id: FromPath[str],
        request: Request[Principal, Any, Any],
        data: JSONBody[Execution],
        presets: NamedDependency[PresetCatalog],
        submitter: NamedDependency[Submitter],
    ) -> Accepted:
        """Queue the preset's command with these files. It is safe on disk when this answers.

        With an Idempotency-Key header the same request within 24 hours gets the first answer.
        """
        preset = await presets.find(PresetId(preset_id), sees=request.user.sees)
        terms = submitter.terms(request, dialect=Dialect.RENDERIO)
        submission = data.to_submission(preset, await request.json(), terms)
        return Accepted((await submitter.queue_all([submission], request))[0].id)
