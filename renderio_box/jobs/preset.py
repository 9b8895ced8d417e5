"""Presets: saved commands, and filling in what they leave open."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from renderio_box.errors import DescriptionError
from renderio_box.identifiers import Owner, PresetId
from renderio_box.jobs.chain import parse_steps
from renderio_box.jobs.command_line import parse, shortened
from renderio_box.jobs.job import CommandType, MetadataValue


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a preset does.

    ``commands`` are several only for a chain. ``inputs`` has for every alias the source to
    take when the caller gives none, empty where one must be given.
    """

    name: str
    description: str | None = None
    category: str | None = None
    command_type: CommandType = CommandType.SINGLE
    commands: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    metadata: dict[str, MetadataValue] = {}


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe that is kept; ``owner`` None means that it comes with the box."""

    id: PresetId
    owner: Owner | None
    recipe: Recipe
    created_at: datetime
    updated_at: datetime

    @property
    def is_system(self) -> bool:
        """Tell whether everybody may use it and nobody change it."""
        return self.owner is None


def steps_of(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    """Split the recipe's commands into arguments.

    Raises:
        InvalidCommandError: One cannot be split; that of a chain is named.
    """
    if recipe.command_type is CommandType.CHAINED:
        return parse_steps(recipe.commands)
    return tuple(parse(command) for command in recipe.commands)


def filled(
    recipe: Recipe,
    *,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    metadata: Mapping[str, MetadataValue],
) -> Recipe:
    """Return the recipe with a source for every input, and what else the caller changes.

    ``outputs`` are other names for outputs of the recipe; ``metadata`` is added to the
    recipe's own and wins over it.

    Raises:
        DescriptionError: Inputs are missing, or there are aliases that the recipe lacks.
    """
    defaults = {alias: source for alias, source in recipe.inputs.items() if source}
    given = defaults | dict(inputs)
    check_inputs(given, recipe)
    if strange := sorted(outputs.keys() - recipe.outputs.keys()):
        raise DescriptionError(
            f"This preset has no output {listed(strange)}; its outputs are"
            f" {listed(recipe.outputs)}.",
            loc=("output_files", strange[0]),
        )
    return replace(
        recipe,
        inputs={alias: given[alias] for alias in recipe.inputs},
        outputs=recipe.outputs | dict(outputs),
        metadata=recipe.metadata | dict(metadata),
    )


def check_inputs(given: Mapping[str, str], recipe: Recipe) -> None:
    """Refuse inputs that are not exactly those of the recipe."""
    missing = sorted(recipe.inputs.keys() - given.keys())
    strange = sorted(given.keys() - recipe.inputs.keys())
    faults = [
        *([f"lacks {listed(missing)}"] if missing else []),
        *([f"has {listed(strange)}, which this preset does not use"] if strange else []),
    ]
    if faults:
        known = listed(recipe.inputs) if recipe.inputs else "none"
        raise DescriptionError(
            f"input_files {' and '.join(faults)}; the inputs of this preset are: {known}.",
            loc=("input_files", (missing + strange)[0]),
        )


def listed(aliases: list[str] | Mapping[str, str]) -> str:
    """Return aliases as they stand in a sentence."""
    return ", ".join(shortened(alias) for alias in aliases)
