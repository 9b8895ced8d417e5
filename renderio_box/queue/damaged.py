"""Jobs whose record cannot be read: they end alone, and nobody waits behind them."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from renderio_box.clock import Clock
from renderio_box.database import jobs, needed_files
from renderio_box.database.connection import Database
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.queue.herald import Herald

T = TypeVar("T")

REASON: Final = "The record of this command in the database is damaged, so it was given up."


async def past_damaged(
    work: Callable[[], Awaitable[T]], database: Database, clock: Clock, herald: Herald
) -> T:
    """Return what the work comes to once every damaged job in its way has been given up.

    Nothing else can be known of such a job, so neither event nor webhook tells of its end.

    Raises:
        DamagedJobError: A damaged job is in the way that has ended.
    """
    while True:
        try:
            return await work()
        except jobs.DamagedJobError as error:
            async with database.transaction() as tx:
                if not await jobs.end_damaged(
                    tx,
                    error.job_id,
                    error_status=ErrorStatus.INTERNAL_ERROR,
                    error_message=REASON,
                    now=clock.now(),
                ):
                    raise
                await needed_files.delete_of_job(tx, error.job_id)
            herald.gave_up(error.job_id, reason=str(error))
