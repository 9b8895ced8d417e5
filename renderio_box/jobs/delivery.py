"""Webhook deliveries: what they are, when they are tried again, when a hook is given up."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.identifiers import DeliveryId, JobId, Owner

RETRIED_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""How long after each failed attempt the next one is due; none follows the last."""
JITTER: Final = 0.1
"""The most by which a wait is made longer or shorter, as a part of it."""
LONGEST_WAIT: Final = max(RETRIED_AFTER) * (1 + JITTER)
FAILURES_ALLOWED: Final = 8
"""How many deliveries in a row may fail before their hook is disabled."""
REMOVED: Final = "The webhook was removed before this could be delivered."
DISABLED: Final = (
    f"The webhook was disabled because {FAILURES_ALLOWED} deliveries in a row had failed;"
    " configure it again, then replay this one."
)


class DeliveryKind(StrEnum):
    """Whose wish a delivery is: the owner's hook, a command's own URL, or a trial of the hook."""

    ACCOUNT = "account"
    COMMAND = "command"
    TEST = "test"


class DeliveryStatus(StrEnum):
    """Where a delivery stands; a replay makes a final one pending again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook message to one receiver, with what came of the attempts so far.

    ``url`` is a command's own; None means: wherever its owner's hook is at the time.
    ``host`` is whom it goes to, so that one receiver cannot take all places.
    """

    id: DeliveryId
    owner: Owner
    kind: DeliveryKind
    job_id: JobId | None
    url: str | None
    host: str
    status: DeliveryStatus
    attempts: int
    due_at: datetime | None
    last_attempt_at: datetime | None = None
    last_answer: int | None = None
    last_error: str | None = None
    created_at: datetime
    finished_at: datetime | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An owner's hook. ``origin`` is how the box was reached when it was configured.

    ``consecutive_failures`` counts deliveries that failed for good since one arrived.
    """

    owner: Owner
    url: str
    secret: str | None
    origin: str
    consecutive_failures: int
    disabled_at: datetime | None
    updated_at: datetime


class Receipt(msgspec.Struct, frozen=True):
    """What came of one attempt: the status of the answer, if any; no error means delivered."""

    status_code: int | None
    error: str | None


def attempted(delivery: Delivery, receipt: Receipt, *, now: datetime, jitter: float) -> Delivery:
    """Return ``delivery`` as it stands after one more attempt; ``jitter`` is from -1 to 1."""
    delivery = replace(
        delivery,
        attempts=delivery.attempts + 1,
        last_attempt_at=now,
        last_answer=receipt.status_code,
        last_error=receipt.error,
    )
    waits = () if delivery.kind is DeliveryKind.TEST else RETRIED_AFTER
    if receipt.error is None:
        return finished(delivery, DeliveryStatus.DELIVERED, now=now)
    if delivery.attempts > len(waits):
        return finished(delivery, DeliveryStatus.FAILED, now=now)
    return replace(delivery, due_at=now + waits[delivery.attempts - 1] * (1 + JITTER * jitter))


def finished(delivery: Delivery, status: DeliveryStatus, *, now: datetime) -> Delivery:
    """Return ``delivery`` with its end written down."""
    return replace(delivery, status=status, due_at=None, finished_at=now)


def replayed(delivery: Delivery, *, now: datetime) -> Delivery:
    """Return ``delivery`` due now; one that had ended starts over, under its old id."""
    if delivery.status is DeliveryStatus.PENDING:
        return replace(delivery, due_at=now)
    return replace(
        delivery, status=DeliveryStatus.PENDING, attempts=0, due_at=now, finished_at=None
    )


def counted(endpoint: Endpoint, ended: DeliveryStatus, *, now: datetime) -> Endpoint:
    """Return ``endpoint`` as it stands after one of its deliveries ended."""
    if ended is DeliveryStatus.DELIVERED:
        return replace(endpoint, consecutive_failures=0)
    failures = endpoint.consecutive_failures + 1
    disabled_at = endpoint.disabled_at or (now if failures >= FAILURES_ALLOWED else None)
    return replace(endpoint, consecutive_failures=failures, disabled_at=disabled_at)


def obstacle(delivery: Delivery, endpoint: Endpoint | None) -> str | None:
    """Return why there is nowhere to send ``delivery``, None when there is a place."""
    if delivery.kind is DeliveryKind.COMMAND:
        return None
    if endpoint is None:
        return REMOVED
    is_off = endpoint.disabled_at is not None and delivery.kind is DeliveryKind.ACCOUNT
    return DISABLED if is_off else None


def host_of(url: str) -> str:
    """Return host and port of an absolute URL, as written but in lower case."""
    authority = re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0]
    return authority.rpartition("@")[2].lower()
