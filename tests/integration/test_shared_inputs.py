"""Batches whose commands name the same URLs, from the submit to the last one's end."""

from pathlib import Path

import pytest
from httpx import AsyncClient

from renderio_box.companions import accompanied_by
from renderio_box.queue.history import JobReport
from tests.builders import LIMITS, make_body
from tests.fakes import Answer, Receiver, Script, answer
from tests.integration.box import Box, Outside, open_box, show

MULTIPLE = "/api/v1/run-multiple-ffmpeg-commands"


def reading(*urls: str, cpus: int = 1) -> dict[str, object]:
    """Return the body of a command that reads the URLs and takes that many of four CPUs."""
    aliases = [f"in_{number}" for number in range(len(urls))]
    words = " ".join(f"-i {{{{{alias}}}}}" for alias in aliases)
    return make_body(
        ffmpeg_command=f"{words} {{{{out_clip}}}}",
        input_files=dict(zip(aliases, urls, strict=True)),
        vcpu_count=cpus,
    )


async def submitted(client: AsyncClient, *bodies: dict[str, object]) -> list[str]:
    accepted = await client.post(MULTIPLE, json={"commands": bodies})
    assert accepted.status_code == 202, accepted.text
    return list(accepted.json()["command_ids"])


async def run(box: Box, client: AsyncClient, *bodies: dict[str, object]) -> list[JobReport]:
    """Submit commands together and let them all run to their end."""
    ids = await submitted(client, *bodies)
    async with accompanied_by(box.scheduler.run):
        return [await box.until_final(each) for each in ids]


def shared_files(box: Box) -> list[Path]:
    return [path for path in (box.root / "work").rglob("*") if path.is_file()]


@pytest.mark.parametrize("at_once", [1, 2, 4])
async def test_a_url_of_several_commands_is_downloaded_once(
    box: Box, client: AsyncClient, receiver: Receiver, at_once: int
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")
    body = reading(f"{receiver.url}/clip.mp4", cpus=LIMITS.vcpus // at_once)

    reports = await run(box, client, *[body] * 5)

    assert [report.job.state for report in reports] == ["succeeded"] * 5
    assert box.executor.inputs == [{"in_0.mp4": b"downloaded"}] * 5
    assert len(receiver.requests) == 1


async def test_a_url_of_one_command_is_fetched_for_it_alone(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers = {path: answer(b"x") for path in ("/a.mp4", "/b.mp4", "/c.mp4")}
    a, b, c = (f"{receiver.url}{path}" for path in receiver.answers)

    await run(box, client, reading(a, b), reading(c, b))

    assert len(receiver.requests) == 3


@pytest.mark.usefixtures("without_reflinks")
async def test_a_shared_input_is_no_copy(box: Box, client: AsyncClient, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")

    await run(box, client, *[reading(f"{receiver.url}/clip.mp4", cpus=4)] * 2)

    assert all(count > 1 for links in box.executor.input_links for count in links.values())


async def test_a_shared_input_is_shown_as_it_was_sent(
    client: AsyncClient, receiver: Receiver
) -> None:
    url = f"{receiver.url}/clip.mp4"
    ids = await submitted(client, reading(url), reading(url))

    shown = await show(client, ids[1])

    assert shown["original_request"]["input_files"] == {"in_0": url}


async def test_commands_that_waited_for_a_failed_download_fail_with_it(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = Answer(raw=b"", stays_silent=True)

    reports = await run(box, client, *[reading(f"{receiver.url}/clip.mp4")] * 3)

    assert {report.job.error_message for report in reports} == {
        "in_0 could not be fetched: the server did not answer in time."
    }
    assert len(receiver.requests) == 1


async def test_a_command_that_comes_after_a_failed_download_tries_again(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    body = reading(f"{receiver.url}/clip.mp4", cpus=LIMITS.vcpus)

    await run(box, client, *[body] * 3)

    assert len(receiver.requests) == 3


async def test_nothing_shared_is_kept_when_the_last_command_has_ended(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")

    await run(box, client, *[reading(f"{receiver.url}/clip.mp4")] * 3)

    assert shared_files(box) == []


async def test_what_is_shared_is_kept_while_a_command_waits_for_it(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")
    url = f"{receiver.url}/clip.mp4"
    ids = await submitted(client, reading(url, cpus=4), reading(url, cpus=4))
    box.executor.script = Script(hangs=True)
    async with accompanied_by(box.scheduler.run):
        await box.executor.started.wait()
        await client.post(f"/api/v1/commands/{ids[1]}/cancel")
        await box.scheduler.look()
        while_one_runs = len(shared_files(box))

    assert while_one_runs == 2


async def test_what_is_shared_goes_when_the_last_command_is_cancelled_in_the_queue(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")
    url = f"{receiver.url}/clip.mp4"
    ids = await submitted(client, reading(url, cpus=4), reading(url, cpus=4))
    async with accompanied_by(box.scheduler.run):
        await box.executor.started.wait()
        box.scheduler.drain()
        await box.until_final(ids[0])
    kept = len(shared_files(box))
    await client.post(f"/api/v1/commands/{ids[1]}/cancel")

    await box.scheduler.look()

    assert (kept, shared_files(box)) == (1, [])


async def test_what_a_dead_box_shared_is_swept_at_start(tmp_path: Path, outside: Outside) -> None:
    left = tmp_path / "work" / "shared" / "left"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of something")

    async with open_box(tmp_path, outside) as box:
        assert shared_files(box) == []


async def test_a_command_whose_batch_shares_with_it_is_not_waited_for_by_strangers(
    box: Box, client: AsyncClient, stranger: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")
    body = reading(f"{receiver.url}/clip.mp4")
    ids = await submitted(client, body, body) + await submitted(stranger, body, body)

    async with accompanied_by(box.scheduler.run):
        for each in ids:
            await box.until_final(each)

    assert len(receiver.requests) == 2
