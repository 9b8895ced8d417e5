"""Keys, for administrators."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import CREATED, KEY, Example

KEYS: Final[Mapping[str, Mapping[str, Example]]] = {
    "add_key": {
        "n8n": Example(
            summary="A key with the usual scopes",
            body={"name": "n8n"},
            answer={"name": "n8n", "key": "ffsk_…"},
        ),
        "reader": Example(
            summary="A key that may only look on",
            body={"name": "monitor", "owner": "n8n", "scopes": ["read"]},
            answer={"name": "monitor", "key": "ffsk_…"},
        ),
        "guest": Example(
            summary="A key that ends by itself",
            body={"name": "guest", "expires_at": "2036-11-23T12:00:00Z"},
            answer={"name": "guest", "key": "ffsk_…"},
        ),
    },
    "list_keys": {"all": Example(summary="Every key", answer={"keys": [KEY]})},
    "revoke_key": {"gone": Example(summary="Revoke it", answer={**KEY, "revoked_at": CREATED})},
}
