import json
from datetime import UTC, datetime

from renderio_box.identifiers import DeliveryId, Owner
from renderio_box.jobs.delivery import Delivery, DeliveryKind, DeliveryStatus
from renderio_box.jobs.job import JobState
from renderio_box.webhooks.event import body_of, sample_report

SENT_AT = datetime(2026, 3, 1, 12, 0, 0, 987_654, tzinfo=UTC)
TEST = Delivery(
    id=DeliveryId("019caa2e-4000-7000-8000-0000000000ef"),
    owner=Owner("ann"),
    kind=DeliveryKind.TEST,
    job_id=None,
    url=None,
    host="hook.example",
    status=DeliveryStatus.PENDING,
    attempts=0,
    due_at=SENT_AT,
    created_at=SENT_AT,
)


def test_the_body_is_the_data_and_the_milliseconds_of_its_sending() -> None:
    body = body_of(b'{"command_id":"a","status":"SUCCESS"}', sent_at=SENT_AT)

    assert json.loads(body) == {
        "data": {"command_id": "a", "status": "SUCCESS"},
        "timestamp": 1_772_366_400_987,
    }


def test_the_data_are_told_byte_for_byte() -> None:
    data = '{"b": 1.50,  "a": "\\u00e9 é"}'.encode()

    assert data in body_of(data, sent_at=SENT_AT)


def test_the_body_begins_with_the_data() -> None:
    assert body_of(b"{}", sent_at=SENT_AT).startswith(b'{"data":{},"timestamp":')


def test_a_sample_has_the_id_of_its_delivery() -> None:
    assert sample_report(TEST, origin="https://box.example").job.id == TEST.id


def test_a_sample_says_that_it_is_one() -> None:
    assert sample_report(TEST, origin="").job.metadata == {"test": True}


def test_a_sample_ended_well_with_every_output() -> None:
    report = sample_report(TEST, origin="")

    assert report.job.state is JobState.SUCCEEDED
    assert [file.alias for file in report.outputs] == list(report.job.spec.outputs)


def test_a_sample_is_reached_as_its_hook_was_configured() -> None:
    assert sample_report(TEST, origin="https://box.example/r").job.origin == "https://box.example/r"
