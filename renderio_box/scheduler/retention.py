"""When what is kept comes to its end: files every minute, rows every hour, in small batches."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import structlog

from renderio_box.catalog.expiry import Expiry, Freed
from renderio_box.clock import Clock
from renderio_box.identifiers import FileId
from renderio_box.queue.disposal import Disposal
from renderio_box.scheduler.keeper import put_off
from renderio_box.wakeup import Wakeup

log = structlog.get_logger()

LOOKED_EVERY_S: Final = 60.0
ROWS_EVERY_S: Final = 3600.0
BETWEEN_BATCHES_S: Final = 0.02
IDLE_SHARE: Final = 2
"""Between batches the database is left to others for twice as long as one has taken."""
LONGEST_REST_S: Final = 0.5
BETWEEN_ROUNDS_S: Final = 1.0
"""However often the disk is found full."""
FIRST: Final = FileId("")


class Retention:
    """Removes what the terms no longer keep, and leaves the database to others in between.

    ``wakeup`` tells that room was wanted and not there.
    """

    def __init__(self, *, expiry: Expiry, disposal: Disposal, clock: Clock, wakeup: Wakeup) -> None:
        self._expiry = expiry
        self._disposal = disposal
        self._clock = clock
        self._wakeup = wakeup
        self._rows_due_at = clock.monotonic()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.work()
            await anyio.sleep(BETWEEN_ROUNDS_S)
            await self._wakeup.wait(timeout_s=LOOKED_EVERY_S)

    async def work(self) -> None:
        """Remove everything that is due now."""
        with put_off("dating"):
            await self._date()
        with put_off("expiring"):
            await free(self._expiry.expire_due, reason="their time was over")
            await free(self._expiry.free_excess, reason="retention.total_mbytes was passed")
        if self._clock.monotonic() >= self._rows_due_at:
            self._rows_due_at = self._clock.monotonic() + ROWS_EVERY_S
            with put_off("removing_rows"):
                await self._remove_rows()

    async def _date(self) -> None:
        """Have a change of the settings hold for the files that are there already."""
        if await self._expiry.is_dated():
            return
        last: FileId | None = FIRST
        while last is not None:
            began = anyio.current_time()
            last = await self._expiry.date_after(last)
            await rest(since=began)
        log.info("files_dated", reason="retention.outputs_hours or uploads_hours was changed")

    async def _remove_rows(self) -> None:
        disposal = self._disposal
        await remove(disposal.remove_logs, what="logs", reason="retention.logs_hours")
        await remove(disposal.remove_events, what="events", reason="retention.events_hours")
        await remove(
            disposal.remove_deliveries, what="deliveries", reason="retention.deliveries_hours"
        )
        await remove(
            disposal.remove_idempotency_keys, what="idempotency_keys", reason="they hold for 24 h"
        )
        await remove(
            disposal.remove_file_records, what="file_records", reason="retention.commands_hours"
        )
        await self._remove_commands()

    async def _remove_commands(self) -> None:
        removed, last = 0, None
        while True:
            began = anyio.current_time()
            walked = await self._disposal.remove_commands(last)
            removed += walked.removed
            last = walked.last
            if last is None:
                break
            await rest(since=began)
        tell(removed, what="commands", reason="retention.commands_hours")


async def free(batch: Callable[[], Awaitable[Freed | None]], *, reason: str) -> None:
    """Delete files batch by batch until none is to go, and say how many went and why."""
    files = size_bytes = 0
    began = anyio.current_time()
    while freed := await batch():
        files += freed.files
        size_bytes += freed.size_bytes
        await rest(since=began)
        began = anyio.current_time()
    if files:
        log.info("files_expired", count=files, bytes=size_bytes, reason=reason)


async def remove(batch: Callable[[], Awaitable[int]], *, what: str, reason: str) -> None:
    """Remove rows batch by batch until none is to go."""
    removed, began = 0, anyio.current_time()
    while count := await batch():
        removed += count
        await rest(since=began)
        began = anyio.current_time()
    tell(removed, what=what, reason=reason)


async def rest(*, since: float) -> None:
    """Leave the database to others after a batch, for longer when the disk is slow."""
    took = anyio.current_time() - since
    await anyio.sleep(min(max(BETWEEN_BATCHES_S, IDLE_SHARE * took), LONGEST_REST_S))


def tell(count: int, *, what: str, reason: str) -> None:
    """Write one line about rows that were removed, none when there were none."""
    if count:
        log.info("rows_removed", what=what, count=count, reason=reason)
