"""What a submit would answer, without submitting."""

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.reading import submissions_of
from renderio_box.api.submitter import Submitter
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.jobs.invocation import adapt
from renderio_box.jobs.job import Dialect
from renderio_box.queue.history import History


class Validity(msgspec.Struct, frozen=True, kw_only=True):
    """A body that a submit would accept.

    ``arguments`` has a list for every command or step: its words as they were split, in
    the terms of the FFmpeg of this box, with ``{{alias}}`` where a file's name will stand.
    """

    valid: bool = True
    arguments: list[tuple[str, ...]]
    warnings: list[str]


class ValidationController(Controller):
    """Try commands without running them."""

    path = "/api/v1"
    tags = ("Commands",)

    @post("/validate", status_code=HTTP_200_OK, guards=[requires(Scope.SUBMIT), json_only])
    async def validate(
        self,
        request: Request[Principal, Any, Any],
        data: JSONBody[dict[str, object]],
        submitter: NamedDependency[Submitter],
        history: NamedDependency[History],
    ) -> Validity:
        """Tell how the body of any of the three submits would be understood.

        Nothing runs and nothing is kept. A body that the submit would refuse gets the very
        same answer. Where ``commands`` could be a chain or several commands, it is a chain
        if one of them reads what another writes.
        """
        terms = submitter.terms(request, dialect=Dialect.RENDERIO)
        submissions = submissions_of(data, terms)
        await history.check(submissions, sees=request.user.sees)
        steps = [step for submission in submissions for step in submission.spec.steps]
        return Validity(
            arguments=[adapt(step, terms.build).arguments for step in steps],
            warnings=[warning for submission in submissions for warning in submission.warnings],
        )
