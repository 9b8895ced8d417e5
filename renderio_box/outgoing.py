"""What the box says of its own accord: webhooks, put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from renderio_box.api.app import Parts
from renderio_box.api.reports import report_json
from renderio_box.api.urls import Urls
from renderio_box.clock import Clock
from renderio_box.queue.history import JobReport
from renderio_box.wakeup import Announcer
from renderio_box.webhooks.dispatcher import Describe, Dispatcher
from renderio_box.webhooks.sender import ATTEMPT_SECONDS, Sender


@asynccontextmanager
async def open_dispatcher(
    parts: Parts, clock: Clock, announcer: Announcer
) -> AsyncGenerator[Dispatcher]:
    """Open what sends webhooks, with connections of its own."""
    sender = Sender(within_s=ATTEMPT_SECONDS)
    try:
        yield Dispatcher(
            outbox=parts.outbox,
            history=parts.history,
            describe=describing(parts.public_url),
            sender=sender,
            clock=clock,
            announcer=announcer,
        )
    finally:
        await sender.close()


def describing(public_url: str) -> Describe:
    """Return what makes the poll response that a webhook carries.

    Its URLs begin as configured, else as its caller reached the box.
    """

    def describe(report: JobReport) -> bytes:
        urls = Urls(public_url.rstrip("/") or report.job.origin)
        return report_json(report, urls)

    return describe
