"""Which commands a list is to show, and where it goes on."""

import base64
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from litestar import Request
from litestar.params import FromQuery

from renderio_box.api.renderio.wire import STATES
from renderio_box.catalog.keys import Principal
from renderio_box.database.job_lists import JobFilter, Place
from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import JobId, is_id
from renderio_box.jobs.job import CommandType

METADATA: Final = "metadata."
MAX_MARKS: Final = 10

Status = Literal["QUEUED", "PROCESSING", "SUCCESS", "FAILED"]


def job_filter(
    request: Request[Principal, Any, Any],
    status: FromQuery[Status | None] = None,
    command_type: FromQuery[CommandType | None] = None,
) -> JobFilter:
    """Return what the query selects among the commands that its sender may see.

    Raises:
        InvalidRequestError: It has too many conditions on metadata.
    """
    marks = [
        (name.removeprefix(METADATA), value)
        for name, value in request.query_params.multi_items()
        if name.startswith(METADATA)
    ]
    if len(marks) > MAX_MARKS:
        raise InvalidRequestError(
            f"The query has {len(marks)} conditions on metadata; send at most {MAX_MARKS}.",
            loc=("metadata",),
        )
    return JobFilter(
        sees=request.user.sees,
        states=None if status is None else STATES[status],
        command_type=command_type,
        marks=tuple(marks),
    )


def cursor_of(place: Place) -> str:
    """Return the cursor that goes on after ``place``; it means nothing to its holder."""
    text = f"{place.created_at.isoformat()} {place.id}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def place_of(cursor: str, *, offset: int) -> Place:
    """Return the place after which a cursor goes on.

    Raises:
        InvalidRequestError: It is none of ours, or an offset stands beside it.
    """
    if offset:
        raise InvalidRequestError(
            "offset and cursor exclude each other; leave offset out.", loc=("offset",)
        )
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        moment, _, job_id = text.partition(" ")
        created_at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise foreign_cursor() from error
    if created_at.utcoffset() != timedelta() or not is_id(job_id):
        raise foreign_cursor()
    return Place(created_at, JobId(job_id))


def foreign_cursor() -> InvalidRequestError:
    """Return the error about a cursor that this box did not hand out."""
    return InvalidRequestError(
        "cursor is not one that this box handed out; send the next_cursor of a list as it is,"
        " or leave it out to begin at the newest.",
        loc=("cursor",),
    )
