import re
from typing import Any

import anyio
import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.ffmpeg.progress import Report
from tests.builders import LIMITS, make_body
from tests.fakes import ManualClock, Script, ScriptedExecutor
from tests.integration.box import Box, show, submit

POLL_FIELDS = {
    "command_id",
    "status",
    "command_type",
    "created_at",
    "started_at",
    "finished_at",
    "total_processing_seconds",
    "ffmpeg_command_run_seconds",
    "original_request",
    "metadata",
    "output_files",
    "vcpu_count",
    "error_status",
    "error_message",
    "error",
    "suggestion",
    "progress",
    "processing_stage",
    "queue_position",
    "waiting_for",
    "attempt",
    "log_url",
}
FILE_FIELDS = {
    "file_id",
    "storage_url",
    "status",
    "filename",
    "size_mbytes",
    "size_compressed_mbytes",
    "file_count",
    "rendi_store_type",
    "is_deleted",
    "original_file_url",
    "mime_type",
    "file_type",
    "file_format",
    "codec",
    "pixel_format",
    "duration",
    "width",
    "height",
    "frame_rate",
    "is_varying_frame_rate",
    "bitrate_video_kb",
    "bitrate_audio_kb",
    "sample_rate",
    "channels",
    "video_profile_level",
    "timebase",
    "error_status",
    "error_message",
    "created_at",
    "sha256",
    "expires_at",
}
Shown = dict[str, Any]


@pytest.fixture
async def queued(client: AsyncClient) -> Shown:
    return await show(client, await submit(client, make_body()))


@pytest.fixture
async def processing(box: Box, client: AsyncClient, executor: ScriptedExecutor) -> Shown:
    """Return what is shown of a command in the middle of its run."""
    executor.script = Script(
        hangs=True, reports=(Report(out_time_us=500_000, fps=25.0, speed=2.0),)
    )
    command_id = await submit(client, make_body())
    async with accompanied_by(box.scheduler.run):
        with anyio.fail_after(30):
            await executor.started.wait()
        return await show(client, command_id)


@pytest.fixture
async def success(box: Box, client: AsyncClient, clock: ManualClock) -> Shown:
    command_id = await submit(client, make_body())
    clock.advance(2.5)
    await box.work_until_final(command_id)
    return await show(client, command_id)


@pytest.fixture
async def failed(box: Box, client: AsyncClient, executor: ScriptedExecutor) -> Shown:
    executor.script = Script(exit_status=1, log="Unknown encoder 'nope'\n")
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def test_a_queued_command_has_every_field(queued: Shown) -> None:
    assert queued.keys() >= POLL_FIELDS


async def test_a_processing_command_has_every_field(processing: Shown) -> None:
    assert processing.keys() >= POLL_FIELDS


async def test_a_successful_command_has_every_field(success: Shown) -> None:
    assert success.keys() >= POLL_FIELDS


async def test_a_failed_command_has_every_field(failed: Shown) -> None:
    assert failed.keys() >= POLL_FIELDS


def chosen(shown: Shown, expected: Shown) -> Shown:
    """Return the fields of what is shown that ``expected`` speaks of."""
    return {name: shown[name] for name in expected}


async def test_a_queued_command_is_shown_waiting(queued: Shown) -> None:
    expected = {
        "status": "QUEUED",
        "command_type": "FFMPEG_COMMAND",
        "created_at": "2026-01-01T12:00:00Z",
        "started_at": None,
        "finished_at": None,
        "total_processing_seconds": None,
        "ffmpeg_command_run_seconds": None,
        "output_files": {},
        "error_status": None,
        "error_message": None,
        "error": None,
        "progress": None,
        "processing_stage": None,
        "queue_position": 1,
        "waiting_for": None,
        "attempt": 0,
    }

    assert chosen(queued, expected) == expected


async def test_a_processing_command_is_shown_at_work(processing: Shown) -> None:
    expected = {
        "status": "PROCESSING",
        "started_at": "2026-01-01T12:00:00Z",
        "finished_at": None,
        "total_processing_seconds": None,
        "ffmpeg_command_run_seconds": None,
        "output_files": {},
        "error_status": None,
        "error_message": None,
        "error": None,
        "processing_stage": "DOWNLOADING",
        "queue_position": None,
        "attempt": 1,
    }

    assert chosen(processing, expected) == expected


async def test_progress_has_every_figure_from_the_start(processing: Shown) -> None:
    assert processing["progress"] == {
        "percent": None,
        "out_time_seconds": None,
        "fps": None,
        "speed": None,
        "eta_seconds": None,
    }


async def test_a_successful_command_is_shown_done(success: Shown) -> None:
    expected = {
        "status": "SUCCESS",
        "created_at": "2026-01-01T12:00:00Z",
        "finished_at": "2026-01-01T12:00:02.500000Z",
        "total_processing_seconds": 2.5,
        "ffmpeg_command_run_seconds": 1.5,
        "error_status": None,
        "error_message": None,
        "error": None,
        "progress": None,
        "processing_stage": None,
        "queue_position": None,
        "attempt": 1,
    }

    assert chosen(success, expected) == expected


async def test_a_failed_command_is_shown_with_its_reason(failed: Shown) -> None:
    expected = {
        "status": "FAILED",
        "output_files": {},
        "ffmpeg_command_run_seconds": 1.5,
        "error_status": "FFMPEG_FAILED",
        "error_message": "This FFmpeg has no encoder called 'nope'; use one that /llms.txt lists. Unknown encoder 'nope'",
        "error": "This FFmpeg has no encoder called 'nope'; use one that /llms.txt lists. Unknown encoder 'nope'",
        "progress": None,
        "processing_stage": None,
        "queue_position": None,
    }

    assert chosen(failed, expected) == expected


async def test_what_would_have_worked_is_suggested_in_both_dialects(
    box: Box, client: AsyncClient
) -> None:
    log = "Option vf (set video filters) cannot be applied to input url x.mp4 -- you are\n"
    box.executor.script = Script(exit_status=1, log=log)
    command = "-vf hflip -f lavfi -i testsrc {{out_clip}}"
    body = make_body(ffmpeg_command=command)
    accepted = await client.post("/api/v1/run-ffmpeg-command", json=body)
    command_id = accepted.json()["command_id"]
    await box.work_until_final(command_id)

    suggested = "-f lavfi -i testsrc -vf hflip {{out_clip}}"
    for path in ("/api/v1/commands", "/v1/commands"):
        shown = (await client.get(f"{path}/{command_id}")).json()
        assert shown["suggestion"] == suggested


async def test_a_command_that_nothing_is_known_to_mend_has_no_suggestion(
    client: AsyncClient, failed: Shown
) -> None:
    in_rendi = (await client.get(f"/v1/commands/{failed['command_id']}")).json()

    assert failed["suggestion"] is None
    assert "suggestion" not in in_rendi


async def test_an_output_record_has_every_field(success: Shown) -> None:
    assert success["output_files"]["out_clip"].keys() == FILE_FIELDS


async def test_an_output_record_describes_the_file(success: Shown) -> None:
    expected = {
        "status": "STORED",
        "filename": "clip.mp4",
        "size_mbytes": 21 / 1_048_576,
        "rendi_store_type": "OUTPUT",
        "is_deleted": False,
        "mime_type": "video/mp4",
        "file_type": "video",
        "file_format": "mp4",
        "codec": "h264",
        "duration": 2.5,
        "width": 64,
        "channels": None,
        "error_status": None,
        "expires_at": None,
    }

    assert chosen(success["output_files"]["out_clip"], expected) == expected


async def test_an_output_can_be_fetched_without_a_key(
    success: Shown, anonymous: AsyncClient
) -> None:
    fetched = await anonymous.get(success["output_files"]["out_clip"]["storage_url"])

    assert fetched.content == b"written by the script"


async def test_an_outputs_address_ends_in_its_name(success: Shown) -> None:
    url = success["output_files"]["out_clip"]["storage_url"]

    assert re.fullmatch(r"http://box\.test/files/[\w-]{43}/clip\.mp4", url)


async def test_an_outputs_record_can_be_read_by_id(success: Shown, client: AsyncClient) -> None:
    output = success["output_files"]["out_clip"]

    shown = await client.get(f"/api/v1/files/{output['file_id']}")

    assert shown.json() == output


async def test_the_original_request_is_shown_with_applied_defaults(queued: Shown) -> None:
    applied = {"max_command_run_seconds": LIMITS.default_run_seconds, "vcpu_count": 1}

    assert queued["original_request"] == {**make_body(), **applied}


async def test_the_log_address_leads_to_the_log(success: Shown, client: AsyncClient) -> None:
    assert (await client.get(success["log_url"])).text == "frame=1\n"


async def test_the_log_is_empty_before_an_attempt_has_ended(
    queued: Shown, client: AsyncClient
) -> None:
    log = await client.get(queued["log_url"])

    assert (log.status_code, log.text) == (200, "")


async def test_outputs_are_shown_in_the_order_in_which_they_were_declared(
    box: Box, client: AsyncClient
) -> None:
    aliases = [f"out_{letter}" for letter in "hbfdaceg"]
    command = "-i {{in_a}} " + " ".join(f"{{{{{alias}}}}}" for alias in aliases)
    outputs = {alias: f"{alias}.mp4" for alias in aliases}
    source = {"in_a": "data:,x"}

    command_id = await submit(
        client, make_body(ffmpeg_command=command, input_files=source, output_files=outputs)
    )
    await box.work_until_final(command_id)

    assert list((await show(client, command_id))["output_files"]) == aliases
