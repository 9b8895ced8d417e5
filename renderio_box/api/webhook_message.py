"""What the box itself sends, described as the API's description has it."""

from collections.abc import Mapping
from typing import Any, Final

from renderio_box.api.examples.records import DONE

Json = dict[str, Any]

HEADERS: Final[Mapping[str, str]] = {
    "X-Webhook-Signature": "HMAC-SHA256 of the body with the hook's secret, in lower-case hex.",
    "webhook-id": "The delivery's id, the same at every attempt.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "As Standard Webhooks have it: of id, timestamp and body.",
}
MESSAGE: Final[Json] = {
    "type": "object",
    "required": ["data", "timestamp"],
    "properties": {
        "data": {
            "description": "The command as a poll would show it, in the words of its dialect.",
            "anyOf": [
                {"$ref": f"#/components/schemas/{view}"} for view in ("CommandView", "RendiCommand")
            ],
        },
        "timestamp": {
            "description": "When this attempt was made, in milliseconds since 1970.",
            "type": "integer",
        },
    },
}
WEBHOOKS: Final[Json] = {
    "command_ended": {
        "post": {
            "operationId": "command_ended",
            "tags": ["Webhooks"],
            "summary": "Tell that a command has ended",
            "description": "Sent to the command's webhook_url, else to its owner's hook, once it"
            " has ended, well or not. Whatever is no 2xx within 15 seconds counts as failed, and is"
            " tried again seven times over a day. Signatures are there when the owner's hook has a"
            " secret. The same message may arrive twice, with the same webhook-id.",
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": False,
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in HEADERS.items()
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": MESSAGE,
                        "examples": {
                            "done": {
                                "summary": "A command that is done, in excerpts",
                                "value": {"data": DONE, "timestamp": 1_767_268_803_000},
                            }
                        },
                    }
                },
            },
            "responses": {"2XX": {"description": "The receiver has it."}},
        }
    }
}
