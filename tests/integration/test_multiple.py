import pytest
from httpx import AsyncClient, Response

from tests.builders import make_body
from tests.integration.box import COMMANDS, NOWHERE, RUN, Box, problem, show, upload

MULTIPLE = "/api/v1/run-multiple-ffmpeg-commands"
READING = make_body(ffmpeg_command="-i {{in_v}} {{out_clip}}", input_files={"in_v": NOWHERE})


async def sent(client: AsyncClient, *bodies: object, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(MULTIPLE, json={"commands": bodies}, headers=headers)


async def accepted(client: AsyncClient, *bodies: dict[str, object]) -> list[str]:
    """Submit commands together that must be accepted; return their ids."""
    answered = await sent(client, *bodies)
    assert answered.status_code == 202, answered.text
    return list(answered.json()["command_ids"])


async def test_several_commands_are_accepted_in_the_order_of_the_request(
    client: AsyncClient,
) -> None:
    answered = await sent(client, *(make_body(metadata={"take": take}) for take in range(10)))

    ids = answered.json()["command_ids"]
    assert (answered.status_code, len(set(ids))) == (202, 10)
    assert answered.json()["commands"] == [
        {"command_id": command_id, "status": "QUEUED"} for command_id in ids
    ]
    shown = [(await show(client, command_id))["metadata"] for command_id in ids]
    assert shown == [{"take": take} for take in range(10)]


async def test_each_command_is_shown_as_its_own_body_with_what_was_applied(
    client: AsyncClient,
) -> None:
    first = make_body(metadata={"a": 1}, vcpu_count=2, webhook_url="https://example.org/hook")
    second = make_body(priority=90)

    shown = [await show(client, command_id) for command_id in await accepted(client, first, second)]

    applied = [{"max_command_run_seconds": 300, "vcpu_count": count} for count in (2, 1)]
    assert [each["original_request"] for each in shown] == [
        first | applied[0],
        second | applied[1],
    ]


async def test_each_command_says_that_it_is_one_of_several(client: AsyncClient) -> None:
    ids = await accepted(client, make_body())

    assert (await show(client, ids[0]))["command_type"] == "MULTIPLE_COMMAND"


async def test_each_command_keeps_its_own_terms(box: Box, client: AsyncClient) -> None:
    hook = "https://example.org/hook"
    ids = await accepted(
        client, make_body(priority=10), make_body(webhook_url=hook, max_command_run_seconds=7)
    )

    specs = [(await box.report(each)).job.spec for each in ids]
    assert [(spec.priority, spec.webhook_url, spec.max_run_seconds) for spec in specs] == [
        (10, None, 300),
        (50, hook, 7),
    ]


async def test_commands_of_equal_priority_are_queued_in_the_order_of_the_request(
    client: AsyncClient,
) -> None:
    ids = await accepted(client, make_body(), make_body(), make_body())

    assert [(await show(client, each))["queue_position"] for each in ids] == [1, 2, 3]


async def test_one_that_fails_leaves_the_others_alone(box: Box, client: AsyncClient) -> None:
    stored = await upload(client)
    bad, good = await accepted(
        client, READING | {"input_files": {"in_v": stored["file_id"]}}, make_body()
    )
    await client.delete(f"/api/v1/files/{stored['file_id']}")

    failed = await box.work_until_final(bad)
    fine = await box.work_until_final(good)

    assert (failed.job.state, fine.job.state) == ("failed", "succeeded")


@pytest.mark.parametrize(
    ("wrong", "code", "loc"),
    [
        ({"ffmpeg_command": "-i 'a"}, "INVALID_COMMAND", ["ffmpeg_command"]),
        ({"ffmpeg_command": 1}, "INVALID_REQUEST", ["ffmpeg_command"]),
        ({"output_files": {}}, "INVALID_COMMAND", ["output_files"]),
        ({"output_files": {"out_clip": 1}}, "INVALID_REQUEST", ["output_files", "out_clip"]),
        ({"input_files": None}, "INVALID_REQUEST", ["input_files"]),
        ({"metadata": {"a": []}}, "INVALID_REQUEST", ["metadata", "a"]),
        ({"webhook_url": "ftp://x"}, "INVALID_REQUEST", ["webhook_url"]),
        ({"priority": 101}, "INVALID_REQUEST", ["priority"]),
        ({"max_command_run_seconds": 10**6}, "INVALID_REQUEST", ["max_command_run_seconds"]),
        (READING, "INVALID_REQUEST", ["input_files", "in_v"]),
    ],
)
async def test_an_error_names_the_command_and_its_field(
    shared_client: AsyncClient, wrong: dict[str, object], code: str, loc: list[str]
) -> None:
    refused = await sent(shared_client, make_body(), make_body(**wrong), make_body())

    assert problem(refused) == (400, code)
    assert refused.json()["detail"][0]["loc"] == ["commands", "1", *loc]
    assert refused.json()["message"].startswith("Command 2: ")


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ([], ["body"]),
        ({}, ["commands"]),
        ({"commands": []}, ["commands"]),
        ({"commands": None}, ["commands"]),
        ({"commands": [make_body()] * 11}, ["commands"]),
        ({"commands": [make_body(), "x"]}, ["commands", "1"]),
        ({"commands": [make_body(), {}]}, ["commands", "1", "ffmpeg_command"]),
        ({"commands": {"0": make_body()}}, ["commands"]),
    ],
)
async def test_a_body_of_the_wrong_form_is_refused_where_it_is_wrong(
    shared_client: AsyncClient, body: object, loc: list[str]
) -> None:
    refused = await shared_client.post(MULTIPLE, json=body)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (400, "INVALID_REQUEST", loc)


async def test_one_wrong_command_keeps_all_of_them_out(client: AsyncClient) -> None:
    await sent(client, make_body(), READING)

    assert (await client.get(COMMANDS)).json()["commands"] == []


async def test_somebody_elses_file_is_refused(client: AsyncClient, stranger: AsyncClient) -> None:
    stored = await upload(client)

    refused = await sent(stranger, READING | {"input_files": {"in_v": stored["file_id"]}})

    assert refused.json()["detail"][0]["loc"] == ["commands", "0", "input_files", "in_v"]


async def test_commands_of_several_are_somebody_elses_too(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    ids = await accepted(client, make_body())

    assert (await stranger.get(f"{COMMANDS}/{ids[0]}")).status_code == 404


async def test_the_same_request_with_the_same_key_gets_the_first_answer(
    box: Box, client: AsyncClient
) -> None:
    first = await sent(client, make_body(), make_body(), key="order-1")
    await box.work_until_final(first.json()["command_ids"][1])

    again = await sent(client, make_body(), make_body(), key="order-1")

    assert (again.status_code, again.json()) == (202, first.json())
    assert len((await client.get(COMMANDS)).json()["commands"]) == 2


async def test_a_key_that_one_command_used_is_no_key_for_several(client: AsyncClient) -> None:
    await client.post(RUN, json=make_body(), headers={"Idempotency-Key": "order-1"})

    assert problem(await sent(client, make_body(), key="order-1")) == (409, "IDEMPOTENCY_CONFLICT")


async def test_several_commands_need_a_key(shared_anonymous: AsyncClient) -> None:
    assert problem(await sent(shared_anonymous, make_body())) == (401, "UNAUTHORIZED")


async def test_a_closed_box_takes_none(box: Box, client: AsyncClient) -> None:
    box.queue.close()

    assert problem(await sent(client, make_body())) == (503, "SHUTTING_DOWN")
