"""What a reader is told who takes the pieces of a stream one by one."""

from collections.abc import Generator
from typing import Any

import pytest

from renderio_box.api.streams import OpenStream, Streams
from renderio_box.api.watch import Watch, told
from renderio_box.jobs.job import Job, Progress, Stage
from renderio_box.wakeup import Announcer
from tests.builders import OWNER
from tests.integration.box import Box
from tests.integration.queue_steps import DONE, LEASE, claimed, submitted
from tests.listening import Block, blocks_of


@pytest.fixture
async def job(box: Box) -> Job:
    await submitted(box.queue)
    return await claimed(box.queue)


@pytest.fixture
def stream(box: Box) -> Generator[OpenStream]:
    with box.parts.streams.opened(is_welcome=lambda: True) as opened:
        yield opened


async def advance(box: Box, job: Job, percent: float) -> None:
    """Let the job be that far, and have the streams look."""
    progress = Progress(percent=percent)
    await box.queue.renew(job, stage=Stage.ENCODING, progress=progress, lease=LEASE)
    await submitted(box.queue)


def percents(blocks: list[Block]) -> list[Any]:
    return [block.data["progress"]["percent"] for block in blocks if block.event == "progress"]


async def test_a_slow_reader_gets_only_the_latest_progress(
    box: Box, job: Job, stream: OpenStream
) -> None:
    pieces = told(Watch(box.history, sees=OWNER, told=0, job_id=job.id), stream)
    await anext(pieces)
    await anext(pieces)
    for percent in (10.0, 20.0, 30.0):
        await advance(box, job, percent)

    assert percents(blocks_of(await anext(pieces))) == [30.0]


async def test_a_slow_reader_gets_every_status_of_its_absence(
    box: Box, job: Job, stream: OpenStream
) -> None:
    pieces = told(Watch(box.history, sees=OWNER, told=0, job_id=job.id), stream)
    await anext(pieces)
    await advance(box, job, 10.0)
    await box.queue.settle(job, DONE)

    rest = [block async for piece in pieces for block in blocks_of(piece)]

    assert [block.status for block in rest] == ["QUEUED", "PROCESSING", "SUCCESS"]


async def test_the_same_progress_is_told_once(box: Box, job: Job) -> None:
    watch = Watch(box.history, sees=OWNER, told=0, job_id=job.id)
    await advance(box, job, 10.0)

    assert percents(blocks_of(await watch.look())) == [10.0]
    assert await watch.look() == b""


async def test_progress_is_told_of_every_running_command(box: Box, job: Job) -> None:
    await submitted(box.queue)
    other = await claimed(box.queue)
    await advance(box, job, 10.0)
    await advance(box, other, 20.0)
    watch = Watch(box.history, sees=OWNER, told=10_000)

    first = percents(blocks_of(await watch.look()))
    await advance(box, other, 30.0)
    second = percents(blocks_of(await watch.look()))

    assert (sorted(first), second) == ([10.0, 20.0], [30.0])


@pytest.mark.usefixtures("job")
async def test_a_page_holds_a_hundred_events_and_no_progress(box: Box) -> None:
    for _ in range(150):
        await submitted(box.queue)
    watch = Watch(box.history, sees=OWNER, told=0)

    first = blocks_of(await watch.look())
    was_behind = watch.is_behind
    second = blocks_of(await watch.look())

    assert ([len(first), was_behind], [len(second), watch.is_behind]) == ([100, True], [53, False])
    assert (percents(first), percents(second)) == ([], [None])


async def test_streams_leave_the_database_alone_for_longer_the_more_there_are() -> None:
    streams = Streams(Announcer(), max_open=100)
    with streams.opened(is_welcome=lambda: True):
        alone = streams.pause_seconds
        with streams.opened(is_welcome=lambda: True):
            together = streams.pause_seconds

    assert (alone, together, streams.pause_seconds) == (0.0025, 0.005, 0.0)
