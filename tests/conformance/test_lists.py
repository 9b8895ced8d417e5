"""Section 4: lists of commands, and deleting what they made."""

import pytest

from tests.conformance.client import (
    BLACK,
    NOWHERE,
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
)
from tests.conformance.conftest import MakeClient
from tests.conformance.shapes import FAILED, SUCCEEDED, wrong_fields

BAD_QUERIES = [
    *({"limit": limit} for limit in (0, 101, -1, "many", "", 1.5)),
    *({"offset": offset} for offset in (-1, "far", "")),
    *({"status": status} for status in ("DONE", "success", "")),
    {"command_type": "SINGLE"},
    {"cursor": "nonsense"},
]


@pytest.fixture(scope="module")
def lister(make_client: MakeClient) -> Client:
    """Somebody whose only commands are those of ``history``."""
    return make_client()


@pytest.fixture(scope="module")
def history(lister: Client) -> list[str]:
    """The ids of a success, a failure, a chain, and two successes, oldest first."""
    chain = {
        "ffmpeg_commands": [f"{BLACK} {{{{out_1}}}}"],
        "input_files": {},
        "output_files": PNG_OUT,
        "metadata": {"order": "A-2"},
    }
    ids = [
        lister.submit(metadata={"order": "A-1", "urgent": True, "tries": 3}),
        lister.submit("-f lavfi -i nosuchsource {{out_1}}", metadata={"order": "A-1"}),
        lister.accepted("/run-chained-ffmpeg-commands", chain),
    ]
    batch = lister.post("/run-multiple-ffmpeg-commands", {"commands": [single()]}).json()
    ids += [*batch["command_ids"], lister.submit()]
    for command_id in ids:
        lister.finished(command_id)
    return ids


def ids_of(page: Record) -> list[str]:
    return [command["command_id"] for command in page["commands"]]


def found(client: Client, **parameters: object) -> list[str]:
    return ids_of(client.fetch("/commands", **parameters))


def test_the_newest_comes_first(lister: Client, history: list[str]) -> None:
    assert found(lister) == history[::-1]


def test_a_page_says_what_was_asked_for(lister: Client, history: list[str]) -> None:
    usual, asked = lister.fetch("/commands"), lister.fetch("/commands", limit=2, offset=1)

    assert (usual["limit"], usual["offset"]) == (50, 0)
    assert (asked["limit"], asked["offset"]) == (2, 1)
    assert ids_of(asked) == history[::-1][1:3]


def test_commands_are_listed_as_they_are_polled(lister: Client, history: list[str]) -> None:
    listed = lister.fetch("/commands")["commands"]

    assert listed == [lister.poll(command_id) for command_id in reversed(history)]
    assert wrong_fields(listed[-1], SUCCEEDED) == {}
    assert wrong_fields(listed[-2], FAILED) == {}


def test_a_page_beyond_the_end_is_empty(lister: Client, history: list[str]) -> None:
    assert found(lister, offset=len(history)) == []


def test_the_list_can_be_narrowed_to_a_status(lister: Client, history: list[str]) -> None:
    assert found(lister, status="FAILED") == [history[1]]
    assert found(lister, status="SUCCESS") == [history[4], history[3], history[2], history[0]]
    assert found(lister, status="QUEUED") == found(lister, status="PROCESSING") == []


def test_the_list_can_be_narrowed_to_a_type(lister: Client, history: list[str]) -> None:
    assert found(lister, command_type="CHAINED_COMMAND") == [history[2]]
    assert found(lister, command_type="MULTIPLE_COMMAND") == [history[3]]
    assert found(lister, command_type="FFMPEG_COMMAND") == [history[4], history[1], history[0]]


@pytest.mark.parametrize(
    ("parameters", "which"),
    [
        ({"metadata.order": "A-1"}, [1, 0]),
        ({"metadata.order": "A-2"}, [2]),
        ({"metadata.urgent": "true"}, [0]),
        ({"metadata.tries": "3"}, [0]),
        ({"metadata.order": "A-3"}, []),
        ({"metadata.nothing": "A-1"}, []),
        ({"metadata.order": "A-1", "metadata.tries": "3"}, [0]),
        ({"metadata.order": "A-1", "status": "FAILED"}, [1]),
    ],
)
def test_the_list_can_be_narrowed_by_metadata(
    lister: Client, history: list[str], parameters: dict[str, str], which: list[int]
) -> None:
    assert found(lister, **parameters) == [history[index] for index in which]


def test_the_total_counts_all_that_fit(lister: Client, history: list[str]) -> None:
    everything = lister.fetch("/commands", limit=1)
    successes = lister.fetch("/commands", limit=1, status="SUCCESS")

    assert (everything["total"], successes["total"]) == (len(history), 4)


def test_cursors_lead_through_the_whole_list(lister: Client, history: list[str]) -> None:
    first = lister.fetch("/commands", limit=2)
    second = lister.fetch("/commands", limit=2, cursor=first["next_cursor"])
    third = lister.fetch("/commands", limit=2, cursor=second["next_cursor"])

    assert ids_of(first) + ids_of(second) + ids_of(third) == history[::-1]
    assert third["next_cursor"] is None


def test_a_cursor_stays_where_it_is_when_commands_are_added(newcomer: Client) -> None:
    older = [newcomer.submit(), newcomer.submit()]
    page = newcomer.fetch("/commands", limit=1)

    newcomer.submit()

    assert found(newcomer, limit=5, cursor=page["next_cursor"]) == older[:1]


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_query_is_refused(client: Client, query: Record) -> None:
    problem = problem_of(client.get("/commands", **query))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


def test_a_page_has_up_to_100_commands(lister: Client, history: list[str]) -> None:
    assert found(lister, limit=100) == history[::-1]
    assert len(found(lister, limit=1)) == 1


def test_outputs_are_deleted_and_the_record_stays(either: Client) -> None:
    polled = either.run()
    record = polled["output_files"]["out_1"]

    answer = either.delete(f"/commands/{polled['command_id']}/files")

    kept = either.poll(polled["command_id"])
    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "files_deleted": 1})
    assert kept["status"] == "SUCCESS"
    assert kept["output_files"]["out_1"]["is_deleted"] is True
    assert either.http.get(record["storage_url"]).status_code == 404


def test_deleting_outputs_again_deletes_nothing(client: Client) -> None:
    path = f"/commands/{client.run()['command_id']}/files"
    client.delete(path)

    assert client.delete(path).json() == {"deleted": True, "files_deleted": 0}


def test_outputs_of_an_unknown_command_are_not_found(client: Client) -> None:
    answer = client.delete(f"/commands/{NOWHERE}/files")

    assert problem_of(answer) == Problem(404, "NOT_FOUND")
