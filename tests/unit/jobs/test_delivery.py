from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from msgspec.structs import replace

from renderio_box.identifiers import DeliveryId, JobId, Owner
from renderio_box.jobs.delivery import (
    DISABLED,
    REMOVED,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Endpoint,
    Receipt,
    attempted,
    counted,
    host_of,
    obstacle,
    replayed,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ARRIVED = Receipt(204, None)
REFUSED = Receipt(500, "The receiver answered 500.")
SILENT = Receipt(None, "The receiver did not answer within 15 seconds.")
PENDING = Delivery(
    id=DeliveryId("019caa2e-4000-7000-8000-0000000000ef"),
    owner=Owner("ann"),
    kind=DeliveryKind.ACCOUNT,
    job_id=JobId("019caa2e-4000-7000-8000-0000000000ab"),
    url=None,
    host="hook.example",
    status=DeliveryStatus.PENDING,
    attempts=0,
    due_at=NOW,
    created_at=NOW,
)
HOOK = Endpoint(
    owner=Owner("ann"),
    url="https://hook.example/in",
    secret=None,
    origin="",
    consecutive_failures=0,
    disabled_at=None,
    updated_at=NOW,
)


def failed_times(times: int, delivery: Delivery = PENDING) -> Delivery:
    return reduce(
        lambda each, _: attempted(each, REFUSED, now=NOW, jitter=0.0), range(times), delivery
    )


def test_a_delivery_that_arrives_is_done() -> None:
    done = attempted(PENDING, ARRIVED, now=LATER, jitter=0.0)

    assert (done.status, done.attempts, done.due_at, done.finished_at, done.last_answer) == (
        DeliveryStatus.DELIVERED,
        1,
        None,
        LATER,
        204,
    )


def test_the_waits_are_those_of_the_contract() -> None:
    waits = [failed_times(times).due_at for times in range(1, 8)]

    assert waits == [
        NOW + timedelta(seconds=seconds)
        for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
    ]


def test_the_eighth_failed_attempt_is_the_last() -> None:
    over = failed_times(8)

    assert (over.status, over.attempts, over.due_at, over.finished_at) == (
        DeliveryStatus.FAILED,
        8,
        None,
        NOW,
    )


def test_a_delivery_may_arrive_at_the_last_attempt() -> None:
    done = attempted(failed_times(7), ARRIVED, now=NOW, jitter=0.0)

    assert (done.status, done.last_error) == (DeliveryStatus.DELIVERED, None)


@pytest.mark.parametrize(("jitter", "seconds"), [(-1.0, 4.5), (0.0, 5.0), (1.0, 5.5)])
def test_a_wait_varies_by_at_most_a_tenth(jitter: float, seconds: float) -> None:
    waits = attempted(PENDING, REFUSED, now=NOW, jitter=jitter)

    assert waits.due_at == NOW + timedelta(seconds=seconds)


def test_a_test_is_tried_once() -> None:
    test = replace(PENDING, kind=DeliveryKind.TEST, job_id=None)

    assert failed_times(1, test).status is DeliveryStatus.FAILED


def test_an_attempt_without_an_answer_leaves_no_status_of_an_earlier_one() -> None:
    silent = attempted(failed_times(1), SILENT, now=NOW, jitter=0.0)

    assert (silent.last_answer, silent.last_error) == (None, SILENT.error)


def test_a_replay_starts_over_under_the_old_id() -> None:
    again = replayed(failed_times(8), now=LATER)

    assert (again.id, again.status, again.attempts, again.due_at, again.finished_at) == (
        PENDING.id,
        DeliveryStatus.PENDING,
        0,
        LATER,
        None,
    )


def test_a_replay_of_what_waits_only_shortens_the_wait() -> None:
    again = replayed(failed_times(3), now=LATER)

    assert (again.attempts, again.due_at) == (3, LATER)


def test_seven_failures_in_a_row_leave_a_hook_on() -> None:
    after = counted(replace(HOOK, consecutive_failures=6), DeliveryStatus.FAILED, now=LATER)

    assert (after.consecutive_failures, after.disabled_at) == (7, None)


def test_the_eighth_failure_in_a_row_turns_a_hook_off() -> None:
    after = counted(replace(HOOK, consecutive_failures=7), DeliveryStatus.FAILED, now=LATER)

    assert (after.consecutive_failures, after.disabled_at) == (8, LATER)


def test_a_delivery_that_arrives_ends_the_row() -> None:
    after = counted(replace(HOOK, consecutive_failures=7), DeliveryStatus.DELIVERED, now=LATER)

    assert after.consecutive_failures == 0


def test_a_hook_that_is_off_stays_off_since_then() -> None:
    off = replace(HOOK, consecutive_failures=8, disabled_at=NOW)

    assert counted(off, DeliveryStatus.FAILED, now=LATER).disabled_at == NOW


@pytest.mark.parametrize(
    ("kind", "endpoint", "reason"),
    [
        (DeliveryKind.ACCOUNT, HOOK, None),
        (DeliveryKind.ACCOUNT, None, REMOVED),
        (DeliveryKind.ACCOUNT, replace(HOOK, disabled_at=NOW), DISABLED),
        (DeliveryKind.TEST, HOOK, None),
        (DeliveryKind.TEST, None, REMOVED),
        (DeliveryKind.TEST, replace(HOOK, disabled_at=NOW), None),
        (DeliveryKind.COMMAND, None, None),
        (DeliveryKind.COMMAND, replace(HOOK, disabled_at=NOW), None),
    ],
)
def test_what_keeps_a_delivery_from_being_sent(
    kind: DeliveryKind, endpoint: Endpoint | None, reason: str | None
) -> None:
    assert obstacle(replace(PENDING, kind=kind), endpoint) == reason


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hook.Example/in?x=1#y", "hook.example"),
        ("http://hook.example:8080", "hook.example:8080"),
        ("http://user:pass@hook.example/", "hook.example"),
        ("http://hook.example?next=http://other.example/@", "hook.example"),
        ("http://[::1]:80/in", "[::1]:80"),
        ("not a url", ""),
    ],
)
def test_a_host_is_whom_the_url_goes_to(url: str, host: str) -> None:
    assert host_of(url) == host
