"""Rows that something other than the box has written to: nothing else suffers from them."""

from typing import Final, LiteralString

import anyio
import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs
from structlog.typing import EventDict

from renderio_box.companions import accompanied_by
from renderio_box.queue.job_queue import EVERY_LEASE
from tests.builders import make_body
from tests.integration.box import FILES, FINAL_WITHIN_S, Box, problem, submit
from tests.integration.queue_steps import claimed

DAMAGES: Final[list[LiteralString]] = [
    "UPDATE jobs SET spec = '{}'",
    "UPDATE jobs SET spec = 'half of it'",
    "UPDATE jobs SET warnings = '7'",
    "UPDATE jobs SET created_at = 'never'",
]


async def write(box: Box, damage: LiteralString) -> None:
    """Write to the database as nobody should."""
    async with box.database.transaction() as tx:
        await tx.execute(damage, {})


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_job_that_cannot_be_read_ends_and_the_next_one_runs(
    box: Box, client: AsyncClient, damage: LiteralString
) -> None:
    damaged = [await submit(client, make_body()) for _ in range(2)]
    await write(box, damage)
    whole = await submit(client, make_body())

    with capture_logs() as lines:
        async with accompanied_by(box.scheduler.run):
            report = await box.until_final(whole)

    async with box.database.reading() as tx:
        rows = await tx.fetch_all("SELECT id, state, error_status FROM jobs", {})
    ends = {row["id"]: (row["state"], row["error_status"]) for row in rows}
    assert report.job.state == "succeeded"
    assert [ends[each] for each in damaged] == [("failed", "INTERNAL_ERROR")] * 2
    assert [line["job"] for line in lines if line["event"] == "job_damaged"] == damaged


async def test_what_the_process_before_was_running_does_not_keep_the_next_from_starting(
    box: Box, client: AsyncClient
) -> None:
    damaged, whole = [await submit(client, make_body()) for _ in range(2)]
    await claimed(box.queue)
    await claimed(box.queue)
    async with box.database.transaction() as tx:
        await tx.execute("UPDATE jobs SET spec = '{}' WHERE id = :id", {"id": damaged})

    rescued = await box.queue.rescue(leases_before=EVERY_LEASE)

    assert [job.id for job in rescued] == [whole]
    assert await box.queue.rescue(leases_before=EVERY_LEASE) == []


async def test_asking_for_a_job_that_cannot_be_read_fails_and_lists_leave_it_out(
    box: Box, client: AsyncClient
) -> None:
    damaged = await submit(client, make_body())
    await write(box, DAMAGES[0])
    whole = await submit(client, make_body())

    listed = await client.get("/api/v1/commands")

    assert problem(await client.get(f"/api/v1/commands/{damaged}")) == (500, "INTERNAL_ERROR")
    assert [each["command_id"] for each in listed.json()["commands"]] == [whole]


async def test_a_file_that_cannot_be_read_does_not_end_the_keeper(
    box: Box, client: AsyncClient
) -> None:
    body = {"url": "http://127.0.0.1:9/clip.mp4"}
    (await client.post(f"{FILES}/store-file", json=body)).raise_for_status()
    await write(box, "UPDATE files SET created_at = 'never'")

    told = anyio.Event()

    def note(_: object, __: str, event: EventDict) -> EventDict:
        if (event["event"], event.get("work")) == ("work_put_off", "claiming"):
            told.set()
        return event

    with capture_logs(processors=[note]):
        async with accompanied_by(box.keeper.run):
            with anyio.fail_after(FINAL_WITHIN_S):
                await told.wait()
