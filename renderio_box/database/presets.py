"""Queries on the ``presets`` table. One statement, one function, no decisions."""

from typing import Final

import msgspec

from renderio_box.database.connection import Row, Transaction, Value, as_text
from renderio_box.identifiers import Owner, PresetId
from renderio_box.jobs.preset import Preset, Recipe

JSON_COLUMNS: Final = ("commands", "inputs", "outputs", "metadata")

INSERT: Final = """
INSERT INTO presets (id, owner, name, description, category, command_type, commands, inputs,
                     outputs, metadata, created_at, updated_at)
VALUES (:id, :owner, :name, :description, :category, :command_type, :commands, :inputs,
        :outputs, :metadata, :created_at, :updated_at)
"""

FIND: Final = "SELECT * FROM presets WHERE id = :id AND (:owner IS NULL OR owner = :owner)"

LIST_ALL: Final = """
SELECT * FROM presets ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
"""

LIST_OWNED: Final = """
SELECT * FROM presets WHERE owner = :owner
 ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
"""

COUNT: Final = """
SELECT count(*) AS count FROM presets WHERE (:owner IS NULL OR owner = :owner)
"""

UPDATE: Final = """
UPDATE presets
   SET name = :name, description = :description, category = :category,
       command_type = :command_type, commands = :commands, inputs = :inputs,
       outputs = :outputs, metadata = :metadata, updated_at = :updated_at
 WHERE id = :id
"""

DELETE: Final = "DELETE FROM presets WHERE id = :id AND (:owner IS NULL OR owner = :owner)"


async def insert(tx: Transaction, preset: Preset) -> None:
    """Store a new preset."""
    await tx.execute(INSERT, as_values(preset))


async def find(tx: Transaction, preset_id: PresetId, *, owner: Owner | None) -> Preset | None:
    """Return the preset; ``owner`` None means: whosever it is."""
    row = await tx.fetch_one(FIND, {"id": preset_id, "owner": owner})
    return None if row is None else as_preset(row)


async def list_newest(
    tx: Transaction, *, owner: Owner | None, limit: int, offset: int
) -> list[Preset]:
    """Return presets, newest first."""
    values: dict[str, Value] = {"limit": limit, "offset": offset}
    if owner is None:
        return [as_preset(row) for row in await tx.fetch_all(LIST_ALL, values)]
    return [as_preset(row) for row in await tx.fetch_all(LIST_OWNED, values | {"owner": owner})]


async def count(tx: Transaction, *, owner: Owner | None) -> int:
    """Return how many presets there are."""
    row = await tx.fetch_one(COUNT, {"owner": owner})
    return 0 if row is None else msgspec.convert(row["count"], int)


async def update(tx: Transaction, preset: Preset) -> None:
    """Store what the preset says now."""
    await tx.execute(UPDATE, as_values(preset))


async def delete(tx: Transaction, preset_id: PresetId, *, owner: Owner | None) -> bool:
    """Remove a preset; False when there is none."""
    return await tx.execute(DELETE, {"id": preset_id, "owner": owner}) == 1


def as_values(preset: Preset) -> dict[str, Value]:
    """Return the columns of a preset."""
    recipe = preset.recipe
    return {
        "id": preset.id,
        "owner": preset.owner,
        "name": recipe.name,
        "description": recipe.description,
        "category": recipe.category,
        "command_type": recipe.command_type,
        "commands": as_json(recipe.commands),
        "inputs": as_json(recipe.inputs),
        "outputs": as_json(recipe.outputs),
        "metadata": as_json(recipe.metadata),
        "created_at": as_text(preset.created_at),
        "updated_at": as_text(preset.updated_at),
    }


def as_json(value: object) -> str:
    """Return ``value`` as JSON text."""
    return msgspec.json.encode(value).decode()


def as_preset(row: Row) -> Preset:
    """Build a preset from its row; raises ``msgspec.ValidationError`` on a corrupt one."""
    decoded = {name: msgspec.json.decode(str(row[name])) for name in JSON_COLUMNS}
    recipe = msgspec.convert({**row, **decoded}, Recipe)
    return msgspec.convert({**row, "recipe": recipe}, Preset)
