"""Where a box is killed: the moments between which something becomes durable.

The names follow the way of a job, from its submit to its webhook. Nothing in the product
knows of them: ``tests.faults.server`` wraps the function of one of them in a box that is
started for that, so that the box kills itself there.
"""

import itertools
import os
import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, Final

import msgspec


class Moment(StrEnum):
    """Before the function does anything, or when it has done it and its caller does not know."""

    BEFORE = "before"
    AFTER = "after"


class Checkpoint(msgspec.Struct, frozen=True):
    """A call of a function; ``act`` is what a client does so that it comes to that.

    Without an act it comes at every start, or by itself. ``nth`` is which call it is.
    """

    module: str
    attribute: str
    moment: Moment
    act: str | None = "single"
    nth: int = 1


BEFORE, AFTER = Moment.BEFORE, Moment.AFTER
QUEUE: Final = "renderio_box.queue.job_queue"
OUTBOX: Final = "renderio_box.queue.outbox"
ATTEMPT: Final = "renderio_box.scheduler.attempt"
WORKSPACE: Final = "renderio_box.scheduler.workspace"
GATHER: Final = "renderio_box.scheduler.gather"
TRACKER: Final = "renderio_box.scheduler.tracker"
COLLECT: Final = "renderio_box.scheduler.collect"
PUBLISH: Final = "renderio_box.scheduler.publish"
EXECUTOR: Final = "renderio_box.ffmpeg.local_executor"
STORAGE: Final = "renderio_box.storage.local"
SENDER: Final = "renderio_box.webhooks.sender"
FILES: Final = "renderio_box.catalog.files"
PARTS: Final = "renderio_box.catalog.part_uploads"
ANY_COMMIT: Final = "committed"
"""Whatever it is, and whatever was to follow it."""

CHECKPOINTS: Final[Mapping[str, Checkpoint]] = {
    ANY_COMMIT: Checkpoint("aiosqlite", "Connection.commit", AFTER, None),
    "submit not committed": Checkpoint(QUEUE, "remember", AFTER),
    "submit committed": Checkpoint(QUEUE, "JobQueue.submit", AFTER, "multiple"),
    "cancel committed": Checkpoint(QUEUE, "JobQueue.cancel", AFTER, "cancel"),
    "claimed": Checkpoint(ATTEMPT, "AttemptRunner.run", BEFORE),
    "workspace made": Checkpoint(WORKSPACE, "Workspace.make", AFTER),
    "inputs fetched": Checkpoint(GATHER, "Gatherer.gather", AFTER, "multiple"),
    "FFmpeg started": Checkpoint(EXECUTOR, "until_over", BEFORE),
    "FFmpeg running": Checkpoint(TRACKER, "Tracker.report", BEFORE, "long"),
    "FFmpeg ended": Checkpoint(EXECUTOR, "LocalExecutor.run", AFTER),
    "FFmpeg ended its first step": Checkpoint(EXECUTOR, "LocalExecutor.run", AFTER, "chain"),
    "outputs probed": Checkpoint(PUBLISH, "Publisher.publish", BEFORE),
    "output renamed": Checkpoint(STORAGE, "check_moved", BEFORE),
    "first output published": Checkpoint(STORAGE, "LocalStorage.publish", AFTER),
    "second output published": Checkpoint(STORAGE, "LocalStorage.publish", AFTER, "playlist", 2),
    "all outputs published": Checkpoint(COLLECT, "Collector.collect", AFTER),
    "attempt over": Checkpoint(ATTEMPT, "AttemptRunner.run", AFTER),
    "before settle": Checkpoint(QUEUE, "JobQueue.settle", BEFORE),
    "settle not committed": Checkpoint(QUEUE, "announce_end", AFTER),
    "settle committed": Checkpoint(QUEUE, "JobQueue.settle", AFTER),
    "workspace removed": Checkpoint(ATTEMPT, "AttemptRunner.clear_up", AFTER),
    "delivery sent": Checkpoint(SENDER, "Sender.post", AFTER),
    "delivery settled": Checkpoint(OUTBOX, "Outbox.settle", AFTER),
    "jobs taken back": Checkpoint(QUEUE, "JobQueue.rescue", AFTER, None),
    "work swept": Checkpoint(WORKSPACE, "Workspaces.sweep", AFTER, None),
    "upload published": Checkpoint(FILES, "published", AFTER, "upload"),
    "upload kept": Checkpoint(FILES, "FileCatalog.add_upload", AFTER, "upload"),
    "part kept": Checkpoint(PARTS, "PartUploads.add_part", AFTER, "parts"),
    "parts joined": Checkpoint(PARTS, "published", AFTER, "parts"),
    "parts not removed": Checkpoint(PARTS, "tell_stored", AFTER, "parts"),
    "upload completed": Checkpoint(PARTS, "PartUploads.complete", AFTER, "parts"),
    "deletion committed": Checkpoint(STORAGE, "LocalStorage.delete", BEFORE, "delete"),
}


def found(checkpoint: Checkpoint) -> tuple[Any, str, Callable[..., Any]]:
    """Return what holds the function, the function's name there, and the function.

    Raises:
        AttributeError: There is none of that name any more.
    """
    holder: Any = import_module(checkpoint.module)
    *holders, name = checkpoint.attribute.split(".")
    for each in holders:
        holder = getattr(holder, each)
    return holder, name, getattr(holder, name)


def arm(checkpoint: Checkpoint) -> None:
    """Have this process die at that checkpoint."""
    holder, name, function = found(checkpoint)
    setattr(holder, name, deadly(function, checkpoint))


def deadly(function: Callable[..., Any], checkpoint: Checkpoint) -> Callable[..., Any]:
    """Return the function, except that its process does not survive one of the calls."""
    calls = itertools.count(1)

    def come_to(moment: Moment) -> None:
        if moment is checkpoint.moment and next(calls) == checkpoint.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def called(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        come_to(BEFORE)
        result = function(*arguments, **named)
        come_to(AFTER)
        return result

    async def awaited(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        come_to(BEFORE)
        result = await function(*arguments, **named)
        come_to(AFTER)
        return result

    return awaited if iscoroutinefunction(function) else called
