"""What clients receive about presets."""

from datetime import datetime

import msgspec

from renderio_box.identifiers import PresetId
from renderio_box.jobs.job import CommandType, MetadataValue
from renderio_box.jobs.preset import Preset


class PresetView(msgspec.Struct, frozen=True, kw_only=True):
    """A preset; of its command fields one is null. ``input_files`` has the defaults."""

    preset_id: PresetId
    name: str
    description: str | None
    category: str | None
    is_system: bool
    command_type: CommandType
    ffmpeg_command: str | None
    ffmpeg_commands: tuple[str, ...] | None
    input_file_keys: list[str]
    input_files: dict[str, str]
    output_file_definitions: dict[str, str]
    metadata: dict[str, MetadataValue]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, preset: Preset) -> "PresetView":
        """Describe ``preset``."""
        recipe = preset.recipe
        chained = recipe.command_type is CommandType.CHAINED
        return cls(
            preset_id=preset.id,
            name=recipe.name,
            description=recipe.description,
            category=recipe.category,
            is_system=preset.is_system,
            command_type=recipe.command_type,
            ffmpeg_command=None if chained else recipe.commands[0],
            ffmpeg_commands=recipe.commands if chained else None,
            input_file_keys=list(recipe.inputs),
            input_files=recipe.inputs,
            output_file_definitions=recipe.outputs,
            metadata=recipe.metadata,
            created_at=preset.created_at,
            updated_at=preset.updated_at,
        )


class PresetPage(msgspec.Struct, frozen=True):
    """Some of the presets that may be used: the owner's, newest first, then the box's own."""

    presets: list[PresetView]
    limit: int
    offset: int


class DeletedPreset(msgspec.Struct, frozen=True, kw_only=True):
    """A preset that is gone."""

    deleted: bool = True
    preset_id: PresetId
