from typing import Any

import anyio
import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.catalog.keys import Scope
from renderio_box.companions import accompanied_by
from renderio_box.jobs.job import CommandType, Dialect
from tests.builders import LIMITS, make_body
from tests.fakes import Script, ScriptedExecutor
from tests.integration import box as renderio
from tests.integration.box import NOWHERE, Box, files_kept, speaking_to
from tests.integration.queue_steps import submitted
from tests.integration.rendi_client import CHAIN, COMMANDS, FILE_FIELDS, RUN, show, submit

NO_Y = "Don't use the -y flag in the command, we handle this internally."
FLAT = make_body(ffmpeg_commands=["-f lavfi -i testsrc -c:v png {{out_clip}}"])
LISTED = {"commands": [make_body()]}
UNUSED_INPUT = make_body(input_files={"in_unused": "https://a.test/clip.mp4"})


async def test_a_submitted_command_waits(client: AsyncClient) -> None:
    shown = await show(client, await submit(client, make_body()))

    assert (shown["status"], shown["output_files"]) == ("QUEUED", {})
    assert shown["queue_position"] == 1


async def test_a_running_command_shows_its_stage(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(hangs=True)
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        with anyio.fail_after(30):
            await executor.started.wait()
        shown = await show(client, command_id)

    assert (shown["status"], shown["processing_stage"]) == ("PROCESSING", "DOWNLOADING")
    assert shown["progress"] == {}


async def test_a_successful_command_shows_its_outputs(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    shown = await show(client, command_id)

    assert (shown["status"], shown["output_files"]["out_clip"].keys()) == ("SUCCESS", FILE_FIELDS)


async def test_an_output_can_be_fetched_without_a_key(
    box: Box, client: AsyncClient, anonymous: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    output = (await show(client, command_id))["output_files"]["out_clip"]

    assert (await anonymous.get(output["storage_url"])).content == b"written by the script"


async def test_a_failed_command_says_why(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(exit_status=1, log="Unknown encoder 'nope'\n")
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    shown = await show(client, command_id)

    assert (shown["status"], shown["error_status"]) == ("FAILED", "FFMPEG_FAILED")
    assert shown["error"] == shown["error_message"]


async def test_the_log_address_leads_to_the_log(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    assert (await client.get((await show(client, command_id))["log_url"])).text == "frame=1\n"


@pytest.mark.parametrize("body", [FLAT, LISTED], ids=["flat", "listed"])
async def test_a_chain_runs_as_one_command(
    box: Box, client: AsyncClient, body: dict[str, object]
) -> None:
    command_id = await submit(client, body, CHAIN)
    await box.work_until_final(command_id)

    shown = await show(client, command_id)

    assert (shown["status"], shown["command_type"]) == ("SUCCESS", "FFMPEG_CHAINED_COMMANDS")
    assert body.items() <= shown["original_request"].items()


async def test_the_step_that_fails_is_named(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(exit_status=1)
    steps = ["-f lavfi -i testsrc a.mp4", "-i a.mp4 {{out_clip}}"]
    command_id = await submit(client, make_body(ffmpeg_commands=steps), CHAIN)
    await box.work_until_final(command_id)

    assert (await show(client, command_id))["error_message"].startswith("Step 1 of 2:")


async def test_a_command_sent_to_rendi_can_be_polled_at_renderio(client: AsyncClient) -> None:
    shown = await renderio.show(client, await submit(client, FLAT, CHAIN))

    assert (shown["command_type"], shown["started_at"]) == ("CHAINED_COMMAND", None)


async def test_a_command_sent_to_renderio_can_be_polled_at_rendi(client: AsyncClient) -> None:
    shown = await show(client, await renderio.submit(client, make_body()))

    assert (shown["command_type"], "started_at" in shown) == ("FFMPEG_COMMAND", False)


async def test_one_command_of_several_is_shown_as_a_single_one(
    box: Box, client: AsyncClient
) -> None:
    job = await submitted(box.queue, command_type=CommandType.MULTIPLE)

    assert (await show(client, job.id))["command_type"] == "FFMPEG_COMMAND"


async def test_a_job_remembers_through_whose_api_it_came(box: Box, client: AsyncClient) -> None:
    job = (await box.report(await submit(client, make_body()))).job

    assert (job.dialect, job.origin) == (Dialect.RENDI, "http://box.test")


async def test_an_input_may_go_unused(client: AsyncClient) -> None:
    refused = await client.post(renderio.RUN, json=UNUSED_INPUT)

    assert refused.status_code == 400
    assert await submit(client, UNUSED_INPUT)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUN, make_body(ffmpeg_command="-y -f lavfi -i testsrc {{out_clip}}")),
        (RUN, make_body(ffmpeg_command="-f lavfi -i testsrc {{out_clip}} -y")),
        (CHAIN, FLAT | {"ffmpeg_commands": ["-i a b.mp4", "-y -i b.mp4 {{out_clip}}"]}),
    ],
    ids=["first", "last", "in a step"],
)
async def test_the_y_flag_is_refused_in_rendis_words(
    shared_client: AsyncClient, path: str, body: dict[str, object]
) -> None:
    refused = await shared_client.post(path, json=body)

    assert (refused.status_code, refused.json()) == (400, {"detail": NO_Y})


async def test_a_y_that_is_no_flag_is_taken(client: AsyncClient) -> None:
    command = "-f lavfi -i testsrc -metadata title=-y -tune -y {{out_clip}}"

    assert await submit(client, make_body(ffmpeg_command=command))


@pytest.mark.parametrize("path", [RUN, CHAIN])
async def test_options_are_applied_and_shown(client: AsyncClient, path: str) -> None:
    options: dict[str, object] = {
        "metadata": {"order": 7, "paid": True, "who": "ann"},
        "webhook_url": "https://hooks.test/done",
        "max_command_run_seconds": "60",
        "vcpu_count": 64,
    }

    shown = await show(client, await submit(client, bodies()[path] | options, path))

    assert (shown["metadata"], shown["vcpu_count"]) == (options["metadata"], LIMITS.vcpus)
    applied = {"max_command_run_seconds": 60, "vcpu_count": LIMITS.vcpus}
    assert shown["original_request"] == bodies()[path] | options | applied


@pytest.mark.parametrize("path", [RUN, CHAIN])
async def test_a_webhook_of_the_command_is_kept_with_the_job(
    box: Box, client: AsyncClient, path: str
) -> None:
    body = bodies()[path] | {"webhook_url": "https://hooks.test/done"}

    job = (await box.report(await submit(client, body, path))).job

    assert job.spec.webhook_url == "https://hooks.test/done"


def bodies() -> dict[str, dict[str, object]]:
    return {RUN: make_body(), CHAIN: FLAT}


async def sent_once(client: AsyncClient, path: str, body: dict[str, object]) -> tuple[int, Any]:
    answered = await client.post(path, json=body, headers={"Idempotency-Key": "order-1"})
    return answered.status_code, answered.json()


@pytest.mark.parametrize("path", [RUN, CHAIN])
async def test_the_same_request_with_the_same_key_runs_once(client: AsyncClient, path: str) -> None:
    first = await sent_once(client, path, bodies()[path])

    assert await sent_once(client, path, bodies()[path]) == first
    assert len((await client.get(COMMANDS)).json()) == 1


async def test_another_request_with_a_used_key_is_a_conflict(client: AsyncClient) -> None:
    await sent_once(client, RUN, make_body())

    status_code, answered = await sent_once(client, RUN, make_body(metadata={"take": 2}))

    assert (status_code, list(answered)) == (409, ["detail"])


async def test_a_key_used_in_one_dialect_is_used_in_the_other(client: AsyncClient) -> None:
    await sent_once(client, RUN, make_body())

    status_code, answered = await sent_once(client, renderio.RUN, make_body())

    assert (status_code, answered["error"]) == (409, "IDEMPOTENCY_CONFLICT")


async def test_somebody_elses_command_looks_like_none(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    command_id = await submit(client, make_body())

    hidden = await stranger.get(f"{COMMANDS}/{command_id}")
    unknown = await stranger.get(f"{COMMANDS}/{NOWHERE}")

    assert (hidden.status_code, hidden.text.replace(command_id, NOWHERE)) == (404, unknown.text)


async def test_an_administrator_sees_anybodys_command(
    client: AsyncClient, admin: AsyncClient
) -> None:
    command_id = await submit(client, make_body())

    assert (await show(admin, command_id))["command_id"] == command_id


async def test_deleting_outputs_keeps_the_record(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)

    deleted = await client.delete(f"{COMMANDS}/{command_id}/files")

    assert (deleted.status_code, deleted.json()) == (200, {"deleted": True, "files_deleted": 1})
    assert files_kept(box) == []
    assert (await show(client, command_id))["output_files"]["out_clip"]["is_deleted"]


async def test_deleting_outputs_twice_is_harmless(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)
    await client.delete(f"{COMMANDS}/{command_id}/files")

    again = await client.delete(f"{COMMANDS}/{command_id}/files")

    assert (again.status_code, again.json()["files_deleted"]) == (200, 0)


async def test_outputs_of_somebody_else_look_like_none(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    command_id = await submit(client, make_body())

    refused = await stranger.delete(f"{COMMANDS}/{command_id}/files")

    assert (refused.status_code, list(refused.json())) == (404, ["detail"])


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.READ, "POST", RUN),
        (Scope.FILES, "POST", CHAIN),
        (Scope.SUBMIT, "GET", COMMANDS),
        (Scope.FILES, "GET", f"{COMMANDS}/{NOWHERE}"),
        (Scope.SUBMIT, "DELETE", f"{COMMANDS}/{NOWHERE}/files"),
    ],
)
async def test_a_key_without_the_scope_is_refused(
    box: Box, app: Litestar, scope: Scope, method: str, path: str
) -> None:
    async with speaking_to(app, await box.key("ann", scope)) as client:
        refused = await client.request(method, path, headers={"Content-Type": "application/json"})

    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
