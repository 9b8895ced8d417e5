"""Identifiers, one distinct type each so that they cannot be confused."""

import re
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final, NewType

JobId = NewType("JobId", str)
FileId = NewType("FileId", str)
KeyId = NewType("KeyId", str)
BatchId = NewType("BatchId", str)
PresetId = NewType("PresetId", str)
DeliveryId = NewType("DeliveryId", str)
Owner = NewType("Owner", str)

KEY_PREFIX: Final = "ffsk_"
KEY_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(moment: datetime) -> str:
    """Return a UUID of version 7 whose text order is time order, to the microsecond.

    RFC 9562 section 5.7 with the sub-millisecond part in ``rand_a`` (section 6.2,
    method 3); 62 random bits remain.
    """
    milliseconds, microseconds = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    fraction = microseconds * 4096 // 1000
    high = (milliseconds << 16) | (0x7 << 12) | fraction
    low = (0b10 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=(high << 64) | low))


def is_id(text: str) -> bool:
    """Tell whether ``text`` has the form of an identifier of ours."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def new_file_token() -> str:
    """Return 256 random bits for a storage URL, as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def new_api_key() -> str:
    """Return a fresh API key: the prefix and 32 random bytes in hex."""
    return KEY_PREFIX + secrets.token_hex(32)
