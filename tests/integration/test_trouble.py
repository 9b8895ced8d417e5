"""A database that cannot write, and a disk without room, while jobs come and go."""

import errno

import anyio
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from tests.builders import make_body
from tests.fakes import Script, ScriptedExecutor, TroubledDatabase
from tests.integration.box import RUN, Box, files_kept, problem, submit
from tests.integration.queue_steps import claimed

MOST_SUBMITS = 200


def troubled(box: Box, *, in_trouble: bool) -> TroubledDatabase:
    """Put a database between the queue and the box's own that can refuse to write."""
    database = TroubledDatabase(box.database, in_trouble=in_trouble)
    box.queue._database = database  # pyright: ignore[reportPrivateUsage]
    return database


async def test_a_database_in_trouble_does_not_end_the_scheduler(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    database = troubled(box, in_trouble=True)

    async with accompanied_by(box.scheduler.run):
        await database.refused.wait()
        database.in_trouble = False
        report = await box.until_final(command_id)

    assert (report.job.state, report.job.attempt) == ("succeeded", 1)


async def test_what_cannot_be_settled_at_once_is_settled_later(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    database = troubled(box, in_trouble=False)
    executor.script = Script(havoc=lambda _: setattr(database, "in_trouble", True))
    command_id = await submit(client, make_body())

    async with accompanied_by(box.scheduler.run):
        await database.refused.wait()
        database.in_trouble = False
        report = await box.until_final(command_id)

    assert (report.job.state, report.job.attempt, len(files_kept(box))) == ("succeeded", 1, 1)


async def test_jobs_of_the_process_before_are_taken_over_when_that_can_be_written(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    await claimed(box.queue)
    database = troubled(box, in_trouble=True)

    async with accompanied_by(box.scheduler.take_over):
        await database.refused.wait()
        assert not box.scheduler.has_taken_over.is_set()
        database.in_trouble = False
        await box.scheduler.has_taken_over.wait()

    report = await box.report(command_id)
    assert (report.job.state, report.job.interruptions) == ("queued", 1)


async def test_a_box_that_is_to_stop_does_not_insist_on_taking_over(box: Box) -> None:
    database = troubled(box, in_trouble=True)

    async with anyio.create_task_group() as group:
        group.start_soon(box.scheduler.take_over)
        await database.refused.wait()
        box.scheduler.drain()


async def test_a_disk_without_room_fails_the_command_that_needed_it(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(error=OSError(errno.ENOSPC, "No space left on device"))
    failed = await box.work_until_final(await submit(client, make_body()))
    executor.script = Script()
    next_one = await box.work_until_final(await submit(client, make_body()))

    assert (failed.job.error_status, failed.job.error_message) == (
        "STORAGE_FULL",
        "The disk was full while the command ran.",
    )
    assert next_one.job.state == "succeeded"


async def test_want_of_space_is_told_when_several_things_went_wrong_at_once(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    full = OSError(errno.EDQUOT, "Disk quota exceeded")
    executor.script = Script(error=ExceptionGroup("two", [ValueError(), full]))

    failed = await box.work_until_final(await submit(client, make_body()))

    assert failed.job.error_status == "STORAGE_FULL"


async def test_a_database_without_room_answers_503(box: Box, client: AsyncClient) -> None:
    connection = box.database._connection
    async with connection.execute("PRAGMA page_count") as cursor:
        (pages,) = tuple(await cursor.fetchone() or ())
    await connection.execute(f"PRAGMA max_page_count = {pages}")

    answers = [await client.post(RUN, json=make_body())]
    while answers[-1].status_code == 202 and len(answers) < MOST_SUBMITS:
        answers.append(await client.post(RUN, json=make_body()))
    await connection.execute(f"PRAGMA max_page_count = {pages + 1000}")

    assert problem(answers[-1]) == (503, "STORAGE_FULL")
    assert "Retry-After" in answers[-1].headers
    assert (await client.post(RUN, json=make_body())).status_code == 202
