"""Clearing the disk of what nobody will ever ask for, and noticing what is missing there."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import anyio
import msgspec
import structlog

from renderio_box.catalog.orphans import Expected, OrphanFinder
from renderio_box.clock import Clock
from renderio_box.scheduler.keeper import put_off
from renderio_box.scheduler.workspace import Workspaces
from renderio_box.storage.inventory import Found, Inventory
from renderio_box.storage.storage import Storage

log = structlog.get_logger()

TIDIED_EVERY_S: Final = 86_400.0
BETWEEN_PAGES_S: Final = 0.02
GRACE: Final = timedelta(hours=1)
"""How long an object may be without a row: between the two are moments, or a running attempt."""
ARRIVAL_GRACE: Final = timedelta(hours=24)
TICK: Final = timedelta(seconds=1)
"""More than the time of a file lags behind the clock."""
REMOVED_AT_ONCE: Final = 10_000
DOUBTED_ABOVE: Final = 100
"""From so many orphans on it matters whether they are the most of what is stored."""
SHOWN: Final = 5
REASONS: Final = {
    "outputs": "no command has them: their attempt died before it ended, or they were deleted",
    "uploads": "no record has them: the box died while they arrived, or they were deleted",
    "parts": "no upload has them: it ended, or they were sent again",
}


class Survey(msgspec.Struct):
    """What lies in storage: how much, what of it is orphaned, and what the box never made."""

    objects: int = 0
    orphans: list[Found] = msgspec.field(default_factory=list[Found])
    strangers: list[str] = msgspec.field(default_factory=list[str])


class Janitor:
    """Removes orphans: when the box has started, and then daily.

    What is older than this process cannot be in anybody's hands when it starts; later an
    object has to be an hour old. Both times it must belong to no row and no running attempt.
    """

    def __init__(
        self,
        *,
        inventory: Inventory,
        finder: OrphanFinder,
        storage: Storage,
        workspaces: Workspaces,
        clock: Clock,
    ) -> None:
        self._inventory = inventory
        self._finder = finder
        self._storage = storage
        self._workspaces = workspaces
        self._clock = clock
        self._opened_at = clock.now()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self.tidy()
            await anyio.sleep(TIDIED_EVERY_S)

    async def tidy(self) -> None:
        """Look at everything once."""
        with put_off("removing_orphans"):
            await self._remove_orphans()
        with put_off("removing_leftovers"):
            await self._remove_leftovers()
        with put_off("looking_for_files"):
            missing = await self._missing(self._finder.files_after)
            missing += await self._missing(self._finder.segments_after)
            if missing:
                shown = ", ".join(missing[:SHOWN])
                log.warning("objects_missing", count=len(missing), keys=shown)

    async def _remove_orphans(self) -> None:
        survey = await self._survey()
        if survey.strangers:
            shown = ", ".join(survey.strangers[:SHOWN])
            log.warning("strange_files_left", count=len(survey.strangers), names=shown)
        if DOUBTED_ABOVE < len(survey.orphans) > survey.objects // 2:
            log.error(
                "orphans_left",
                count=len(survey.orphans),
                of=survey.objects,
                reason="most of what is stored has no record; is this the right database?",
            )
            return
        for folder, reason in REASONS.items():
            orphans = [each for each in survey.orphans if each.key.startswith(f"{folder}/")]
            await self._remove(orphans, folder=folder, reason=reason)

    async def _survey(self) -> Survey:
        """Compare what is on disk with what the rows speak of, page by page."""
        survey, before = Survey(), self._before(GRACE)
        async for page in self._inventory.pages():
            survey.strangers += [each.key for each in page if not each.is_object]
            objects = [each for each in page if each.is_object]
            survey.objects += len(objects)
            old = {each.key: each for each in objects if each.changed_at < before}
            unclaimed = await self._finder.unclaimed(old)
            survey.orphans += [each for key, each in old.items() if key in unclaimed]
            if len(survey.orphans) >= REMOVED_AT_ONCE:
                break
            await anyio.sleep(BETWEEN_PAGES_S)
        return survey

    async def _remove(self, orphans: Sequence[Found], *, folder: str, reason: str) -> None:
        """Remove objects of one folder that are orphans still, and say so in one line."""
        unclaimed = await self._finder.unclaimed([each.key for each in orphans])
        removed = [each for each in orphans if each.key in unclaimed]
        for each in removed:
            await self._storage.delete(each.key)
        if removed:
            log.info(
                "orphans_removed",
                folder=folder,
                count=len(removed),
                bytes=sum(each.size_bytes for each in removed),
                keys=", ".join(each.key for each in removed[:SHOWN]),
                reason=reason,
            )

    async def _remove_leftovers(self) -> None:
        """Remove what arrived only half, and workspaces that could not be removed before."""
        arrived = await self._inventory.remove_incoming(before=self._before(ARRIVAL_GRACE))
        if arrived:
            log.info("leftovers_removed", what="incoming", count=arrived, reason="nobody writes")
        names = await self._workspaces.names()
        left = await self._finder.unclaimed(names) if names else set[str]()
        count = await self._workspaces.remove(left, before=self._before(GRACE))
        if count:
            log.info("leftovers_removed", what="workspaces", count=count, reason="nothing runs")

    async def _missing(self, after: Callable[[str], Awaitable[Expected]]) -> list[str]:
        """Return keys of rows whose objects are not on disk; the rows stay as they are."""
        missing: list[str] = []
        expected = await after("")
        while expected.last is not None and len(missing) < REMOVED_AT_ONCE:
            absent = await self._inventory.missing(expected.keys)
            missing += sorted(await self._finder.still_known(absent)) if absent else []
            await anyio.sleep(BETWEEN_PAGES_S)
            expected = await after(expected.last)
        return missing

    def _before(self, grace: timedelta) -> datetime:
        now = self._clock.now()
        if now < self._opened_at:  # set back: what is written now bears a time before the start
            return now - grace
        return max(now - grace, self._opened_at - TICK)
