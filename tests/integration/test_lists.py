"""Long lists of commands: totals, cursors, and what may be selected."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.database.connection import open_sqlite
from renderio_box.database.job_lists import JobFilter
from renderio_box.database.migrate import known_migrations
from renderio_box.identifiers import JobId, Owner
from renderio_box.queue.history import History
from tests.builders import ADDRESSES, make_body
from tests.fakes import ManualClock
from tests.integration.box import COMMANDS, Box, problem, show, submit
from tests.integration.queue_steps import claimed, interrupted

CHAIN = "/api/v1/run-chained-ffmpeg-commands"
CHAINED = {
    "ffmpeg_commands": ["-f lavfi -i testsrc {{out_a}}"],
    "output_files": {"out_a": "a.mp4"},
}
OLD_JOB: Final = """
INSERT INTO jobs (id, owner, state, spec, original_request, metadata, warnings, priority,
                  vcpu_count, attempt, interruptions, created_at)
VALUES ('019b76da-a800-7000-8000-000000000001', 'ann', 'queued',
        '{"steps": [["-i", "x"]], "inputs": {}, "outputs": {}, "max_run_seconds": 300}', '{}',
        '{"name": "old", "take": 1.5, "done": true}', '[]', 50, 1, 0, 0,
        '2026-01-01T00:00:00.000000+00:00');
"""


async def listed(client: AsyncClient, **query: object) -> dict[str, Any]:
    params = {name: str(value) for name, value in query.items()}
    answered = await client.get(COMMANDS, params=params)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


async def ids_of(client: AsyncClient, query: dict[str, object]) -> list[str]:
    return [each["command_id"] for each in (await listed(client, **query))["commands"]]


@pytest.fixture
async def five(client: AsyncClient, clock: ManualClock) -> list[str]:
    """Submit five commands, a second between them; return their ids, newest first."""
    ids: list[str] = []
    for _ in range(5):
        ids.insert(0, await submit(client, make_body()))
        clock.advance(1)
    return ids


async def test_cursors_lead_through_the_whole_list(client: AsyncClient, five: list[str]) -> None:
    first = await listed(client, limit=2)
    second = await listed(client, limit=2, cursor=first["next_cursor"])
    third = await listed(client, limit=2, cursor=second["next_cursor"])

    pages = [[each["command_id"] for each in page["commands"]] for page in (first, second, third)]
    assert pages == [five[:2], five[2:4], five[4:]]
    assert third["next_cursor"] is None


async def test_a_page_that_ends_with_the_last_command_has_no_next(
    client: AsyncClient, five: list[str]
) -> None:
    assert (await listed(client, limit=len(five)))["next_cursor"] is None


async def test_commands_that_arrive_meanwhile_do_not_shift_the_next_page(
    client: AsyncClient, five: list[str]
) -> None:
    first = await listed(client, limit=2)
    await submit(client, make_body())

    assert await ids_of(client, {"limit": 2, "cursor": first["next_cursor"]}) == five[2:4]


async def test_a_page_by_offset_leads_on_by_cursor(client: AsyncClient, five: list[str]) -> None:
    page = await listed(client, limit=2, offset=1)

    assert await ids_of(client, {"cursor": page["next_cursor"]}) == five[3:]


async def test_commands_of_one_moment_are_all_shown_once(client: AsyncClient) -> None:
    submitted = {await submit(client, make_body()) for _ in range(4)}

    first = await listed(client, limit=3)
    rest = await ids_of(client, {"cursor": first["next_cursor"]})

    assert {each["command_id"] for each in first["commands"]} | {*rest} == submitted


@pytest.mark.parametrize("query", [{}, {"limit": 1}, {"limit": 1, "offset": 4}, {"offset": 9}])
async def test_the_total_is_that_of_the_whole_list(
    client: AsyncClient, five: list[str], query: dict[str, object]
) -> None:
    assert (await listed(client, **query))["total"] == len(five)


@pytest.mark.usefixtures("five")
async def test_the_total_counts_only_what_is_seen(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient
) -> None:
    await submit(stranger, make_body())

    totals = [(await listed(each))["total"] for each in (client, stranger, admin)]

    assert totals == [5, 1, 6]


async def test_the_total_follows_every_change_of_state(
    box: Box, client: AsyncClient, five: list[str]
) -> None:
    await box.work_until_final(five[-1])
    await client.post(f"{COMMANDS}/{five[0]}/cancel")

    statuses = [each["status"] for each in (await listed(client))["commands"]]
    totals = {
        status: (await listed(client, status=status))["total"]
        for status in ("QUEUED", "PROCESSING", "SUCCESS", "FAILED")
    }
    assert totals == {status: statuses.count(status) for status in totals}


async def test_a_command_taken_up_again_is_counted_and_listed_as_processing(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await interrupted(box.queue)

    page = await listed(client, status="PROCESSING")

    assert (page["total"], page["commands"]) == (1, [await show(client, command_id)])
    assert (await listed(client, status="QUEUED"))["total"] == 0


@pytest.mark.usefixtures("five")
async def test_a_running_command_is_found_among_many_that_wait(
    box: Box, client: AsyncClient
) -> None:
    running = await claimed(box.queue)

    assert await ids_of(client, {"status": "PROCESSING"}) == [running.id]


@pytest.mark.parametrize(
    ("command_type", "shown"),
    [("FFMPEG_COMMAND", [0]), ("CHAINED_COMMAND", [1]), ("MULTIPLE_COMMAND", [])],
)
async def test_a_command_type_selects_commands(
    client: AsyncClient, command_type: str, shown: list[int]
) -> None:
    single = await submit(client, make_body())
    chained = (await client.post(CHAIN, json=CHAINED)).json()["command_id"]

    page = await listed(client, command_type=command_type)

    ids = [each["command_id"] for each in page["commands"]]
    assert ids == [[single, chained][place] for place in shown]
    assert page["total"] == len(shown)


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("prod", "prod"),
        ("", ""),
        ("ünï 🎬 &=+", "ünï 🎬 &=+"),
        ("true", "true"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (-7, "-7"),
        (1.5, "1.5"),
        (2.0, "2.0"),
        (10**18, "1000000000000000000"),
    ],
)
async def test_metadata_selects_commands_by_its_text(
    client: AsyncClient, value: object, asked: str
) -> None:
    wanted = await submit(client, make_body(metadata={"key": value}))
    await submit(client, make_body(metadata={"key": "other"}))
    await submit(client, make_body())

    page = await listed(client, **{"metadata.key": asked})

    assert ([each["command_id"] for each in page["commands"]], page["total"]) == ([wanted], 1)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"metadata.env": "prod"}, [2, 1]),
        ({"metadata.env": "prod", "metadata.take": "1"}, [1]),
        ({"metadata.take": "1", "metadata.env": "prod"}, [1]),
        ({"metadata.env": "prod", "metadata.take": "3"}, []),
        ({"metadata.env": "prod", "status": "SUCCESS"}, []),
        ({"metadata.env": "prod", "status": "QUEUED"}, [2, 1]),
        ({"metadata.env": "prod", "command_type": "CHAINED_COMMAND"}, []),
        ({"metadata.env": "prod", "limit": 1}, [2]),
        ({"metadata.env": "prod", "offset": 1}, [1]),
        ({"metadata.ENV": "prod"}, []),
        ({"metadata.": "prod"}, []),
    ],
    ids=str,
)
async def test_all_conditions_must_hold_together(
    client: AsyncClient, clock: ManualClock, query: dict[str, object], shown: list[int]
) -> None:
    ids: list[str] = []
    for metadata in ({"take": 1}, {"env": "prod", "take": 1}, {"env": "prod", "take": 2}):
        ids.append(await submit(client, make_body(metadata=metadata)))
        clock.advance(1)

    assert await ids_of(client, query) == [ids[place] for place in shown]


async def test_cursors_keep_to_the_metadata(client: AsyncClient, clock: ManualClock) -> None:
    ids: list[str] = []
    for take in range(6):
        ids.insert(0, await submit(client, make_body(metadata={"odd": take % 2 == 1})))
        clock.advance(1)
    query: dict[str, object] = {"metadata.odd": "true", "limit": 2}

    first = await listed(client, **query)
    rest = await ids_of(client, query | {"cursor": first["next_cursor"]})

    assert ([each["command_id"] for each in first["commands"]], rest) == (
        [ids[0], ids[2]],
        [ids[4]],
    )


async def test_metadata_leads_to_nobody_elses_commands(
    client: AsyncClient, stranger: AsyncClient, admin: AsyncClient
) -> None:
    await submit(client, make_body(metadata={"env": "prod"}))

    pages = [await listed(each, **{"metadata.env": "prod"}) for each in (stranger, admin)]

    assert [(page["total"], len(page["commands"])) for page in pages] == [(0, 0), (1, 1)]


async def test_ten_conditions_on_metadata_are_taken(client: AsyncClient) -> None:
    metadata = {f"key{number}": number for number in range(10)}
    wanted = await submit(client, make_body(metadata=metadata))

    query: dict[str, object] = {f"metadata.{key}": value for key, value in metadata.items()}
    assert await ids_of(client, query) == [wanted]


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ({f"metadata.key{number}": "x" for number in range(11)}, ["metadata"]),
        ({"command_type": "FFMPEG_CHAINED_COMMANDS"}, ["command_type"]),
        ({"cursor": ""}, ["cursor"]),
        ({"cursor": "nonsense"}, ["cursor"]),
        ({"cursor": "%%%"}, ["cursor"]),
        ({"cursor": "bm90aGluZw"}, ["cursor"]),
        ({"cursor": "MjAyNi0wMS0wMVQxMjowMDowMCAwMDAwMDAwMC0wMDAwLTcwMDA"}, ["cursor"]),
        ({"cursor": "/" * 5000}, ["cursor"]),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_bad_query_is_refused_where_it_is_wrong(
    shared_client: AsyncClient, query: dict[str, str], loc: list[str]
) -> None:
    refused = await shared_client.get(COMMANDS, params=query)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (400, "INVALID_REQUEST", loc)


@pytest.mark.usefixtures("five")
async def test_a_cursor_and_an_offset_exclude_each_other(client: AsyncClient) -> None:
    cursor = (await listed(client, limit=1))["next_cursor"]

    refused = await client.get(COMMANDS, params={"cursor": cursor, "offset": 1})

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert (await client.get(COMMANDS, params={"cursor": cursor, "offset": 0})).is_success


async def test_a_list_shows_the_outputs_of_each_command(
    box: Box, client: AsyncClient, five: list[str]
) -> None:
    async with accompanied_by(box.scheduler.run):
        for command_id in five:
            await box.until_final(command_id)

    page = await listed(client)

    assert page["commands"] == [await show(client, command_id) for command_id in five]
    assert len({each["output_files"]["out_clip"]["file_id"] for each in page["commands"]}) == 5


@pytest.mark.usefixtures("five")
async def test_a_total_is_not_counted(box: Box, client: AsyncClient) -> None:
    async with box.database.transaction() as tx:
        await tx.execute("UPDATE job_counts SET count = 1000000", {})

    assert (await listed(client))["total"] == 1_000_000


async def test_ids_sort_like_ages(box: Box, five: list[str]) -> None:
    found = [(await box.report(JobId(each))).job for each in five]

    assert sorted(found, key=lambda job: job.id) == sorted(found, key=lambda job: job.created_at)


async def test_commands_of_an_earlier_version_are_counted_and_found_by_metadata(
    tmp_path: Path,
) -> None:
    with sqlite3.connect(tmp_path / "old.sqlite3") as old:
        old.executescript("".join(known_migrations()[:2]) + "PRAGMA user_version = 2;" + OLD_JOB)
    old.close()

    async with open_sqlite(tmp_path / "old.sqlite3") as database:
        wanted = JobFilter(sees=Owner("ann"), marks=(("take", "1.5"), ("done", "true")))
        page = await History(database, ADDRESSES).list(wanted, limit=1)
        everything = await History(database, ADDRESSES).list(JobFilter(sees=None), limit=1)

    assert ([report.job.metadata["name"] for report in page.reports], page.total) == (["old"], 1)
    assert everything == page
