"""Server-sent events over HTTP: what becomes of commands, as it happens or after any absence."""

from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_204_NO_CONTENT

from renderio_box.api.authentication import requires
from renderio_box.api.streams import OpenStream, StreamPlaces
from renderio_box.api.watch import Watch, told
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.errors import InvalidRequestError
from renderio_box.identifiers import JobId
from renderio_box.queue.history import History

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MAX_SEQUENCE: Final = 2**53
MAX_DIGITS: Final = 16

After = Annotated[int | None, QueryParameter(ge=0, le=MAX_SEQUENCE)]
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID")]


class EventController(Controller):
    """Watch commands without polling."""

    path = "/api/v1"
    tags = ("Commands",)
    middleware = (StreamPlaces(),)

    @get("/commands/{command_id:str}/events", media_type=MEDIA_TYPE, guards=[requires(Scope.READ)])
    async def watch_command(
        self,
        request: Request[Principal, Any, Any],
        command_id: FromPath[str],
        history: NamedDependency[History],
        stream: NamedDependency[OpenStream],
        after: After = None,
        last_event_id: LastEventId = None,
    ) -> Response[Any]:
        """Stream the command's events from its beginning, or from where a reader left off.

        ``status`` events have an id, ``progress`` events have none. The stream ends after
        the final status; who comes back after that gets 204, at which an EventSource stops.
        """
        sees = request.user.sees
        job = (await history.find(JobId(command_id), sees=sees)).job
        start = await start_of(history, last_event_id, after, otherwise=0)
        if job.finished_at is not None:
            rest = await history.events_after(start, sees=sees, job_id=job.id)
            if not rest.events:
                return Response(None, status_code=HTTP_204_NO_CONTENT)
        watch = Watch(history, sees=sees, told=start, job_id=job.id)
        return Stream(told(watch, stream), headers=HEADERS, media_type=MEDIA_TYPE)

    @get("/events", media_type=MEDIA_TYPE, guards=[requires(Scope.READ)])
    async def watch_commands(
        self,
        request: Request[Principal, Any, Any],
        history: NamedDependency[History],
        stream: NamedDependency[OpenStream],
        after: After = None,
        last_event_id: LastEventId = None,
    ) -> Response[Any]:
        """Stream the events of all your commands from now on, or from where a reader left off.

        An administrator's key sees everybody's.
        """
        start = await start_of(history, last_event_id, after, otherwise=MAX_SEQUENCE)
        watch = Watch(history, sees=request.user.sees, told=start)
        return Stream(told(watch, stream), headers=HEADERS, media_type=MEDIA_TYPE)


async def start_of(
    history: History, last_event_id: str | None, after: int | None, *, otherwise: int
) -> int:
    """Return the last event that the reader knows, at most the newest there is.

    The header wins: an EventSource sends it when it comes back to an address with ``after``.
    """
    asked = after if last_event_id is None else sequence_of(last_event_id)
    return min(otherwise if asked is None else asked, await history.latest_event())


def sequence_of(event_id: str) -> int:
    """Return the sequence number that an event's id is; InvalidRequestError when it is none."""
    if not (event_id.isascii() and event_id.isdecimal()) or len(event_id) > MAX_DIGITS:
        raise InvalidRequestError(
            "Last-Event-ID must be the id of an event of this box, a whole number;"
            " leave it out to begin anew.",
            loc=("Last-Event-ID",),
        )
    return int(event_id)
