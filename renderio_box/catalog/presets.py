"""Presets: those that came with the box, and those that its callers made."""

from collections.abc import Callable

from msgspec.structs import replace

from renderio_box.clock import Clock
from renderio_box.database import presets
from renderio_box.database.connection import Database
from renderio_box.errors import BoxError, ErrorCode, NotFoundError
from renderio_box.identifiers import Owner, PresetId, new_id
from renderio_box.jobs.preset import Preset, Recipe
from renderio_box.jobs.recipes import SYSTEM_PRESETS


class SystemPresetError(BoxError):
    """A preset that came with the box can be used, but not changed."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, preset: Preset) -> None:
        super().__init__(
            f"{preset.recipe.name} came with the box and cannot be changed or deleted;"
            " make a preset of your own from it."
        )


class PresetCatalog:
    """All presets. ``sees`` is whose are visible beside the box's own, None for everybody's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, recipe: Recipe, *, owner: Owner) -> Preset:
        """Keep a recipe as a new preset."""
        now = self._clock.now()
        preset = Preset(
            id=PresetId(new_id(now)), owner=owner, recipe=recipe, created_at=now, updated_at=now
        )
        async with self._database.transaction() as tx:
            await presets.insert(tx, preset)
        return preset

    async def find(self, preset_id: PresetId, *, sees: Owner | None) -> Preset:
        """Return a preset; NotFoundError when there is none."""
        if preset_id in SYSTEM_PRESETS:
            return SYSTEM_PRESETS[preset_id]
        async with self._database.reading() as tx:
            return found(await presets.find(tx, preset_id, owner=sees), preset_id)

    async def find_changeable(self, preset_id: PresetId, *, sees: Owner | None) -> Preset:
        """Return a preset that ``change`` would change.

        Raises:
            NotFoundError: There is no such preset.
            SystemPresetError: It came with the box.
        """
        refuse_system(preset_id)
        return await self.find(preset_id, sees=sees)

    async def list(self, *, sees: Owner | None, limit: int, offset: int) -> list[Preset]:
        """Return presets: those of callers, newest first, and after them the box's own."""
        async with self._database.reading() as tx:
            made = await presets.list_newest(tx, owner=sees, limit=limit, offset=offset)
            before = await presets.count(tx, owner=sees)
        own = list(SYSTEM_PRESETS.values())[max(0, offset - before) :]
        return [*made, *own][:limit]

    async def change(
        self, preset_id: PresetId, edit: Callable[[Recipe], Recipe], *, sees: Owner | None
    ) -> Preset:
        """Put what ``edit`` returns in place of a preset's recipe; its errors change nothing.

        Raises:
            NotFoundError: There is no such preset.
            SystemPresetError: It came with the box.
        """
        refuse_system(preset_id)
        async with self._database.transaction() as tx:
            preset = found(await presets.find(tx, preset_id, owner=sees), preset_id)
            changed = replace(preset, recipe=edit(preset.recipe), updated_at=self._clock.now())
            await presets.update(tx, changed)
        return changed

    async def delete(self, preset_id: PresetId, *, sees: Owner | None) -> None:
        """Remove a preset; commands that were made from it stay.

        Raises:
            NotFoundError: There is no such preset.
            SystemPresetError: It came with the box.
        """
        refuse_system(preset_id)
        async with self._database.transaction() as tx:
            if not await presets.delete(tx, preset_id, owner=sees):
                raise NotFoundError(f"There is no preset {preset_id}.")


def found(preset: Preset | None, preset_id: PresetId) -> Preset:
    """Return the preset; NotFoundError when there is none."""
    if preset is None:
        raise NotFoundError(f"There is no preset {preset_id}.")
    return preset


def refuse_system(preset_id: PresetId) -> None:
    """Raise SystemPresetError when the preset came with the box."""
    if preset_id in SYSTEM_PRESETS:
        raise SystemPresetError(SYSTEM_PRESETS[preset_id])
