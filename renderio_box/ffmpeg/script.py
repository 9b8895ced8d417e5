"""Running a Python program of ours walled in, by a Python without any of our packages."""

import sys
import sysconfig
from pathlib import Path
from typing import Final

from renderio_box.ffmpeg.child import Finished
from renderio_box.ffmpeg.sandbox import Isolation, Reach
from renderio_box.ffmpeg.walled import run_walled

ANSWER_BYTES: Final = 64 * 1024
ALONE: Final = ("-I", "-S", "-B")
"""Python's own library only: no packages, no environment, nothing written beside the program."""


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
    arguments = isolation.arguments(
        interpreter(),
        *ALONE,
        str(script),
        *words,
        reach=Reach(readable=(*library(), script, *readable), writable=writable),
    )
    return await run_walled(
        isolation, arguments, timeout_s=timeout_s, max_output_bytes=ANSWER_BYTES
    )


def interpreter() -> Path:
    """Return the Python that runs us."""
    return Path(sys.executable).resolve()


def library() -> tuple[Path, ...]:
    """Return the directories that Python itself is made of."""
    names = ("stdlib", "platstdlib")
    prefixes = {"installed_base": sys.base_prefix, "base": sys.base_prefix}
    prefixes |= {"installed_platbase": sys.base_exec_prefix, "platbase": sys.base_exec_prefix}
    found = (Path(sysconfig.get_path(name, vars=prefixes)).resolve() for name in names)
    return tuple(dict.fromkeys(found))
