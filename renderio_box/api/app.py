"""The Litestar application."""

from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Router
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.types import Message, Scope

from renderio_box.api.authentication import KEYS, REFUSALS, Authentication, principal_of
from renderio_box.api.bodies import StrictRequest
from renderio_box.api.health import Health
from renderio_box.api.hosts import HOSTS, HostCheck, KnownHosts
from renderio_box.api.llms import Offer
from renderio_box.api.observatory import Observatory
from renderio_box.api.observed import Observed, request_id_of
from renderio_box.api.problems import EXCEPTION_HANDLERS
from renderio_box.api.rate_limit import RATE_LIMIT, RateLimit, RateLimiting
from renderio_box.api.renderio.files import UploadLimit
from renderio_box.api.routes import BEHIND_THE_DOOR, IN_FRONT_OF_THE_DOOR
from renderio_box.api.schema import openapi_config
from renderio_box.api.streams import STREAMS, Streams, stream_of
from renderio_box.api.submitter import Submitter
from renderio_box.api.urls import UrlMaker, Urls
from renderio_box.backup.taking import Backups
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.inspection import Inspector
from renderio_box.catalog.keys import KeyRing
from renderio_box.catalog.part_uploads import PartUploads
from renderio_box.catalog.presets import PresetCatalog
from renderio_box.catalog.wanted import WantedFiles
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.limits import JobLimits
from renderio_box.logs import Sparingly
from renderio_box.metrics import Metrics
from renderio_box.queue.gate import Gate
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import JobQueue
from renderio_box.queue.outbox import Outbox
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.storage import Storage

REQUEST_ID: Final = "X-Request-Id"
USUAL_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What every answer says that does not say otherwise."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the application delegates to."""

    queue: JobQueue
    gate: Gate
    history: History
    files: FileCatalog
    wanted: WantedFiles
    part_uploads: PartUploads
    inspector: Inspector
    presets: PresetCatalog
    storage: Storage
    backups: Backups
    addresses: Addresses
    keys: KeyRing
    endpoints: EndpointCatalog
    outbox: Outbox
    health: Health
    metrics: Metrics
    observatory: Observatory
    limits: JobLimits
    build: Build
    upload_limit: UploadLimit
    offer: Offer
    streams: Streams
    rate_limit: RateLimit | None
    hosts: KnownHosts
    refusals: Sparingly
    public_url: str
    max_body_bytes: int


def create_app(parts: Parts) -> Litestar:
    """Build the application around its opened parts."""
    url_maker = UrlMaker(parts.public_url, parts.addresses)

    def urls_of(request: Request[Any, Any, Any]) -> Urls:
        return url_maker.urls(request)

    behind_the_door = Router(
        path="/",
        route_handlers=BEHIND_THE_DOOR,
        middleware=[
            DefineMiddleware(Authentication, exclude_http_methods=[]),
            RateLimiting(),
        ],
        dependencies={
            "principal": Provide(principal_of, sync_to_thread=False),
            "stream": Provide(stream_of, sync_to_thread=False),
        },
        security=[{"apiKey": []}],
    )
    app = Litestar(
        route_handlers=[behind_the_door, *IN_FRONT_OF_THE_DOOR],
        dependencies={
            "urls": Provide(urls_of, sync_to_thread=False),
            "submitter": provided(Submitter(parts.queue, parts.limits, parts.build, url_maker)),
            **{name: provided(getattr(parts, name)) for name in SHARED},
        },
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[add_headers],
        middleware=[HostCheck()],
        request_class=StrictRequest,
        request_max_body_size=parts.max_body_bytes,
        openapi_config=openapi_config(url_maker),
        logging_config=None,
        state=state_of(parts),
    )
    app.asgi_handler = Observed(app.asgi_handler, parts.metrics)
    return app


def state_of(parts: Parts) -> State:
    """Return what guards and middleware find by name; Litestar copies their own attributes."""
    return State(
        {
            KEYS: parts.keys,
            STREAMS: parts.streams,
            RATE_LIMIT: parts.rate_limit,
            HOSTS: parts.hosts,
            REFUSALS: parts.refusals,
        }
    )


SHARED: Final = (
    "queue",
    "gate",
    "history",
    "files",
    "presets",
    "storage",
    "backups",
    "keys",
    "endpoints",
    "outbox",
    "health",
    "observatory",
    "upload_limit",
    "offer",
    "wanted",
    "part_uploads",
    "inspector",
)


def provided(part: object) -> Provide:
    """Return a dependency that is always ``part``."""
    return Provide(lambda: part, sync_to_thread=False, use_cache=True)


async def add_headers(message: Message, scope: Scope) -> None:
    """Give every answer an identifier that log lines about it carry too, and the usual headers."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers[REQUEST_ID] = request_id_of(scope)
        for name, value in USUAL_HEADERS.items():
            if name not in headers:
                headers[name] = value
