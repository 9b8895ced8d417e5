import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from renderio_box.identifiers import DeliveryId
from renderio_box.webhooks.signature import signed_headers, standard_key, standard_signature

ID = DeliveryId("019caa2e-4000-7000-8000-0000000000ef")
BODY = '{"data":{"metadata":{"name":"é"}},"timestamp":1}'.encode()
PUBLISHED = "Jefe"
ENCODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT_AT = datetime(2026, 3, 1, 12, 0, 0, 987_654, tzinfo=UTC)


def test_the_standards_own_example_gives_its_signature() -> None:
    # The vector that the Standard Webhooks project's own libraries are tested with.
    signature = standard_signature(
        ENCODED,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_simple_signature_is_of_the_body_alone() -> None:
    # RFC 4231, test case 2.
    headers = signed_headers(ID, b"what do ya want for nothing?", secret=PUBLISHED, sent_at=SENT_AT)

    assert headers["X-Webhook-Signature"] == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_the_simple_signature_takes_an_encoded_secret_as_it_is_written() -> None:
    headers = signed_headers(ID, BODY, secret=ENCODED, sent_at=SENT_AT)

    expected = hmac.new(ENCODED.encode(), BODY, hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Signature"] == expected


def test_the_standard_signature_is_of_id_seconds_and_body() -> None:
    headers = signed_headers(ID, BODY, secret=PUBLISHED, sent_at=SENT_AT)

    content = f"{ID}.{headers['webhook-timestamp']}.".encode() + BODY
    expected = base64.b64encode(hmac.digest(PUBLISHED.encode(), content, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_timestamp_is_in_whole_seconds() -> None:
    headers = signed_headers(ID, BODY, secret=None, sent_at=SENT_AT)

    assert headers["webhook-timestamp"] == "1772366400"


def test_without_a_secret_nothing_is_signed_but_the_message_is_named() -> None:
    headers = signed_headers(ID, BODY, secret=None, sent_at=SENT_AT)

    assert headers == {"webhook-id": ID, "webhook-timestamp": "1772366400"}


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("plain", b"plain"),
        ("schlüssel", "schlüssel".encode()),
        ("whsec_c2VjcmV0", b"secret"),
        ("whsec_c2VjcmV0cw==", b"secrets"),
        ("whsec_c2VjcmV0cw", b"secrets"),
        ("whsec_", b"whsec_"),
        ("whsec_my_secret", b"whsec_my_secret"),
        ("whsec_a", b"whsec_a"),
        ("whsec_ümlaut==", "whsec_ümlaut==".encode()),
        ("c2VjcmV0", b"c2VjcmV0"),
    ],
)
def test_only_a_marked_secret_is_decoded(secret: str, key: bytes) -> None:
    assert standard_key(secret) == key
