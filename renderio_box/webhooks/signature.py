"""How a receiver knows that a webhook comes from this box, and which one it is."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final

from renderio_box.identifiers import DeliveryId

ENCODED_SECRET: Final = "whsec_"  # noqa: S105 - what a secret begins with


def signed_headers(
    delivery_id: DeliveryId, body: bytes, *, secret: str | None, sent_at: datetime
) -> dict[str, str]:
    """Return the headers that name a sending of ``body`` and, given a secret, prove it.

    ``webhook-id`` is the same whenever the same delivery is sent again, so that a
    receiver can tell that it has it already.
    """
    timestamp = str(int(sent_at.timestamp()))
    named = {"webhook-id": delivery_id, "webhook-timestamp": timestamp}
    if secret is None:
        return named
    return named | {
        "webhook-signature": standard_signature(secret, delivery_id, timestamp, body),
        "X-Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def standard_signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature as the Standard Webhooks specification 1.0.0 has it."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = hmac.digest(standard_key(secret), content, "sha256")
    return f"v1,{base64.b64encode(signature).decode()}"


def standard_key(secret: str) -> bytes:
    """Return the bytes to sign with: those that follow ``whsec_`` in base64, else the text's own.

    Padding may be missing; what is not base64 after all is taken as it is written.
    """
    encoded = secret.removeprefix(ENCODED_SECRET)
    if encoded in {secret, ""}:
        return secret.encode()
    try:
        padding = "=" * (-len(encoded) % 4)
        return base64.b64decode(encoded + padding, validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
