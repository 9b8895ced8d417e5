"""Webhooks, and what became of them."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import COMMAND_ID, CREATED, DELIVERY_ID, Example

HOOK: Final = "https://hooks.example.org/renderio"
DELIVERY: Final[Mapping[str, object]] = {
    "delivery_id": DELIVERY_ID,
    "command_id": COMMAND_ID,
    "kind": "account",
    "url": HOOK,
    "status": "pending",
    "attempts": 0,
    "created_at": CREATED,
    "next_attempt_at": CREATED,
    "last_status_code": None,
    "last_error": None,
}

WEBHOOKS: Final[Mapping[str, Mapping[str, Example]]] = {
    "configure_webhook": {
        "signed": Example(
            summary="Be told of every command that ends, with a signature",
            body={"url": HOOK, "secret": "a long random text"},
            answer={"success": True, "url": HOOK},
        )
    },
    "show_webhook": {
        "active": Example(
            summary="A hook that works",
            answer={
                "configured": True,
                "url": HOOK,
                "is_active": True,
                "consecutive_failures": 0,
                "disabled_at": None,
            },
        )
    },
    "remove_webhook": {"gone": Example(summary="Remove it", answer={"success": True})},
    "test_webhook": {
        "sample": Example(
            summary="Send a sample", answer={"success": True, "delivery_id": DELIVERY_ID}
        )
    },
    "list_deliveries": {
        "page": Example(
            summary="A page", answer={"deliveries": [DELIVERY], "limit": 50, "offset": 0}
        )
    },
    "replay_delivery": {"again": Example(summary="Send it again", answer=DELIVERY)},
}
