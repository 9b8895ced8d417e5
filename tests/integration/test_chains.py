import pytest
from httpx import AsyncClient

from tests.fakes import Script
from tests.integration.box import Box, problem, show, upload

CHAIN = "/api/v1/run-chained-ffmpeg-commands"
FLAT = {
    "ffmpeg_commands": ["-f lavfi -i testsrc {{out_a}}", "-i {{out_a}} -frames:v 1 {{out_b}}"],
    "input_files": {},
    "output_files": {"out_a": "a.mp4", "out_b": "b.jpg"},
}
LISTED = {
    "commands": [
        {
            "ffmpeg_command": "-f lavfi -i testsrc {{out_a}}",
            "input_files": {},
            "output_files": {"out_a": "a.mp4"},
        },
        {
            "ffmpeg_command": "-i {{in_v}} -frames:v 1 {{out_b}}",
            "input_files": {"in_v": "{{out_a}}"},
            "output_files": {"out_b": "b.jpg"},
        },
    ]
}


async def chained(client: AsyncClient, body: dict[str, object]) -> str:
    accepted = await client.post(CHAIN, json=body)
    assert (accepted.status_code, list(accepted.json())) == (202, ["command_id"])
    return str(accepted.json()["command_id"])


@pytest.mark.parametrize("body", [FLAT, LISTED], ids=["flat", "listed"])
async def test_a_chain_runs_its_steps_in_order_as_one_command(
    box: Box, client: AsyncClient, body: dict[str, object]
) -> None:
    command_id = await chained(client, body)
    await box.work_until_final(command_id)

    shown = await show(client, command_id)
    assert (shown["status"], shown["command_type"]) == ("SUCCESS", "CHAINED_COMMAND")
    assert list(shown["output_files"]) == ["out_a", "out_b"]
    assert [run.arguments[-1] for run in box.executor.executions] == ["a.mp4", "b.jpg"]


async def test_an_earlier_output_is_read_where_it_was_written(
    box: Box, client: AsyncClient
) -> None:
    await box.work_until_final(await chained(client, LISTED))

    first, second = box.executor.executions
    assert second.arguments[second.arguments.index("-i") + 1] == "a.mp4"
    assert first.directory == second.directory


@pytest.mark.parametrize("body", [FLAT, LISTED], ids=["flat", "listed"])
async def test_a_chain_is_shown_as_it_was_sent(
    client: AsyncClient, body: dict[str, object]
) -> None:
    shown = await show(client, await chained(client, body))

    assert body.items() <= shown["original_request"].items()
    assert shown["original_request"]["vcpu_count"] == 1


async def test_the_first_step_that_fails_fails_the_chain_and_is_named(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script = Script(exit_status=1, log="Invalid data found\n")
    command_id = await chained(client, FLAT)
    await box.work_until_final(command_id)

    shown = await show(client, command_id)
    assert (shown["status"], shown["error_status"]) == ("FAILED", "FFMPEG_FAILED")
    assert shown["error_message"].startswith("Step 1 of 2: FFmpeg ended with status 1.")
    assert len(box.executor.executions) == 1


async def test_what_is_suggested_for_a_chain_is_the_failing_steps_command(
    box: Box, client: AsyncClient
) -> None:
    first = "-f lavfi -i testsrc -ss 2 -to 1 {{out_a}}"
    box.executor.script = Script(exit_status=1, log="-to value smaller than -ss; aborting.\n")
    command_id = await chained(
        client, FLAT | {"ffmpeg_commands": [first, "-i {{out_a}} {{out_b}}"]}
    )
    await box.work_until_final(command_id)

    shown = await show(client, command_id)
    assert shown["error_message"].startswith("Step 1 of 2: -to is the position where to end")
    assert shown["suggestion"] == "-f lavfi -i testsrc -ss 2 -t 1 {{out_a}}"


async def test_the_time_of_all_steps_is_what_the_limit_bounds(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script = Script(run_seconds=4.0)
    await box.work_until_final(await chained(client, FLAT | {"max_command_run_seconds": 10}))

    assert [run.timeout_s for run in box.executor.executions] == [10.0, 6.0]


async def test_the_log_of_a_chain_has_a_heading_for_each_step(
    box: Box, client: AsyncClient
) -> None:
    command_id = await chained(client, FLAT)
    await box.work_until_final(command_id)

    log = (await client.get(f"/api/v1/commands/{command_id}/log")).text
    assert log == "Step 1 of 2:\nframe=1\nStep 2 of 2:\nframe=1\n"


async def test_two_steps_may_call_different_files_by_one_name(
    box: Box, client: AsyncClient
) -> None:
    sources = [str((await upload(client, content))["file_id"]) for content in (b"one", b"two")]
    steps = [
        {
            "ffmpeg_command": f"-i {{{{in_v}}}} {{{{out_{number}}}}}",
            "input_files": {"in_v": source},
            "output_files": {f"out_{number}": f"{number}.mp4"},
        }
        for number, source in enumerate(sources)
    ]

    await box.work_until_final(await chained(client, {"commands": steps}))

    assert sorted(box.executor.inputs[0].values()) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("body", "code", "loc"),
    [
        ({}, "INVALID_REQUEST", ["ffmpeg_commands"]),
        (FLAT | LISTED, "INVALID_REQUEST", ["ffmpeg_commands"]),
        (FLAT | {"ffmpeg_commands": []}, "INVALID_REQUEST", ["ffmpeg_commands"]),
        (FLAT | {"ffmpeg_commands": ["x"] * 11}, "INVALID_REQUEST", ["ffmpeg_commands"]),
        (FLAT | {"ffmpeg_commands": ["-i 'a"]}, "INVALID_COMMAND", ["ffmpeg_commands", "0"]),
        (FLAT | {"output_files": {}}, "INVALID_COMMAND", ["output_files"]),
        ({"commands": []}, "INVALID_REQUEST", ["commands"]),
        ({"commands": [LISTED["commands"][1]]}, "INVALID_COMMAND", ["commands", "0"]),
        ({"commands": LISTED["commands"][:1] * 2}, "INVALID_COMMAND", ["commands", "1"]),
    ],
)
async def test_a_chain_that_cannot_run_is_refused_where_it_is_wrong(
    shared_client: AsyncClient, body: dict[str, object], code: str, loc: list[str]
) -> None:
    refused = await shared_client.post(CHAIN, json=body)

    assert problem(refused) == (400, code)
    assert refused.json()["detail"][0]["loc"][: len(loc)] == loc


async def test_a_chain_needs_a_key_that_may_submit(shared_client: AsyncClient) -> None:
    refused = await shared_client.post(CHAIN, json=FLAT, headers={"X-API-KEY": "ffsk_unknown"})

    assert problem(refused) == (401, "UNAUTHORIZED")
