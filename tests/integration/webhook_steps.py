"""What tests of webhooks do, step by step."""

from collections.abc import Callable
from typing import Any, Final

import anyio
from httpx import AsyncClient

from renderio_box.jobs.delivery import RETRIED_AFTER, Delivery, DeliveryStatus
from tests.builders import make_body
from tests.integration.box import COMMANDS, Box, submit

CONFIG: Final = "/api/v1/webhook-config"
DELIVERIES: Final = "/api/v1/webhook-deliveries"
RECORDED_WITHIN_S: Final = 30.0
LONGER_THAN_ANY_WAIT_S: Final = 1.2 * max(RETRIED_AFTER).total_seconds()


async def configure(client: AsyncClient, url: str, **more: object) -> None:
    """Set the caller's hook."""
    answered = await client.put(CONFIG, json={"url": url, **more})
    assert answered.status_code == 200, answered.text


async def ended(client: AsyncClient, **changes: object) -> str:
    """Submit a command and cancel it before it runs; return its id."""
    command_id = await submit(client, make_body(**changes))
    answered = await client.post(f"{COMMANDS}/{command_id}/cancel")
    assert answered.json()["status"] == "FAILED", answered.text
    return command_id


async def listed(client: AsyncClient, **query: object) -> list[dict[str, Any]]:
    """Return the deliveries that the caller sees, newest first."""
    answered = await client.get(DELIVERIES, params={name: str(query[name]) for name in query})
    assert answered.status_code == 200, answered.text
    return list(answered.json()["deliveries"])


async def until_all(box: Box, holds: Callable[[Delivery], bool]) -> list[Delivery]:
    """Wait, in a bounded time, until something is true of every delivery; return them."""
    with anyio.fail_after(RECORDED_WITHIN_S):
        while True:
            signal = box.outbox.next_record
            found = await box.outbox.list(sees=None, job_id=None, limit=100, offset=0)
            deliveries = [each.delivery for each in found]
            if all(map(holds, deliveries)):
                return deliveries
            await signal.wait()


async def until_attempted(box: Box, times: int) -> Delivery:
    """Wait until that many attempts at the only delivery have been recorded."""
    (delivery,) = await until_all(box, lambda each: each.attempts >= times)
    return delivery


async def until_ended(box: Box) -> Delivery:
    """Wait until the only delivery has ended, without moving the clock."""
    (delivery,) = await until_all(box, has_ended)
    return delivery


async def until_pending(box: Box, count: int) -> None:
    """Wait until that many deliveries are left to be sent, whatever their rows hold."""
    with anyio.fail_after(RECORDED_WITHIN_S):
        while True:
            signal = box.outbox.next_record
            async with box.database.reading() as tx:
                row = await tx.fetch_one(
                    "SELECT count(*) AS pending FROM deliveries WHERE status = 'pending'", {}
                )
            if row == {"pending": count}:
                return
            await signal.wait()


async def exhaust(box: Box) -> None:
    """Move the clock on until every delivery has ended or been attempted eight times."""
    for attempt in range(1, len(RETRIED_AFTER) + 2):
        await until_all(box, lambda each, least=attempt: has_ended(each) or each.attempts >= least)
        pass_time(box, LONGER_THAN_ANY_WAIT_S)


def has_ended(delivery: Delivery) -> bool:
    """Tell whether nothing more will come of the delivery."""
    return delivery.status is not DeliveryStatus.PENDING


def pass_time(box: Box, seconds: float) -> None:
    """Move the clock on, and let the dispatcher notice."""
    box.clock.advance(seconds)
    box.delivery_wakeup.notify()
