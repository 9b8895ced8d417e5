"""Section 4, extension: events as they happen, and after any absence."""

import pytest

from tests.conformance.client import NOWHERE, Client, Problem, Record, problem_of
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import identifier, is_one_of, moment, whole, wrong_fields
from tests.conformance.sse import Event, all_events, listening, next_events

STATUS = {
    "command_id": identifier,
    "status": is_one_of("QUEUED", "PROCESSING", "SUCCESS", "FAILED"),
    "attempt": whole,
    "at": moment,
}
FRAME = "-i {{in_1}} -frames:v 1 {{out_1}}"


def stream(command_id: str) -> str:
    return f"/commands/{command_id}/events"


def statuses(events: list[Event]) -> list[str]:
    return [event.data["status"] for event in events if event.kind == "status"]


@pytest.fixture(scope="module")
def history(client: Client, success: Record) -> list[Event]:
    """The events of a command that has ended."""
    return all_events(client, stream(success["command_id"]))


def test_a_command_that_has_ended_is_told_from_the_beginning(
    history: list[Event], success: Record
) -> None:
    assert statuses(history) == ["QUEUED", "PROCESSING", "SUCCESS"]
    assert {event.data["command_id"] for event in history} == {success["command_id"]}


def test_every_status_event_has_an_id_and_every_field(history: list[Event]) -> None:
    told = [event for event in history if event.kind == "status"]

    assert [wrong_fields(event.data, STATUS) for event in told] == [{}] * 3
    assert len({event.id for event in told} - {None}) == 3
    assert [event.data["at"] for event in told] == sorted(event.data["at"] for event in told)


def test_the_stream_is_one_of_events(client: Client, success: Record) -> None:
    with listening(client, stream(success["command_id"])) as answer:
        headers = answer.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in headers["cache-control"] or "no-store" in headers["cache-control"]


def test_a_command_is_told_while_it_runs(
    client: Client, receiver: Receiver, clip_bytes: bytes
) -> None:
    place = receiver.file(clip_bytes, "slow.mp4", held=True)
    command_id = client.submit(FRAME, inputs={"in_1": place.url})

    with listening(client, stream(command_id)) as answer:
        place.release()
        told = next_events(answer, 3)

    assert statuses(told) == ["QUEUED", "PROCESSING", "SUCCESS"]


def test_a_failure_is_told(client: Client, failure: Record) -> None:
    assert statuses(all_events(client, stream(failure["command_id"])))[-1] == "FAILED"


def test_progress_is_told_without_an_id(client: Client, endless: str) -> None:
    with listening(client, stream(endless)) as answer:
        [told] = next_events(answer, 1, kind="progress")

    assert (told.id, told.data["command_id"]) == (None, endless)


def test_a_cancelled_command_ends_its_stream(client: Client, endless: str) -> None:
    client.cancel(endless)

    assert statuses(all_events(client, stream(endless)))[-1] == "FAILED"


@pytest.mark.parametrize("index", [0, 1])
def test_who_comes_back_hears_only_what_was_missed(
    client: Client, success: Record, history: list[Event], index: int
) -> None:
    told = [event for event in history if event.kind == "status"]
    path, known = stream(success["command_id"]), told[index].id or ""

    by_header = all_events(client, path, last_event_id=known)
    by_query = all_events(client, path, after=known)

    assert statuses(by_header) == statuses(by_query) == statuses(told[index + 1 :])
    assert [event.id for event in by_header] == [event.id for event in told[index + 1 :]]


def test_who_has_heard_the_end_is_told_not_to_come_back(
    client: Client, success: Record, history: list[Event]
) -> None:
    last = history[-1].id

    with listening(client, stream(success["command_id"]), last_event_id=last) as answer:
        content = answer.read()

    assert (answer.status_code, content) == (204, b"")


def test_all_commands_of_an_owner_are_told_in_one_stream(newcomer: Client) -> None:
    first, second = newcomer.run()["command_id"], newcomer.run()["command_id"]

    with listening(newcomer, "/events", after="0") as answer:
        told = next_events(answer, 6)

    assert [event.data["command_id"] for event in told] == [first] * 3 + [second] * 3
    assert statuses(told) == ["QUEUED", "PROCESSING", "SUCCESS"] * 2


def test_who_comes_back_to_all_hears_only_what_was_missed(newcomer: Client) -> None:
    newcomer.run()
    with listening(newcomer, "/events", after="0") as answer:
        last = next_events(answer, 3)[-1].id
    missed = newcomer.run()["command_id"]

    with listening(newcomer, "/events", last_event_id=last) as answer:
        told = next_events(answer, 3)

    assert {event.data["command_id"] for event in told} == {missed}
    assert statuses(told) == ["QUEUED", "PROCESSING", "SUCCESS"]


def test_nothing_of_others_is_told(client: Client, newcomer: Client) -> None:
    client.run()
    mine = newcomer.run()["command_id"]

    with listening(newcomer, "/events", after="0") as answer:
        told = next_events(answer, 3)

    assert {event.data["command_id"] for event in told} == {mine}


@pytest.mark.parametrize("after", ["nonsense", "-1", "1.5"])
def test_an_id_that_is_none_is_refused(client: Client, success: Record, after: str) -> None:
    answer = client.get(stream(success["command_id"]), after=after)

    problem = problem_of(answer)
    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


def test_an_unknown_command_has_no_events(client: Client) -> None:
    assert problem_of(client.get(stream(NOWHERE))) == Problem(404, "NOT_FOUND")
