"""Below how much free space running jobs are ended, and which of them."""

from collections.abc import Callable
from typing import Final, Self

import anyio
import msgspec
from anyio import to_thread

from renderio_box.ffmpeg.executor import Effort

FULL_BYTES: Final = 256 * 1024
"""A disk with no more than this left has refused somebody something, or is about to."""
SPARED_S: Final = 5.0
"""How long the others are spared after one was ended: so soon its files are gone."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has written at a moment, in seconds, and what the disk had free then.

    ``named_bytes`` are those in its directories, ``written_bytes`` all that its processes
    ever wrote, None where nobody asked: files without a name are among these only.
    """

    at: float
    named_bytes: int
    written_bytes: int | None
    room_bytes: int


class Greed(msgspec.Struct, frozen=True, order=True):
    """How fast a run takes the disk, in bytes a second; the greater is ended first.

    No run can have taken more than the disk has lost meanwhile, however much it wrote
    over what was there.
    """

    taken: float = 0.0
    named: float = 0.0


def greed_between(before: Sample, now: Sample) -> Greed:
    """Return how fast a run has taken the disk between two looks."""
    seconds = max(now.at - before.at, 0.001)
    named = max(now.named_bytes - before.named_bytes, 0)
    wrote = named
    if before.written_bytes is not None and now.written_bytes is not None:
        wrote = max(named, now.written_bytes - before.written_bytes)
    lost = max(before.room_bytes - now.room_bytes, 0)
    return Greed(min(wrote, lost) / seconds, named / seconds)


class Floor:
    """The free space that running jobs leave alone, one for all of them.

    ``room_bytes`` tells what is free above the operator's reserve; half of that reserve is
    for what runs already.
    """

    def __init__(self, room_bytes: Callable[[], int], *, reserve_bytes: int) -> None:
        self.room_bytes = room_bytes
        self.lowest_bytes = reserve_bytes // 2
        self._full_room_bytes = FULL_BYTES - reserve_bytes
        self._lowest_room_bytes = self.lowest_bytes - reserve_bytes
        self._greed: dict[object, Greed] = {}
        self._spared_until = 0.0

    def must_end(self, run: object, before: Sample, now: Sample) -> bool:
        """Tell whether this is the run to end: the disk is below, and none takes it faster."""
        self._greed[run] = greed = greed_between(before, now)
        is_below = now.room_bytes < self._lowest_room_bytes
        is_greediest = greed.taken > 0 and greed >= max(self._greed.values())
        if not is_below or not is_greediest or now.at < self._spared_until:
            return False
        self._spared_until = now.at + SPARED_S
        return True

    def is_full(self, room_bytes: int) -> bool:
        """Tell whether the disk has no room at all, the reserve included."""
        return room_bytes <= self._full_room_bytes

    def forget(self, run: object) -> None:
        """Leave a run out of the comparison that has ended, or cannot be blamed any more."""
        self._greed.pop(run, None)


class Appetite:
    """One run before the floor; leave the block when it has ended."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._before: Sample | None = None
        self._saw_it_full = False

    def __enter__(self) -> Self:
        """Take the run into the comparison, from its next look on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the run out of the comparison from now on."""
        self._floor.forget(self)

    async def is_too_great(self, named_bytes: int, effort: Callable[[], Effort]) -> bool:
        """Look at the disk; tell whether the run is to be ended for its sake.

        Its effort is asked for only while the reserve is touched. A run whose files have no
        name is blamed at the second look at that.
        """
        room_bytes = await self._look()
        is_touched = room_bytes < 0
        spent = await to_thread.run_sync(effort, abandon_on_cancel=True) if is_touched else None
        now = Sample(
            at=anyio.current_time(),
            named_bytes=named_bytes,
            written_bytes=None if spent is None else spent.written_bytes,
            room_bytes=room_bytes,
        )
        before, self._before = self._before or now, now
        return self._floor.must_end(self, before, now)

    async def has_seen_it_full(self) -> bool:
        """Look once more; tell whether the disk had no room at this look or one before."""
        await self._look()
        return self._saw_it_full

    async def _look(self) -> int:
        room_bytes = await to_thread.run_sync(self._floor.room_bytes)
        self._saw_it_full = self._saw_it_full or self._floor.is_full(room_bytes)
        return room_bytes
