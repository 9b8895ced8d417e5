"""Webhook deliveries that wait, and what became of those that do not; one method, one transaction.

They are made in the very transaction in which a job ends, so that none is forgotten.
"""

from datetime import datetime
from secrets import SystemRandom
from typing import Final

import msgspec

from renderio_box.clock import Clock
from renderio_box.database import deliveries, endpoints
from renderio_box.database.connection import Database, Transaction
from renderio_box.errors import NotFoundError
from renderio_box.identifiers import DeliveryId, JobId, Owner, new_id
from renderio_box.jobs.delivery import (
    DISABLED,
    LONGEST_WAIT,
    REMOVED,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Endpoint,
    Receipt,
    attempted,
    counted,
    host_of,
    obstacle,
    replayed,
)
from renderio_box.jobs.job import Job
from renderio_box.metrics import Metrics
from renderio_box.wakeup import Wakeup

RANDOM: Final = SystemRandom()


class Due(msgspec.Struct, frozen=True):
    """What is due now, the longest waiting first, and when the next one will be."""

    ids: list[DeliveryId]
    next_at: datetime | None


class Parcel(msgspec.Struct, frozen=True):
    """A delivery with all that one attempt needs to know.

    ``endpoint`` is its owner's hook, whose secret signs a command's own webhook too.
    """

    delivery: Delivery
    url: str
    endpoint: Endpoint | None


class Addressed(msgspec.Struct, frozen=True):
    """A delivery with where it goes at present; None when there is no place any more."""

    delivery: Delivery
    url: str | None


class Outbox:
    """Every delivery. ``sees`` is whose are visible, None for everybody's.

    ``wakeup`` is notified when a request has made one due.
    """

    def __init__(
        self, database: Database, clock: Clock, wakeup: Wakeup, metrics: Metrics | None = None
    ) -> None:
        self._metrics = metrics or Metrics()
        self._database = database
        self._clock = clock
        self._wakeup = wakeup
        self._looked_at: datetime | None = None

    async def due(self, *, per_host: int, limit: int) -> Due:
        """Return what may be under way now: of each host no more than its first ``per_host``.

        After the clock was set back, nothing waits for longer than it would have to at most.
        """
        now = self._clock.now()
        if self._looked_at is None or now < self._looked_at:
            async with self._database.transaction() as tx:
                await deliveries.bring_forward(tx, latest=now + LONGEST_WAIT, now=now)
        self._looked_at = now
        async with self._database.reading() as tx:
            ids = await deliveries.list_due(tx, now=now, per_host=per_host, limit=limit)
            return Due(ids, await deliveries.next_due(tx, now=now))

    async def open(self, delivery_id: DeliveryId) -> Parcel | None:
        """Return what to send where; None when it is not due, or ends here for want of a place."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            delivery = await deliveries.find(tx, delivery_id, owner=None)
            if delivery is None or delivery.due_at is None or delivery.due_at > now:
                return None
            endpoint = await endpoints.find(tx, delivery.owner)
            url, reason = url_of(delivery, endpoint), obstacle(delivery, endpoint)
            if url is not None and reason is None:
                return Parcel(delivery, url, endpoint)
            await deliveries.give_up(tx, delivery_id, reason or REMOVED, now=now)
        self._metrics.webhook_attempted(DeliveryStatus.FAILED)
        return None

    async def settle(self, parcel: Parcel, receipt: Receipt) -> Delivery | None:
        """Record one attempt; None when the delivery has been ended or replayed meanwhile.

        A hook that too many deliveries in a row have not reached is disabled here.
        """
        now = self._clock.now()
        delivery = attempted(parcel.delivery, receipt, now=now, jitter=RANDOM.uniform(-1, 1))
        async with self._database.transaction() as tx:
            if not await deliveries.change(tx, delivery, expected=parcel.delivery):
                return None
            if delivery.finished_at is not None and delivery.kind is DeliveryKind.ACCOUNT:
                await count_end(tx, parcel, delivery.status, now=now)
        self._metrics.webhook_attempted(delivery.status)
        return delivery

    async def give_up(self, delivery_id: DeliveryId, reason: str) -> None:
        """End a pending delivery as failed, even one whose row cannot be read."""
        async with self._database.transaction() as tx:
            await deliveries.give_up(tx, delivery_id, reason, now=self._clock.now())
        self._metrics.webhook_attempted(DeliveryStatus.FAILED)

    async def list(
        self, *, sees: Owner | None, job_id: JobId | None, limit: int, offset: int
    ) -> list[Addressed]:
        """Return deliveries, of one job or of all, newest first."""
        async with self._database.reading() as tx:
            if job_id is None:
                found = await deliveries.list_newest(tx, owner=sees, limit=limit, offset=offset)
            else:
                found = await deliveries.list_of_job(
                    tx, job_id, owner=sees, limit=limit, offset=offset
                )
            return [await addressed(tx, delivery) for delivery in found]

    async def replay(self, delivery_id: DeliveryId, *, sees: Owner | None) -> Addressed:
        """Make a delivery due now, from its first attempt on if it had ended.

        Raises:
            NotFoundError: There is no such delivery.
        """
        async with self._database.transaction() as tx:
            delivery = await deliveries.find(tx, delivery_id, owner=sees)
            if delivery is None:
                raise NotFoundError(f"There is no webhook delivery {delivery_id}.")
            again = replayed(delivery, now=self._clock.now())
            await deliveries.change(tx, again, expected=delivery)
            shown = await addressed(tx, again)
            if delivery.url is None and shown.url is not None:
                await deliveries.readdress(tx, delivery.owner, host_of(shown.url))
        self._wakeup.notify()
        return shown

    async def enqueue_test(self, owner: Owner) -> DeliveryId:
        """Have a sample sent to the owner's hook, a disabled one too; it is tried once.

        Raises:
            NotFoundError: The owner has no hook.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            endpoint = await endpoints.find(tx, owner)
            if endpoint is None:
                raise NotFoundError("No webhook is configured; PUT /api/v1/webhook-config first.")
            delivery = new_delivery(DeliveryKind.TEST, host_of(endpoint.url), owner, now=now)
            await deliveries.insert(tx, delivery)
        self._wakeup.notify()
        return delivery.id


async def announce_end(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Put the webhook of a job that has ended into the outbox, if anybody wants one."""
    own_url = job.spec.webhook_url
    if own_url is not None:
        delivery = new_delivery(DeliveryKind.COMMAND, host_of(own_url), job.owner, now=now)
        await deliveries.insert(tx, msgspec.structs.replace(delivery, job_id=job.id, url=own_url))
        return
    endpoint = await endpoints.find(tx, job.owner)
    if endpoint is not None and endpoint.disabled_at is None:
        delivery = new_delivery(DeliveryKind.ACCOUNT, host_of(endpoint.url), job.owner, now=now)
        await deliveries.insert(tx, msgspec.structs.replace(delivery, job_id=job.id))


async def count_end(
    tx: Transaction, parcel: Parcel, ended: DeliveryStatus, *, now: datetime
) -> None:
    """Count the end of a delivery on the hook it went to, unless that was configured anew."""
    endpoint = await endpoints.find(tx, parcel.delivery.owner)
    sent_to = parcel.endpoint
    if endpoint is None or sent_to is None or endpoint.updated_at != sent_to.updated_at:
        return
    after = counted(endpoint, ended, now=now)
    await endpoints.put(tx, after)
    if after.disabled_at is not None and endpoint.disabled_at is None:
        await deliveries.give_up_account(tx, endpoint.owner, DISABLED, now=now)


async def addressed(tx: Transaction, delivery: Delivery) -> Addressed:
    """Return the delivery with where it goes at present."""
    return Addressed(delivery, url_of(delivery, await endpoints.find(tx, delivery.owner)))


def url_of(delivery: Delivery, endpoint: Endpoint | None) -> str | None:
    """Return the delivery's own URL, else the one of its owner's hook."""
    return delivery.url or (None if endpoint is None else endpoint.url)


def new_delivery(kind: DeliveryKind, host: str, owner: Owner, *, now: datetime) -> Delivery:
    """Return a delivery that is due at once."""
    return Delivery(
        id=DeliveryId(new_id(now)),
        owner=owner,
        kind=kind,
        job_id=None,
        url=None,
        host=host,
        status=DeliveryStatus.PENDING,
        attempts=0,
        due_at=now,
        created_at=now,
    )
