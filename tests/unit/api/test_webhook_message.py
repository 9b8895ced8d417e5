import msgspec

from renderio_box.api.webhook_message import HEADERS, MESSAGE
from renderio_box.identifiers import DeliveryId
from renderio_box.webhooks.event import Event
from renderio_box.webhooks.signature import signed_headers
from tests.fakes import START


def test_the_message_is_described_as_it_is_sent() -> None:
    sent = [field.encode_name for field in msgspec.structs.fields(Event)]

    assert [*MESSAGE["properties"]] == MESSAGE["required"] == sent


def test_every_header_of_a_signed_message_is_described() -> None:
    sent = signed_headers(DeliveryId("x"), b"{}", secret="x", sent_at=START)  # noqa: S106

    assert HEADERS.keys() == sent.keys()
