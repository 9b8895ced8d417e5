"""Chains: steps that share one working directory and may use each other's outputs."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from renderio_box.jobs.command_line import (
    MAX_ALIAS_LENGTH,
    InvalidCommandError,
    bind,
    check_use,
    normalized,
    parse,
    placeholder_of,
    placeholders,
)

MAX_STEPS: Final = 10


class Step(msgspec.Struct, frozen=True):
    """One step as its caller wrote it, with the files that it alone declares."""

    command: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


class Chain(msgspec.Struct, frozen=True):
    """Steps with one set of files for all of them."""

    steps: tuple[tuple[str, ...], ...]
    inputs: dict[str, str]
    outputs: dict[str, str]


def parse_steps(commands: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Split every step's command; InvalidCommandError names the step at fault."""
    return tuple(parse_step(command, number) for number, command in enumerate(commands, start=1))


def parse_step(command: str, number: int) -> tuple[str, ...]:
    """Split one step's command; ``number`` counts from 1."""
    try:
        return parse(command)
    except InvalidCommandError as error:
        raise in_step(error, number, field="ffmpeg_commands") from error


def joined(steps: Sequence[Step]) -> Chain:
    """Return steps that declare files of their own as a chain with files in common.

    An input that another step calls by the same name, but takes from elsewhere, gets a
    name of its own; one whose source is ``{{out_x}}`` becomes that earlier output.

    Raises:
        InvalidCommandError: Names the step that uses what it does not declare, declares
            what it does not use, or calls an output as an earlier step does.
    """
    chain = Chain((), {}, {})
    for number, step in enumerate(steps, start=1):
        try:
            chain = extended(chain, step, number)
        except InvalidCommandError as error:
            raise in_step(error, number, field="commands") from error
    return chain


def extended(chain: Chain, step: Step, number: int) -> Chain:
    """Return the chain with one more step."""
    arguments = parse(step.command)
    check_use(
        placeholders(arguments) - (chain.outputs.keys() - step.outputs.keys()),
        inputs=step.inputs,
        outputs=step.outputs,
        allow_unused_inputs=False,
    )
    if again := chain.outputs.keys() & step.outputs.keys():
        raise InvalidCommandError(
            f"{min(again)} is an output of an earlier step; give it another alias.",
            loc=("output_files", min(again)),
        )
    names = {alias: alias for alias in (*chain.outputs, *step.outputs)}
    inputs = dict(chain.inputs)
    for alias, source in step.inputs.items():
        names[alias] = name_of(alias, step, chain, number)
        if names[alias] not in chain.outputs:
            inputs[names[alias]] = source
    renamed = bind(arguments, {alias: f"{{{{{name}}}}}" for alias, name in names.items()})
    return Chain((*chain.steps, renamed), inputs, {**chain.outputs, **step.outputs})


def name_of(alias: str, step: Step, chain: Chain, number: int) -> str:
    """Return what a step's input is called in the whole chain."""
    source = normalized(step.inputs[alias]).strip()
    if (output := placeholder_of(source)) is not None:
        if output not in chain.outputs:
            raise InvalidCommandError(
                f"{alias} is {{{{{output}}}}}, which no earlier step declares as an output.",
                loc=("input_files", alias),
            )
        return output
    if chain.inputs.get(alias, step.inputs[alias]) == step.inputs[alias]:
        return alias
    own = f"{alias}_step{number}"
    if len(own) > MAX_ALIAS_LENGTH or own in chain.inputs or own in step.inputs:
        raise InvalidCommandError(
            f"{alias} has another source in an earlier step; give it another alias.",
            loc=("input_files", alias),
        )
    return own


def in_step(error: InvalidCommandError, number: int, *, field: str) -> InvalidCommandError:
    """Return the error with its step named, in words and in the path of ``field``."""
    loc = (field, str(number - 1)) + (error.loc if field == "commands" else ())
    return InvalidCommandError(f"Step {number}: {error}", loc=loc)
