"""What tests of the queue do with it, step by step."""

from datetime import timedelta

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Failed, Job, Succeeded
from renderio_box.jobs.room import Room
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from tests.builders import OWNER, make_submission

ROOM = Room(vcpus=4)
LEASE = timedelta(seconds=60)
DONE = Succeeded(outputs=(), run_seconds=1.0, log="fine")
BROKEN = Failed(status=ErrorStatus.FFMPEG_FAILED, message="It broke.")


async def submitted(queue: JobQueue, **changes: object) -> Job:
    return (await queue.submit([make_submission(**changes)], owner=OWNER, sees=OWNER))[0]


async def claimed(queue: JobQueue) -> Job:
    job = await queue.claim(ROOM, lease=LEASE)
    assert job is not None
    return job


async def interrupted(queue: JobQueue) -> Job:
    """Claim the next job and let its process die."""
    await claimed(queue)
    (job,) = await queue.rescue(leases_before=EVERY_LEASE)
    return job
