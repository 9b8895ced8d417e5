"""Every address of the box: what needs a key, and what does not."""

from typing import Final

from litestar import Router

from renderio_box.api.backup import take_snapshot
from renderio_box.api.bulk_delete import bulk_delete
from renderio_box.api.events import EventController
from renderio_box.api.health import healthz, readyz
from renderio_box.api.keys import KeyController
from renderio_box.api.llms import llms_page
from renderio_box.api.media import serve_file
from renderio_box.api.observatory import show_metrics
from renderio_box.api.part_uploads import (
    complete_upload,
    init_upload,
    receive_part,
    rendi_complete_upload,
)
from renderio_box.api.probe import probe
from renderio_box.api.problems import DESCRIPTION_HANDLERS
from renderio_box.api.queue import QueueController
from renderio_box.api.renderio.batches import BatchController
from renderio_box.api.renderio.commands import CommandController
from renderio_box.api.renderio.files import FileController
from renderio_box.api.renderio.presets import PresetController
from renderio_box.api.renderio.unsupported import UnsupportedController
from renderio_box.api.renderio.validation import ValidationController
from renderio_box.api.renderio.webhooks import DeliveryController, WebhookController
from renderio_box.api.rendi.commands import RendiCommandController
from renderio_box.api.rendi.files import RendiFileController
from renderio_box.api.schema import page_script
from renderio_box.api.store_file import rendi_store_file, store_file

FILE_ROUTES: Final = (
    Router(path="/api/v1", route_handlers=[bulk_delete, probe], tags=["Files"]),
    Router(path="/v1", route_handlers=[bulk_delete], tags=["Files (Rendi)"]),
    Router(
        path="/api/v1",
        route_handlers=[store_file, init_upload, complete_upload],
        exception_handlers=DESCRIPTION_HANDLERS,
        tags=["Files"],
    ),
    Router(
        path="/v1",
        route_handlers=[rendi_store_file, init_upload, rendi_complete_upload],
        exception_handlers=DESCRIPTION_HANDLERS,
        tags=["Files (Rendi)"],
    ),
)


BEHIND_THE_DOOR: Final = (
    CommandController,
    BatchController,
    ValidationController,
    EventController,
    FileController,
    PresetController,
    RendiCommandController,
    RendiFileController,
    KeyController,
    QueueController,
    WebhookController,
    DeliveryController,
    UnsupportedController,
    Router(path="/api/v1", route_handlers=[take_snapshot], tags=["Backup"]),
    *FILE_ROUTES,
)
"""What answers only to a key."""
IN_FRONT_OF_THE_DOOR: Final = (
    *(serve_file, receive_part),
    *(healthz, readyz, show_metrics),
    *(llms_page, page_script),
)
"""What answers to anybody: pages, and files to whoever has their address."""
