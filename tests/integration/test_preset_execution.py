import pytest
from httpx import AsyncClient

from tests.integration.box import COMMANDS, NOWHERE, PRESETS, Box, problem, show, upload
from tests.integration.preset_steps import CHAIN, MUTE, SCALE, added, execute

SOURCE = "https://example.org/a.mp4"
VIDEO = {"in_video": SOURCE}
LOGO = "https://example.org/logo.png"
WATERMARK: dict[str, object] = {
    "name": "Watermark",
    "ffmpeg_command": "-i {{in_video}} -i {{in_logo}} {{out_video}}",
    "input_files": {"in_video": "", "in_logo": LOGO},
    "output_files": {"out_video": "marked.mp4"},
    "metadata": {"team": "web", "take": 1},
}


async def executed(client: AsyncClient, preset_id: str, **body: object) -> dict[str, object]:
    """Execute a preset, which must be accepted; return the poll response."""
    accepted = await execute(client, preset_id, {"input_files": VIDEO} | body)
    assert (accepted.status_code, list(accepted.json())) == (202, ["command_id"]), accepted.text
    return await show(client, accepted.json()["command_id"])


async def test_a_preset_runs_on_the_file_that_it_is_given(box: Box, client: AsyncClient) -> None:
    preset = await added(client)
    file_id = (await upload(client, b"a clip"))["file_id"]

    shown = await executed(client, preset["preset_id"], input_files={"in_video": file_id})
    await box.work_until_final(shown["command_id"])

    shown = await show(client, shown["command_id"])
    assert (shown["status"], list(shown["output_files"])) == ("SUCCESS", ["out_video"])
    assert box.executor.inputs[0] == {"in_video.mp4": b"a clip"}


async def test_a_chain_runs_its_steps_in_order(box: Box, client: AsyncClient) -> None:
    preset = await added(client, CHAIN)
    file_id = (await upload(client))["file_id"]

    shown = await executed(client, preset["preset_id"], input_files={"in_video": file_id})
    await box.work_until_final(shown["command_id"])

    assert shown["command_type"] == "CHAINED_COMMAND"
    assert [run.arguments[-1] for run in box.executor.executions] == ["small.mp4", "image.png"]


async def test_a_command_shows_the_request_that_it_stands_for(client: AsyncClient) -> None:
    preset = await added(client)

    shown = await executed(client, preset["preset_id"], priority=7)

    assert shown["original_request"] == {
        "ffmpeg_command": SCALE["ffmpeg_command"],
        "input_files": VIDEO,
        "output_files": SCALE["output_file_definitions"],
        "metadata": {},
        "priority": 7,
        "preset_id": preset["preset_id"],
        "max_command_run_seconds": 300,
        "vcpu_count": 1,
    }


async def test_the_request_that_is_shown_can_be_submitted(client: AsyncClient) -> None:
    preset = await added(client)
    request = (await executed(client, preset["preset_id"]))["original_request"]

    again = await client.post("/api/v1/run-ffmpeg-command", json=request)

    assert (await show(client, again.json()["command_id"]))["original_request"] == request


async def test_a_default_takes_the_place_of_an_input(client: AsyncClient) -> None:
    preset = await added(client, WATERMARK)

    shown = await executed(client, preset["preset_id"])

    assert shown["original_request"]["input_files"] == VIDEO | {"in_logo": LOGO}


async def test_metadata_is_added_to_that_of_the_preset_and_wins(client: AsyncClient) -> None:
    preset = await added(client, WATERMARK)

    shown = await executed(client, preset["preset_id"], metadata={"take": 2, "by": "ann"})

    assert shown["metadata"] == {"team": "web", "take": 2, "by": "ann"}
    listed = await client.get(COMMANDS, params={"metadata.team": "web", "metadata.take": "2"})
    assert listed.json()["total"] == 1


async def test_outputs_may_be_renamed(client: AsyncClient) -> None:
    preset = await added(client)

    shown = await executed(client, preset["preset_id"], output_files={"out_video": "tiny.mkv"})

    assert shown["original_request"]["output_files"] == {"out_video": "tiny.mkv"}


async def test_a_system_preset_can_be_executed_by_anybody(client: AsyncClient) -> None:
    shown = await executed(client, MUTE)

    assert shown["original_request"]["preset_id"] == MUTE


async def test_a_command_stays_when_its_preset_goes(box: Box, client: AsyncClient) -> None:
    preset = await added(client)
    file_id = (await upload(client))["file_id"]
    shown = await executed(client, preset["preset_id"], input_files={"in_video": file_id})
    await client.delete(f"{PRESETS}/{preset['preset_id']}")

    report = await box.work_until_final(shown["command_id"])

    assert [file.filename for file in report.outputs] == ["small.mp4"]


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({}, ["lacks in_video"]),
        ({"in_other": SOURCE}, ["lacks in_video", "has in_other"]),
        (VIDEO | {"in_other": SOURCE}, ["has in_other"]),
        (VIDEO | {"out_video": SOURCE}, ["has out_video"]),
    ],
    ids=str,
)
async def test_inputs_that_are_not_those_of_the_preset_are_named(
    shared_client: AsyncClient, inputs: dict[str, str], named: list[str]
) -> None:
    refused = await execute(shared_client, MUTE, {"input_files": inputs})

    assert problem(refused) == (422, "VALIDATION_ERROR")
    assert [words for words in named if words not in refused.json()["message"]] == []


async def test_a_body_without_inputs_lacks_them(shared_client: AsyncClient) -> None:
    assert problem(await execute(shared_client, MUTE, {})) == (422, "VALIDATION_ERROR")


async def test_an_unknown_output_is_named(shared_client: AsyncClient) -> None:
    body = {"input_files": VIDEO, "output_files": {"out_other": "a.mp4"}}

    refused = await execute(shared_client, MUTE, body)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (
        422,
        "VALIDATION_ERROR",
        ["output_files", "out_other"],
    )


@pytest.mark.parametrize(
    ("changes", "code", "loc"),
    [
        ({"input_files": []}, "INVALID_REQUEST", ["input_files"]),
        ({"input_files": {"in_video": 5}}, "INVALID_REQUEST", ["input_files", "in_video"]),
        ({"input_files": {"in_video": ""}}, "INVALID_REQUEST", ["input_files", "in_video"]),
        ({"input_files": {"in_video": "clip.mp4"}}, "INVALID_REQUEST", ["input_files", "in_video"]),
        ({"input_files": {"in_video": NOWHERE}}, "INVALID_REQUEST", ["input_files", "in_video"]),
        ({"output_files": {"out_video": "../a"}}, "INVALID_COMMAND", ["output_files", "out_video"]),
        ({"output_files": {"out_video": None}}, "INVALID_REQUEST", ["output_files", "out_video"]),
        ({"metadata": {"a": []}}, "INVALID_REQUEST", ["metadata", "a"]),
        ({"webhook_url": "ftp://a.test/"}, "INVALID_REQUEST", ["webhook_url"]),
        ({"max_command_run_seconds": 901}, "INVALID_REQUEST", ["max_command_run_seconds"]),
        ({"vcpu_count": 0}, "INVALID_REQUEST", ["vcpu_count"]),
        ({"priority": 101}, "INVALID_REQUEST", ["priority"]),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_a_submit_would_refuse_is_refused_alike(
    shared_client: AsyncClient, changes: dict[str, object], code: str, loc: list[str]
) -> None:
    refused = await execute(shared_client, MUTE, {"input_files": VIDEO} | changes)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (400, code, loc)


async def test_a_refused_execution_is_not_queued(client: AsyncClient) -> None:
    await execute(client, MUTE, {"input_files": {}})

    assert (await client.get(COMMANDS)).json()["total"] == 0


async def test_the_same_execution_with_the_same_key_runs_once(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    body = {"input_files": VIDEO}

    answers = [
        await client.post(f"{PRESETS}/{MUTE}/execute", json=body, headers=headers) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()


async def test_another_execution_with_a_used_key_is_a_conflict(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    preset = await added(client)
    await client.post(f"{PRESETS}/{MUTE}/execute", json={"input_files": VIDEO}, headers=headers)

    address = f"{PRESETS}/{preset['preset_id']}/execute"
    other = await client.post(address, json={"input_files": VIDEO}, headers=headers)

    assert problem(other) == (409, "IDEMPOTENCY_CONFLICT")


async def test_somebody_elses_preset_cannot_be_executed(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    preset_id = (await added(client))["preset_id"]

    hidden = await execute(stranger, preset_id, {"input_files": VIDEO})
    unknown = await execute(stranger, NOWHERE, {"input_files": VIDEO})

    assert (hidden.status_code, hidden.text.replace(preset_id, NOWHERE)) == (404, unknown.text)


async def test_a_preset_uses_the_files_of_its_caller_only(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    file_id = (await upload(stranger))["file_id"]

    refused = await execute(client, MUTE, {"input_files": {"in_video": file_id}})

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_default_that_was_deleted_meanwhile_is_refused(client: AsyncClient) -> None:
    file_id = (await upload(client))["file_id"]
    preset = await added(client, SCALE | {"input_files": {"in_video": file_id}})
    await client.delete(f"/api/v1/files/{file_id}")

    refused = await execute(client, preset["preset_id"], {})

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_box_that_stops_executes_nothing(box: Box, client: AsyncClient) -> None:
    box.queue.close()

    refused = await execute(client, MUTE, {"input_files": VIDEO})

    assert problem(refused) == (503, "SHUTTING_DOWN")
