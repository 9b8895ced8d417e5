"""Running a Python program of ours walled in, by a Python without any of our packages."""

import sys
import sysconfig
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.bundle import Bundle, bundle
from renderio_box.ffmpeg.child import Finished
from renderio_box.ffmpeg.sandbox import Isolation, Reach
from renderio_box.ffmpeg.walled import run_walled

ANSWER_BYTES: Final = 64 * 1024
ALONE: Final = ("-I", "-S", "-B")
"""Python's own library only: no packages, no environment, nothing written beside the program."""
RUN_SCRIPT: Final = "--run-script"
"""Has the frozen program be the Python of one program; ``packaging/program.py`` sees to it."""


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A Python to start: the words it takes before a program, what it is made of, what it needs."""

    program: Path
    words: tuple[str, ...]
    modules: tuple[Path, ...]
    environment: dict[str, str] = {}


async def run_script(
    isolation: Isolation,
    script: Path,
    *words: str,
    readable: tuple[Path, ...],
    writable: tuple[Path, ...],
    timeout_s: float,
) -> Finished:
    """Run the program to its end; ``words`` are its arguments.

    Raises:
        TimeoutError: It did not end in time; it is gone.
        OSError: It could not be started.
    """
    frozen = bundle()
    python = installed() if frozen is None else frozen_in(frozen)
    arguments = isolation.arguments(
        python.program,
        *python.words,
        str(script),
        *words,
        reach=Reach(readable=(*python.modules, script, *readable), writable=writable),
    )
    return await run_walled(
        isolation,
        arguments,
        timeout_s=timeout_s,
        max_output_bytes=ANSWER_BYTES,
        environment=python.environment,
    )


def installed() -> Interpreter:
    """Return the Python that runs us."""
    return Interpreter(
        program=Path(sys.executable).resolve(), words=ALONE, modules=standard_library()
    )


def frozen_in(found: Bundle) -> Interpreter:
    """Return the Python in a frozen program, which is that program."""
    return Interpreter(
        program=found.program,
        words=(RUN_SCRIPT,),
        modules=(found.directory,),
        environment=found.environment,
    )


def standard_library() -> tuple[Path, ...]:
    """Return the directories that Python itself is made of."""
    names = ("stdlib", "platstdlib")
    prefixes = {"installed_base": sys.base_prefix, "base": sys.base_prefix}
    prefixes |= {"installed_platbase": sys.base_exec_prefix, "platbase": sys.base_exec_prefix}
    found = (Path(sysconfig.get_path(name, vars=prefixes)).resolve() for name in names)
    return tuple(dict.fromkeys(found))
