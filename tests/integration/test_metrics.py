"""What monitoring reads of a box."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from renderio_box.api import observatory
from renderio_box.companions import accompanied_by
from renderio_box.database.connection import SqliteDatabase, open_sqlite
from renderio_box.identifiers import Owner
from renderio_box.queue.survey import Surveyor
from tests.builders import make_body
from tests.fakes import Receiver, answer
from tests.integration.box import COMMANDS, RUN, Box, submit, upload
from tests.integration.queue_steps import interrupted, submitted
from tests.integration.webhook_steps import ended
from tests.planting import plant_commands, plant_waiting

METRICS = "/metrics"
MANY = 10_000


async def scraped(box: Box, client: AsyncClient) -> dict[str, float]:
    """Return every sample by its name and its labels, as they stand now."""
    box.clock.advance(observatory.KEPT_SECONDS)
    answered = await client.get(METRICS)
    assert answered.status_code == 200, answered.text
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answered.text)
        for sample in family.samples
    }


async def test_figures_need_no_key(anonymous: AsyncClient) -> None:
    answered = await anonymous.get(METRICS)

    assert answered.status_code == 200
    assert answered.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answered.headers["Cache-Control"] == "no-store"


async def test_who_asks_for_open_metrics_gets_it(anonymous: AsyncClient) -> None:
    answered = await anonymous.get(METRICS, headers={"Accept": "application/openmetrics-text"})

    assert answered.headers["Content-Type"].startswith("application/openmetrics-text; version=1")
    assert answered.text.endswith("# EOF\n")


async def test_a_header_that_is_nonsense_changes_nothing(anonymous: AsyncClient) -> None:
    for accept in ("text/plain;version=x.y", "application/openmetrics-text;version=-1.q", ";;,"):
        assert (await anonymous.get(METRICS, headers={"Accept": accept})).status_code == 200


async def test_the_life_of_commands_is_counted(box: Box, client: AsyncClient) -> None:
    done = await submit(client, make_body())
    box.clock.advance(3)
    await box.work_until_final(done)
    box.executor.script.exit_status = 1
    failed = await submit(client, make_body())
    await box.work_until_final(failed)
    waits = await submit(client, make_body())
    await client.post(f"{COMMANDS}/{waits}/cancel")
    await submit(client, make_body())
    box.clock.advance(7)

    shown = await scraped(box, client)

    wanted = {
        "renderio_box_jobs_accepted_total": 4,
        "renderio_box_job_attempts_total": 2,
        "renderio_box_jobs_ended_total succeeded": 1,
        "renderio_box_jobs_ended_total failed": 1,
        "renderio_box_jobs_ended_total cancelled": 1,
        "renderio_box_job_failures_total CANCELLED": 1,
        "renderio_box_job_failures_total TIMEOUT": 0,
        "renderio_box_job_run_seconds_count": 2,
        "renderio_box_job_wait_seconds_count": 2,
        "renderio_box_job_wait_seconds_sum": 3,
        "renderio_box_jobs queued": 1,
        "renderio_box_jobs running": 0,
        "renderio_box_jobs succeeded": 1,
        "renderio_box_jobs_oldest_waiting_seconds": 8,
        "renderio_box_database_answers": 1,
        "renderio_box_vcpus_used": 0,
    }
    assert {name: shown[name] for name in wanted} == wanted


async def test_an_interrupted_command_waits_again(box: Box, client: AsyncClient) -> None:
    await submitted(box.queue)
    await interrupted(box.queue)

    shown = await scraped(box, client)

    assert shown["renderio_box_jobs waiting_again"] == 1
    assert shown["renderio_box_jobs running"] == 0
    assert shown["renderio_box_job_interruptions_total died"] == 1


async def test_traffic_is_counted_by_route(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"x" * 1000)
    await client.get(str(stored["storage_url"]))
    await client.get(f"{COMMANDS}/nobody-s-{stored['file_id']}")
    await client.get("/elsewhere?secret")

    shown = await scraped(box, client)

    assert shown["renderio_box_http_requests_total GET /files/{token}/{path} 2xx"] == 1
    assert shown["renderio_box_http_requests_total GET /api/v1/commands/{command_id} 4xx"] == 1
    assert shown["renderio_box_http_requests_total GET other 4xx"] == 1
    assert shown["renderio_box_http_sent_bytes_total /files/{token}/{path}"] == 1000
    assert shown["renderio_box_http_received_bytes_total /api/v1/files/upload"] > 1000
    assert shown["renderio_box_storage_written_bytes_total"] == 1000
    assert shown["renderio_box_storage_used_bytes"] == 1000


async def test_no_figure_tells_of_anybody(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, name="my-film.mp4")
    command_id = await submit(client, make_body(metadata={"order": "A-17"}))
    await client.get(f"{COMMANDS}/{command_id}")

    text = (await client.get(METRICS)).text

    told = ("ann", "my-film", "A-17", "clip.mp4", command_id, str(stored["file_id"]), str(box.root))
    assert [each for each in told if each in text] == []


async def test_webhooks_are_counted(box: Box, client: AsyncClient, receiver: Receiver) -> None:
    receiver.answers["/in"] = answer(b"")
    await ended(client, webhook_url=f"{receiver.url}/in")
    waiting = await scraped(box, client)

    async with accompanied_by(box.dispatcher.run):
        recorded = box.outbox.next_record
        with anyio.fail_after(30):
            await recorded.wait()
    sent = await scraped(box, client)

    assert waiting["renderio_box_webhook_deliveries_pending"] == 1
    assert sent["renderio_box_webhook_deliveries_pending"] == 0
    assert sent["renderio_box_webhook_attempts_total delivered"] == 1


async def test_a_drained_box_says_so(box: Box, client: AsyncClient) -> None:
    box.parts.gate.drain()

    assert (await scraped(box, client))["renderio_box_queue_drained"] == 1


class SlowDatabase:
    """A database whose turn never comes."""

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[None]:
        await anyio.sleep_forever()
        yield


async def test_a_database_that_does_not_answer_holds_up_no_scrape(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(client, make_body())
    await scraped(box, client)
    monkeypatch.setattr(observatory, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(box.parts.observatory, "_surveyor", Surveyor(SlowDatabase()))

    with anyio.fail_after(10):
        shown = await scraped(box, client)

    assert shown["renderio_box_database_answers"] == 0
    assert "renderio_box_jobs queued" not in shown
    assert shown["renderio_box_jobs_accepted_total"] == 1


class CountingSurveyor(Surveyor):
    """Counts how often it is asked."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database)
        self.asked = 0

    async def survey(self):
        self.asked += 1
        return await super().survey()


async def test_who_scrapes_at_the_same_time_shares_one_look(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyor = CountingSurveyor(box.database)
    monkeypatch.setattr(box.parts.observatory, "_surveyor", surveyor)

    async with anyio.create_task_group() as scraping:
        for _ in range(20):
            scraping.start_soon(client.get, METRICS)
    box.clock.advance(observatory.KEPT_SECONDS)
    await client.get(METRICS)

    assert surveyor.asked == 2


async def test_a_full_disk_does_not_hide_the_figures(full_box: Box) -> None:
    shown = (await full_box.parts.observatory.exposition(is_open=False)).text.decode()

    assert "renderio_box_disk_free_bytes" in shown


async def test_a_survey_adds_up(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "box.sqlite3"):
        pass
    plant_commands(tmp_path, 30)
    plant_waiting(tmp_path, 20, owner=Owner("ann"))
    with sqlite3.connect(tmp_path / "box.sqlite3") as connection:
        connection.execute("UPDATE deliveries SET status='pending', due_at='x', finished_at=NULL")
    connection.close()

    async with open_sqlite(tmp_path / "box.sqlite3") as database:
        found = await Surveyor(database).survey()

    assert found.jobs == {
        "queued": 20,
        "running": 0,
        "succeeded": 30,
        "failed": 0,
        "cancelled": 0,
        "waiting_again": 0,
    }
    assert (found.pending_deliveries, found.oldest_at is not None) == (30, True)


async def test_a_request_is_refused_under_a_name_of_a_stranger(anonymous: AsyncClient) -> None:
    answered = await anonymous.get(METRICS, headers={"Host": "evil.example.com"})

    assert answered.status_code == 400
    assert (await anonymous.get(RUN)).status_code == 405
