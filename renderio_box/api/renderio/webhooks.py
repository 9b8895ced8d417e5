"""Webhooks over HTTP: an owner's hook, and what became of every delivery."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import Meta

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.problems import DESCRIPTION_HANDLERS
from renderio_box.api.renderio.commands import Limit, Offset
from renderio_box.api.sources import MAX_URL_LENGTH, is_http_url
from renderio_box.api.urls import Urls
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.catalog.keys import Principal, Scope
from renderio_box.errors import DescriptionError
from renderio_box.identifiers import DeliveryId, JobId
from renderio_box.jobs.delivery import DeliveryKind, DeliveryStatus, Endpoint
from renderio_box.queue.outbox import Addressed, Outbox

MAX_SECRET_LENGTH: Final = 256


class WebhookConfigRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Where to tell that commands have ended, and a secret to sign that with."""

    url: str
    secret: Annotated[str, Meta(min_length=1, max_length=MAX_SECRET_LENGTH)] | None = None

    def check(self) -> None:
        """Refuse what msgspec cannot: DescriptionError names the field at fault."""
        if not is_http_url(self.url):
            raise DescriptionError(
                f"url must be an http or https URL of at most {MAX_URL_LENGTH} characters.",
                loc=("url",),
            )
        if self.secret is not None and not self.secret.isprintable():
            raise DescriptionError("secret must consist of printable characters.", loc=("secret",))


class ConfiguredWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """The hook was put in place, and works from now on."""

    success: bool = True
    url: str


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True):
    """An owner's hook, without its secret. One that failed too often is not active."""

    configured: Literal[True] = True
    url: str
    is_active: bool
    consecutive_failures: int
    disabled_at: datetime | None

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookConfig":
        """Describe ``endpoint``."""
        return cls(
            url=endpoint.url,
            is_active=endpoint.disabled_at is None,
            consecutive_failures=endpoint.consecutive_failures,
            disabled_at=endpoint.disabled_at,
        )


class NoWebhookConfig(msgspec.Struct, frozen=True):
    """There is no hook."""

    configured: Literal[False] = False


class RemovedWebhook(msgspec.Struct, frozen=True):
    """There is no hook any more."""

    success: bool = True


class QueuedTest(msgspec.Struct, frozen=True, kw_only=True):
    """A sample is on its way; its delivery tells what came of it."""

    success: bool = True
    delivery_id: DeliveryId


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook message; ``delivery_id`` is its ``webhook-id``. Null where nothing applies."""

    delivery_id: DeliveryId
    command_id: JobId | None
    kind: DeliveryKind
    url: str | None
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    finished_at: datetime | None

    @classmethod
    def of(cls, addressed: Addressed) -> "DeliveryView":
        """Describe a delivery with where it goes at present."""
        delivery = addressed.delivery
        return cls(
            delivery_id=delivery.id,
            command_id=delivery.job_id,
            kind=delivery.kind,
            url=addressed.url,
            status=delivery.status,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            next_attempt_at=delivery.due_at,
            last_attempt_at=delivery.last_attempt_at,
            last_status_code=delivery.last_answer,
            last_error=delivery.last_error,
            finished_at=delivery.finished_at,
        )


class DeliveryPage(msgspec.Struct, frozen=True):
    """Some of an owner's deliveries, newest first."""

    deliveries: list[DeliveryView]
    limit: int
    offset: int


class WebhookController(Controller):
    """One hook per owner, which hears of every command that ends."""

    path = "/api/v1/webhook-config"
    tags = ("Webhooks",)

    @put(
        guards=[requires(Scope.SUBMIT), json_only],
        exception_handlers=DESCRIPTION_HANDLERS,
    )
    async def configure_webhook(
        self,
        data: JSONBody[WebhookConfigRequest],
        principal: NamedDependency[Principal],
        endpoints: NamedDependency[EndpointCatalog],
        urls: NamedDependency[Urls],
    ) -> ConfiguredWebhook:
        """Set the hook, in place of an earlier one; a disabled one is active again."""
        data.check()
        await endpoints.put(principal.owner, url=data.url, secret=data.secret, origin=urls.base)
        return ConfiguredWebhook(url=data.url)

    @get(guards=[requires(Scope.READ)])
    async def show_webhook(
        self,
        principal: NamedDependency[Principal],
        endpoints: NamedDependency[EndpointCatalog],
    ) -> WebhookConfig | NoWebhookConfig:
        """Return the hook, if there is one. Its secret is never shown."""
        endpoint = await endpoints.find(principal.owner)
        return NoWebhookConfig() if endpoint is None else WebhookConfig.of(endpoint)

    @delete(status_code=HTTP_200_OK, guards=[requires(Scope.SUBMIT)])
    async def remove_webhook(
        self,
        principal: NamedDependency[Principal],
        endpoints: NamedDependency[EndpointCatalog],
    ) -> RemovedWebhook:
        """Remove the hook; what still waits to be delivered to it ends as failed."""
        await endpoints.delete(principal.owner)
        return RemovedWebhook()

    @post("/test", status_code=HTTP_202_ACCEPTED, guards=[requires(Scope.SUBMIT)])
    async def test_webhook(
        self,
        principal: NamedDependency[Principal],
        outbox: NamedDependency[Outbox],
    ) -> QueuedTest:
        """Send a sample to the hook, once; its metadata say ``{"test": true}``."""
        return QueuedTest(delivery_id=await outbox.enqueue_test(principal.owner))


class DeliveryController(Controller):
    """What became of webhooks."""

    path = "/api/v1/webhook-deliveries"
    tags = ("Webhooks",)

    @get(guards=[requires(Scope.READ)])
    async def list_deliveries(
        self,
        principal: NamedDependency[Principal],
        outbox: NamedDependency[Outbox],
        command_id: FromQuery[str | None] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> DeliveryPage:
        """Return the owner's deliveries, of one command or of all, newest first."""
        job_id = None if command_id is None else JobId(command_id)
        found = await outbox.list(sees=principal.sees, job_id=job_id, limit=limit, offset=offset)
        return DeliveryPage([DeliveryView.of(each) for each in found], limit, offset)

    @post(
        "/{delivery_id:str}/replay",
        status_code=HTTP_202_ACCEPTED,
        guards=[requires(Scope.SUBMIT)],
    )
    async def replay_delivery(
        self,
        delivery_id: FromPath[str],
        principal: NamedDependency[Principal],
        outbox: NamedDependency[Outbox],
    ) -> DeliveryView:
        """Send a message again, with the same webhook-id and all its attempts before it."""
        return DeliveryView.of(await outbox.replay(DeliveryId(delivery_id), sees=principal.sees))
