"""Deliver what is due, several at once, and look again when more can be."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup

from renderio_box.clock import Clock
from renderio_box.database.connection import DatabaseFailedError
from renderio_box.identifiers import DeliveryId, JobId
from renderio_box.jobs.delivery import Delivery, Receipt, host_of
from renderio_box.queue.history import History, JobReport
from renderio_box.queue.outbox import Outbox, Parcel
from renderio_box.wakeup import Wakeup
from renderio_box.webhooks.event import body_of, sample_report
from renderio_box.webhooks.sender import Sender
from renderio_box.webhooks.signature import signed_headers

log = structlog.get_logger()

AT_ONCE: Final = 8
AT_ONCE_PER_HOST: Final = 2
"""So that a receiver that hangs leaves places to the others."""
LOOKED_EVERY_S: Final = 20.0
SETTLED_WITHIN_S: Final = 5.0
CRASHED: Final = "The box failed to make this message; its log has the details."

Describe = Callable[[JobReport], bytes]


class Dispatcher:
    """Sends webhooks for as long as the box runs.

    ``describe`` returns what polling shows of a job, as JSON. An attempt that is cut
    short, by a stop or a crash, has not been: the delivery is due at the next start.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        history: History,
        describe: Describe,
        sender: Sender,
        clock: Clock,
        wakeup: Wakeup,
    ) -> None:
        self._outbox = outbox
        self._history = history
        self._describe = describe
        self._sender = sender
        self._clock = clock
        self._wakeup = wakeup
        self._under_way: set[DeliveryId] = set()

    async def run(self) -> None:
        """Deliver until cancelled; that takes effect within a few seconds."""
        async with anyio.create_task_group() as attempts:
            while True:
                await self._wakeup.wait(timeout_s=await self._start_due(attempts))

    async def _start_due(self, attempts: TaskGroup) -> float:
        """Start what is due and has a place; return the seconds until the next look."""
        try:
            # Of those of a host that are due, the first are the ones that are under way.
            due = await self._outbox.due(per_host=AT_ONCE_PER_HOST, limit=2 * AT_ONCE)
        except (DatabaseFailedError, msgspec.ValidationError) as error:
            log.error("deliveries_not_read", reason=str(error))  # noqa: TRY400
            return LOOKED_EVERY_S
        for delivery_id in due.ids:
            if delivery_id not in self._under_way and len(self._under_way) < AT_ONCE:
                self._under_way.add(delivery_id)
                attempts.start_soon(self._attempt, delivery_id)
        if due.next_at is None:
            return LOOKED_EVERY_S
        until_next = (due.next_at - self._clock.now()).total_seconds()
        return min(LOOKED_EVERY_S, max(0.0, until_next))

    async def _attempt(self, delivery_id: DeliveryId) -> None:
        """Make one attempt, whatever comes of it, and give its place back."""
        try:
            await self._deliver_or_give_up(delivery_id)
        except (DatabaseFailedError, TimeoutError) as error:
            # What came of it is not written, so it is still due; but not sent at once again.
            log.error("delivery_not_recorded", delivery=delivery_id, reason=str(error))  # noqa: TRY400
            await anyio.sleep(LOOKED_EVERY_S)
        finally:
            self._under_way.discard(delivery_id)
            self._wakeup.notify()

    async def _deliver_or_give_up(self, delivery_id: DeliveryId) -> None:
        try:
            await self._deliver(delivery_id)
        except (DatabaseFailedError, TimeoutError):
            raise
        except Exception:
            log.exception("delivery_crashed", delivery=delivery_id)
            await self._outbox.give_up(delivery_id, CRASHED)

    async def _deliver(self, delivery_id: DeliveryId) -> None:
        parcel = await self._outbox.open(delivery_id)
        if parcel is None:
            return
        sent_at = self._clock.now()
        report = await self._report(parcel)
        body = body_of(self._describe(report), sent_at=sent_at)
        secret = None if parcel.endpoint is None else parcel.endpoint.secret
        headers = signed_headers(delivery_id, body, secret=secret, sent_at=sent_at)
        receipt = await self._sender.post(parcel.url, body, headers)
        with anyio.fail_after(SETTLED_WITHIN_S, shield=True):
            settled = await self._outbox.settle(parcel, receipt)
        log_attempt(parcel, receipt, settled, request_id=report.job.request_id)

    async def _report(self, parcel: Parcel) -> JobReport:
        """Return what the delivery tells of: its job, or a sample for a trial."""
        delivery = parcel.delivery
        if delivery.job_id is not None:
            return await self._history.find(JobId(delivery.job_id), sees=None)
        return sample_report(
            delivery, origin="" if parcel.endpoint is None else parcel.endpoint.origin
        )


def log_attempt(
    parcel: Parcel, receipt: Receipt, settled: Delivery | None, *, request_id: str | None
) -> None:
    """Write one line about an attempt; of the address only what names the receiver."""
    delivery = parcel.delivery
    log.info(
        "webhook_attempted",
        delivery=delivery.id,
        job=delivery.job_id,
        request_id=request_id,
        to=f"{urlsplit(parcel.url).scheme}://{host_of(parcel.url)}",
        attempt=delivery.attempts + 1,
        answer=receipt.status_code,
        error=receipt.error,
        status="superseded" if settled is None else settled.status,
    )
