"""What clients send about presets, and how it becomes recipes and jobs."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from renderio_box.api.requests import Command, Files
from renderio_box.api.work import (
    MAX_METADATA_KEYS,
    Metadata,
    Options,
    Terms,
    Work,
    checked_metadata,
    submission_of,
    texts,
)
from renderio_box.errors import DescriptionError, InvalidRequestError
from renderio_box.jobs.chain import MAX_STEPS
from renderio_box.jobs.command_line import MAX_ALIASES, InvalidCommandError
from renderio_box.jobs.job import CommandType, Submission
from renderio_box.jobs.preset import Preset, Recipe, filled, steps_of

ANY_SOURCE: Final = "https://input.invalid/any"
"""Stands for an input without a default while a preset is checked like a submit."""

NEW: Final = Recipe(name="")

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=2000)]
Category = Annotated[str, Meta(max_length=100)]
Commands = Annotated[list[Command], Meta(min_length=1, max_length=MAX_STEPS)]
Keys = Annotated[list[str], Meta(max_length=MAX_ALIASES)]
Type = Literal["FFMPEG_COMMAND", "CHAINED_COMMAND"]


class PresetFields(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said about a preset. Unknown fields are ignored.

    Files are named in either form: ``input_file_keys`` with ``output_file_definitions``, or
    ``input_files``, whose values are defaults unless empty, with ``output_files``.
    """

    description: Description | UnsetType | None = UNSET
    category: Category | UnsetType | None = UNSET
    command_type: Type | None = None
    ffmpeg_command: Command | None = None
    ffmpeg_commands: Commands | None = None
    input_file_keys: Keys | None = None
    output_file_definitions: Files | None = None
    input_files: Files | None = None
    output_files: Files | None = None
    metadata: Metadata | UnsetType | None = UNSET


class NewPreset(PresetFields, frozen=True, kw_only=True):
    """A preset to be kept: a name, a command or several, and the files that they name."""

    name: Name


class PresetChange(PresetFields, frozen=True, kw_only=True):
    """What is to change about a preset; what is left out stays."""

    name: Name | UnsetType = UNSET


Change = NewPreset | PresetChange


class Execution(Options, frozen=True, kw_only=True):
    """What a preset leaves open: a source for each input that has no default.

    ``output_files`` gives outputs of the preset other names; ``metadata`` is added to the
    preset's and wins over it.
    """

    input_files: Files | None = None
    output_files: Files | None = None

    def to_submission(self, preset: Preset, sent: Mapping[str, object], terms: Terms) -> Submission:
        """Return the preset, filled in, as a job to be queued; ``sent`` is the body as it came.

        Raises:
            DescriptionError: The inputs are not exactly those of the preset.
            InvalidCommandError: The outputs' new names do not fit.
            InvalidRequestError: A source is none, or a number is over a limit.
        """
        recipe = filled(
            preset.recipe,
            inputs=texts(self.input_files or {}, field="input_files"),
            outputs=texts(self.output_files or {}, field="output_files"),
            metadata=checked_metadata(self.metadata or {}),
        )
        if len(recipe.metadata) > MAX_METADATA_KEYS:
            raise InvalidRequestError(
                f"metadata has {len(recipe.metadata)} keys together with the preset's;"
                f" at most {MAX_METADATA_KEYS} are kept.",
                loc=("metadata",),
            )
        options = replace(self, metadata=recipe.metadata)
        effective = {**sent, **body_of(recipe), "preset_id": preset.id}
        return submission_of(work_of(recipe), options, effective, terms)


def edited(recipe: Recipe, change: Change, terms: Terms) -> Recipe:
    """Return the changed recipe; it would be accepted if it were submitted.

    Raises:
        DescriptionError: It would not, or the change contradicts itself; ``loc`` is the
            field as the caller calls it.
    """
    if change == PresetChange():
        raise DescriptionError("The body changes nothing; send at least one field of a preset.")
    with refusing(recipe, change):
        changed = with_change(recipe, change)
        trial_of(changed, terms)
    return changed


def trial_of(recipe: Recipe, terms: Terms) -> Submission:
    """Return the job that the recipe makes, with any source where it has no default.

    Raises:
        InvalidCommandError, InvalidRequestError: It would be refused at submit.
    """
    sources = {alias: source or ANY_SOURCE for alias, source in recipe.inputs.items()}
    return submission_of(work_of(replace(recipe, inputs=sources)), Options(), {}, terms)


@contextmanager
def refusing(recipe: Recipe, change: Change) -> Generator[None]:
    """Turn what would be refused at submit into a DescriptionError about the change's fields."""
    try:
        yield
    except (InvalidCommandError, InvalidRequestError) as error:
        names = field_names(recipe, change)
        text = re.sub(r"\w+", lambda word: names.get(word[0], word[0]), str(error))
        loc = tuple(names.get(part, part) for part in error.loc[:1]) + error.loc[1:]
        raise DescriptionError(text, loc=loc) from error


def field_names(recipe: Recipe, change: Change) -> dict[str, str]:
    """Return how the change calls what a submit calls otherwise."""
    chained = change.ffmpeg_command is None and (
        change.ffmpeg_commands is not None or recipe.command_type is CommandType.CHAINED
    )
    return {
        "ffmpeg_command": "ffmpeg_commands" if chained else "ffmpeg_command",
        "input_files": "input_file_keys" if change.input_files is None else "input_files",
        "output_files": (
            "output_file_definitions" if change.output_files is None else "output_files"
        ),
    }


def with_change(recipe: Recipe, change: Change) -> Recipe:
    """Return the recipe with everything that was sent in place of what was there."""
    command_type, commands = commands_of(recipe, change)
    metadata = recipe.metadata
    if change.metadata is not UNSET:
        metadata = checked_metadata(change.metadata or {})
    return Recipe(
        name=recipe.name if change.name is UNSET else change.name,
        description=recipe.description if change.description is UNSET else change.description,
        category=recipe.category if change.category is UNSET else change.category,
        command_type=command_type,
        commands=commands,
        inputs=inputs_of(recipe, change),
        outputs=outputs_of(recipe, change),
        metadata=metadata,
    )


def commands_of(recipe: Recipe, change: Change) -> tuple[CommandType, tuple[str, ...]]:
    """Return what is to be run; DescriptionError when that is nothing, or not of the type sent."""
    command_type, commands = recipe.command_type, recipe.commands
    if change.ffmpeg_command is not None and change.ffmpeg_commands is not None:
        raise DescriptionError(
            "ffmpeg_command and ffmpeg_commands exclude each other; send one of them.",
            loc=("ffmpeg_commands",),
        )
    if change.ffmpeg_command is not None:
        command_type, commands = CommandType.SINGLE, (change.ffmpeg_command,)
    if change.ffmpeg_commands is not None:
        command_type, commands = CommandType.CHAINED, tuple(change.ffmpeg_commands)
    wanted = CommandType(change.command_type or command_type)
    if wanted is not command_type or not commands:
        field = "ffmpeg_commands" if wanted is CommandType.CHAINED else "ffmpeg_command"
        raise DescriptionError(f"{field} is required when command_type is {wanted}.", loc=(field,))
    return command_type, commands


def inputs_of(recipe: Recipe, change: Change) -> dict[str, str]:
    """Return the inputs with their defaults; keys alone keep the defaults that there were.

    A preset is shown in both forms, so whoever sends it back changed may have changed but
    one of them: what is sent as it was shown does not count.
    """
    keys, files = change.input_file_keys, change.input_files
    if keys is not None and files is not None and files.keys() != set(keys):
        if files == recipe.inputs:
            files = None
        elif keys != list(recipe.inputs):
            raise DescriptionError(
                "input_files and input_file_keys name different inputs; send one of them.",
                loc=("input_files",),
            )
    if files is not None:
        return texts(files, field="input_files")
    return recipe.inputs if keys is None else {key: recipe.inputs.get(key, "") for key in keys}


def outputs_of(recipe: Recipe, change: Change) -> dict[str, str]:
    """Return the outputs with their file names."""
    if change.output_file_definitions is not None and change.output_files is not None:
        raise DescriptionError(
            "output_file_definitions and output_files exclude each other; send one of them.",
            loc=("output_files",),
        )
    if change.output_file_definitions is not None:
        return texts(change.output_file_definitions, field="output_files")
    if change.output_files is not None:
        return texts(change.output_files, field="output_files")
    return recipe.outputs


def work_of(recipe: Recipe) -> Work:
    """Return what the recipe, with a source for every input, has to be done."""
    return Work(
        command_type=recipe.command_type,
        steps=steps_of(recipe),
        inputs=recipe.inputs,
        outputs=recipe.outputs,
    )


def body_of(recipe: Recipe) -> dict[str, object]:
    """Return the body with which the recipe could have been submitted."""
    if recipe.command_type is CommandType.CHAINED:
        commands: dict[str, object] = {"ffmpeg_commands": list(recipe.commands)}
    else:
        commands = {"ffmpeg_command": recipe.commands[0]}
    return {
        **commands,
        "input_files": recipe.inputs,
        "output_files": recipe.outputs,
        "metadata": recipe.metadata,
    }
