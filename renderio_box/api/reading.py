"""Reading a body that does not say which submit it is meant for."""

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import msgspec
from litestar.exceptions import ValidationException

from renderio_box.api.requests import RunChainRequest, RunCommandRequest, RunMultipleRequest
from renderio_box.api.work import Terms
from renderio_box.jobs.command_line import normalized, placeholder_of, placeholders
from renderio_box.jobs.job import Submission

T = TypeVar("T")


def submissions_of(body: Mapping[str, object], terms: Terms) -> list[Submission]:
    """Return what the submit that the body is meant for would queue.

    ``commands`` are a chain when one of them reads what another writes, else several
    commands; ``ffmpeg_commands`` are a chain; anything else is a single command.

    Raises:
        InvalidCommandError, InvalidRequestError, ValidationException: As that submit.
    """
    if body.get("ffmpeg_commands") is not None or is_chain(body.get("commands")):
        return [decoded(body, RunChainRequest).to_submission(body, terms)]
    if body.get("commands") is not None:
        return decoded(body, RunMultipleRequest).to_submissions(body, terms)
    return [decoded(body, RunCommandRequest).to_submission(body, terms)]


def is_chain(commands: object) -> bool:
    """Tell whether a command reads an earlier one's output: as a source, or without declaring it."""
    written: set[str] = set()
    for command in cast("Sequence[object]", commands) if isinstance(commands, list) else ():
        step = mapping(command)
        inputs, outputs = mapping(step.get("input_files")), mapping(step.get("output_files"))
        if any(is_placeholder(source) for source in inputs.values()):
            return True
        used = placeholders([normalized(str(step.get("ffmpeg_command")))])
        if (used & written) - inputs.keys() - outputs.keys():
            return True
        written |= outputs.keys()
    return False


def mapping(value: object) -> Mapping[str, object]:
    """Return ``value`` if it is a JSON object, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def is_placeholder(source: object) -> bool:
    """Tell whether an input's source is the output of another command."""
    return isinstance(source, str) and placeholder_of(normalized(source).strip()) is not None


def decoded(body: Mapping[str, object], kind: type[T]) -> T:
    """Return the body as ``kind``.

    Raises:
        ValidationException: It does not fit; said as the framework says it of a submit.
    """
    try:
        return msgspec.convert(body, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        fault = {"message": what, "key": f"data{where.rstrip('`')}"}
        raise ValidationException(extra=[fault]) from error
