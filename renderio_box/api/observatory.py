"""What monitoring reads: every figure of the box."""

from functools import partial
from typing import Any, Final

import anyio
from anyio import to_thread
from litestar import Request, Response, get
from litestar.di import NamedDependency

from renderio_box.api.hosts import known_host
from renderio_box.clock import Clock
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.metrics import Exposition, Metrics, is_open
from renderio_box.queue.gate import Gate
from renderio_box.queue.survey import Survey, Surveyor
from renderio_box.storage.storage import Storage

LOOK_SECONDS: Final = 2.0
"""How long to wait for the database, and for the disk."""
KEPT_SECONDS: Final = 1.0
"""How long a look is shown again, so that asking often costs nothing."""


class Observatory:
    """Looks at what stands where and shows it with what was counted."""

    def __init__(
        self,
        metrics: Metrics,
        surveyor: Surveyor,
        storage: Storage,
        gate: Gate,
        clock: Clock,
        *,
        reserve_bytes: int,
    ) -> None:
        self._metrics = metrics
        self._surveyor = surveyor
        self._storage = storage
        self._gate = gate
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._turn = anyio.Lock()
        self._looked_at: float | None = None
        self._shown: dict[bool, Exposition] = {}
        # Of its own: it has to answer just when the box is overburdened.
        self._thread = anyio.CapacityLimiter(1)

    async def exposition(self, *, is_open: bool) -> Exposition:
        """Return every figure, in a bounded time; who asks at the same time shares one look."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= KEPT_SECONDS:
                await self._look()
                self._shown.clear()
                self._looked_at = now
            if is_open not in self._shown:
                render = partial(self._metrics.exposition, is_open=is_open)
                self._shown[is_open] = await to_thread.run_sync(render, limiter=self._thread)
            return self._shown[is_open]

    async def _look(self) -> None:
        quiet = self._gate.quiet_until() is not None
        self._metrics.queue_is(drained=self._gate.is_drained, quiet=quiet)
        async with anyio.create_task_group() as looking:
            looking.start_soon(self._look_at_database)
            looking.start_soon(self._look_at_disk)

    async def _look_at_database(self) -> None:
        try:
            with anyio.fail_after(LOOK_SECONDS):
                self._tell(await self._surveyor.survey())
        except (DatabaseFailedError, TimeoutError):
            self._metrics.database_is_silent()

    def _tell(self, survey: Survey) -> None:
        waited_s = 0.0
        if survey.oldest_at is not None:
            waited_s = max((self._clock.now() - survey.oldest_at).total_seconds(), 0.0)
        self._metrics.jobs_are(survey.jobs, oldest_waiting_s=waited_s)
        self._metrics.kept(
            stored_bytes=survey.stored_bytes, pending_deliveries=survey.pending_deliveries
        )

    async def _look_at_disk(self) -> None:
        free_bytes: int | None = None
        try:
            with anyio.fail_after(LOOK_SECONDS):
                free_bytes = await self._storage.free_bytes() + self._reserve_bytes
        except (OSError, TimeoutError):
            pass
        self._metrics.disk_has(free_bytes=free_bytes, reserve_bytes=self._reserve_bytes)


@get("/metrics", media_type="text/plain", tags=["Operation"], guards=[known_host])
async def show_metrics(
    request: Request[Any, Any, Any], observatory: NamedDependency[Observatory]
) -> Response[bytes]:
    """Return the figures that Prometheus scrapes: queue, times, failures, traffic, disk, memory.

    As OpenMetrics if the Accept header asks for that. Needs no key: it tells of nobody's commands
    and files, only how many there are.
    """
    shown = await observatory.exposition(is_open=is_open(request.headers.get("accept", "")))
    return Response(shown.text, headers={"Content-Type": shown.content_type})
