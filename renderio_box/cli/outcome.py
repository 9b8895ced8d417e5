"""How a command ends, and what it says on the way: exit statuses, errors of one line."""

import sys
from enum import IntEnum
from typing import cast


class ExitStatus(IntEnum):
    """What the exit status of ``renderio-box`` says."""

    OK = 0
    COMMAND_FAILED = 1
    WRONG_USAGE = 2
    BOX_UNREACHABLE = 3
    CANNOT_START = 4
    STOPPED = 130


class CliError(Exception):
    """Ends the program with ``status`` and one line that says what to do, or another below it."""

    def __init__(self, message: str, *, status: ExitStatus = ExitStatus.WRONG_USAGE) -> None:
        super().__init__(message)
        self.status = status


def say(text: str) -> None:
    """Tell the person at the terminal something, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def first_error(error: BaseException) -> BaseException:
    """Return the error itself, or the first one in a group that may hold groups."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
