"""What an event stream says, piece by piece."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

import anyio
import msgspec
import structlog
from litestar.response import ServerSentEventMessage
from msgspec import UNSET, UnsetType

from renderio_box.api.renderio.wire import WIRE_STATUS
from renderio_box.api.streams import OpenStream
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.database.events import Event
from renderio_box.database.progress import Running
from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import JobState, Progress, Stage
from renderio_box.queue.history import History, News

log = structlog.get_logger()

RECONNECT_MS: Final = 2000
TICK_SECONDS: Final = 1.0
"""How often running commands are looked at; their progress is stored once a second."""
KEEP_ALIVE: Final = ServerSentEventMessage(comment="keep-alive", data=None).encode()
FINAL_STATES: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class StatusEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A command came to a status; a final one says what went wrong, null if nothing did."""

    command_id: JobId
    status: str
    attempt: int
    at: datetime
    error_status: ErrorStatus | UnsetType | None = UNSET
    error_message: str | UnsetType | None = UNSET

    @classmethod
    def of(cls, event: Event) -> "StatusEvent":
        """Describe ``event``."""
        is_final = event.state in FINAL_STATES
        return cls(
            command_id=event.job_id,
            status=WIRE_STATUS[event.state],
            attempt=event.attempt,
            at=event.at,
            error_status=event.error_status if is_final else UNSET,
            error_message=event.error_message if is_final else UNSET,
        )


class ProgressEvent(msgspec.Struct, frozen=True, kw_only=True):
    """How far a running command is."""

    command_id: JobId
    processing_stage: Stage
    progress: Progress

    @classmethod
    def of(cls, running: Running) -> "ProgressEvent":
        """Describe what is known of a running job."""
        return cls(
            command_id=running.job_id, processing_stage=running.stage, progress=running.progress
        )


class Watch:
    """What has been told of one job, or of all, and what is new since.

    ``told`` is the sequence number of the last event that the reader knows.
    """

    def __init__(
        self, history: History, *, sees: Owner | None, told: int, job_id: JobId | None = None
    ) -> None:
        self.told = told
        self.is_over = False
        self.is_behind = False
        self.is_anything_running = False
        self._history = history
        self._sees = sees
        self._job_id = job_id
        self._progress: dict[JobId, bytes] = {}

    async def look(self) -> bytes:
        """Return what is new, as blocks of the stream; nothing when nothing is.

        ``is_over`` once the one job's final status was among it; ``is_behind`` when more
        is there already.
        """
        news = await self._history.events_after(self.told, sees=self._sees, job_id=self._job_id)
        self.told = news.events[-1].sequence if news.events else self.told
        self.is_over = self._job_id is not None and any(
            event.state in FINAL_STATES for event in news.events
        )
        self.is_behind = news.is_behind
        self.is_anything_running = bool(news.running)
        return b"".join((*map(status_block, news.events), *self._new_progress(news)))

    def _new_progress(self, news: News) -> list[bytes]:
        """Return the progress that was not told yet, and remember it."""
        known, self._progress = (
            self._progress,
            {running.job_id: progress_block(running) for running in news.running},
        )
        return [block for job_id, block in self._progress.items() if known.get(job_id) != block]


async def told(watch: Watch, stream: OpenStream) -> AsyncGenerator[bytes]:
    """Yield the stream, a piece for every look that finds something.

    Each piece is made when the server asks for it, so that a slow reader gets all events
    but only the latest progress, and costs one piece of memory.
    """
    yield ServerSentEventMessage(id=watch.told, retry=RECONNECT_MS, data=None).encode()
    heard_at = anyio.current_time()
    try:
        while not stream.is_over and not watch.is_over:
            if piece := await watch.look():
                yield piece
                heard_at = anyio.current_time()
            elif anyio.current_time() >= heard_at + stream.heartbeat_seconds:
                yield KEEP_ALIVE
                heard_at = anyio.current_time()
            if not watch.is_over and not watch.is_behind:
                quiet_s = max(0.0, heard_at + stream.heartbeat_seconds - anyio.current_time())
                tick_s = TICK_SECONDS if watch.is_anything_running else quiet_s
                await stream.wait(timeout_s=min(tick_s, quiet_s))
    except DatabaseFailedError as error:
        log.warning("event_stream_ended", reason=str(error))


def status_block(event: Event) -> bytes:
    """Return an event as a block with an id, to which a reader can come back."""
    data = msgspec.json.encode(StatusEvent.of(event))
    return ServerSentEventMessage(event="status", id=event.sequence, data=data).encode()


def progress_block(running: Running) -> bytes:
    """Return progress as a block without an id: nobody needs to come back to it."""
    data = msgspec.json.encode(ProgressEvent.of(running))
    return ServerSentEventMessage(event="progress", data=data).encode()
