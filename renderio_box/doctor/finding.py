"""What a check found, and carrying many checks out in a bounded time."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from enum import StrEnum

import anyio
import msgspec


class State(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: what was seen, and what to do where it is not well."""

    state: State
    subject: str
    what: str
    fix: str = ""


Check = Callable[[], AsyncGenerator[Finding]]


def well(subject: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(State.OK, subject, what)


def warning(subject: str, what: str, fix: str) -> Finding:
    """Return that something works, and could be better or may cease to."""
    return Finding(State.WARNING, subject, what, fix)


def problem(subject: str, what: str, fix: str) -> Finding:
    """Return that something does not work."""
    return Finding(State.PROBLEM, subject, what, fix)


async def examine(checks: Mapping[str, Check], *, within_s: float) -> list[Finding]:
    """Carry out all checks side by side and return what they find, in the checks' order.

    A check that fails or is not over in time is a problem itself; what it had found stays.
    """
    found: dict[str, list[Finding]] = {subject: [] for subject in checks}
    unfinished = set(checks)

    async def carry_out(subject: str, check: Check) -> None:
        try:
            async with aclosing(check()) as findings:
                async for each in findings:
                    found[subject].append(each)
        except Exception as error:  # noqa: BLE001 - whatever a check meets is its finding
            fix = "look into it, and report it if the box is at fault"
            found[subject].append(problem(subject, f"{type(error).__name__}: {error}", fix))
        unfinished.discard(subject)

    with anyio.move_on_after(within_s):
        async with anyio.create_task_group() as checking:
            for subject, check in checks.items():
                checking.start_soon(carry_out, subject, check)
    for subject in unfinished:
        fix = "try again when the machine is less busy"
        found[subject].append(problem(subject, f"not finished within {within_s:g} s", fix))
    return [finding for findings in found.values() for finding in findings]
