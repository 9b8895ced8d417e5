"""Which objects no row speaks of, and which rows speak of objects."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from renderio_box.database import orphans
from renderio_box.database.connection import Database
from renderio_box.database.orphans import Maker
from renderio_box.identifiers import FileId, JobId

NAMED_AT_ONCE: Final = 500
MADE_BY: Final = re.compile(r"(?:outputs/../)?([0-9a-f-]{36})-([0-9]{1,9})(?:-.*)?")
"""The key of an output, or the name of a workspace: job and attempt are in both."""


class Expected(msgspec.Struct, frozen=True):
    """Keys under which objects should be, and where to go on; None at the end."""

    keys: Sequence[str]
    last: str | None


class OrphanFinder:
    """Compares keys with rows; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unclaimed(self, keys: Collection[str]) -> set[str]:
        """Return the keys that belong to nothing that is kept, and to no attempt that runs.

        An attempt's outputs get their rows only when it has published all of them. The names
        of workspaces may be among the keys.
        """
        makers = makers_of(keys)
        async with self._database.reading() as tx:
            known = await orphans.list_known(tx, keys)
            running = await orphans.list_running(tx, {each.id for each in makers.values()})
        return {key for key in keys if key not in known and makers.get(key) not in running}

    async def still_known(self, keys: Collection[str]) -> set[str]:
        """Return those of the keys that belong to something that is kept."""
        async with self._database.reading() as tx:
            return await orphans.list_known(tx, keys)

    async def files_after(self, last: str) -> Expected:
        """Return where stored files should be among the next ones, which may all be deleted."""
        async with self._database.reading() as tx:
            named = await orphans.list_files(tx, after=FileId(last), limit=NAMED_AT_ONCE)
        stored = [each.key for each in named if each.is_stored]
        return Expected(stored, named[-1].id if named else None)

    async def segments_after(self, last: str) -> Expected:
        """Return where the next segments of playlists should be."""
        async with self._database.reading() as tx:
            keys = await orphans.list_segments(tx, after=last, limit=NAMED_AT_ONCE)
        return Expected(keys, keys[-1] if keys else None)


def makers_of(keys: Collection[str]) -> Mapping[str, Maker]:
    """Return which attempt made each of the objects that are outputs, by key."""
    matches = {key: MADE_BY.fullmatch(key) for key in keys}
    return {
        key: Maker(JobId(match[1]), int(match[2]))
        for key, match in matches.items()
        if match is not None
    }
