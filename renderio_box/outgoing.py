"""What the box says of its own accord: webhooks, put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from renderio_box.api.app import Parts
from renderio_box.api.reports import report_json
from renderio_box.api.urls import UrlMaker
from renderio_box.clock import Clock
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.queue.history import JobReport
from renderio_box.wakeup import Wakeup
from renderio_box.webhooks.dispatcher import Describe, Dispatcher
from renderio_box.webhooks.sender import ATTEMPT_SECONDS, Sender


@asynccontextmanager
async def open_dispatcher(
    parts: Parts, clock: Clock, wakeup: Wakeup, policy: NetworkPolicy
) -> AsyncGenerator[Dispatcher]:
    """Open what sends webhooks, with connections of its own."""
    sender = Sender(OutboundTransport(policy), within_s=ATTEMPT_SECONDS)
    try:
        yield Dispatcher(
            outbox=parts.outbox,
            history=parts.history,
            describe=describing(UrlMaker(parts.public_url, parts.addresses)),
            sender=sender,
            clock=clock,
            wakeup=wakeup,
        )
    finally:
        await sender.close()


def describing(url_maker: UrlMaker) -> Describe:
    """Return what makes the poll response that a webhook carries.

    Its URLs begin as configured, else as its caller reached the box, and are as fresh as
    those of a poll.
    """

    def describe(report: JobReport) -> bytes:
        return report_json(report, url_maker.urls_from(report.job.origin))

    return describe
