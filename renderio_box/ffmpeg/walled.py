"""Running a tool behind the walls, and having it open a file of strangers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from renderio_box.ffmpeg.child import Finished, run_tool
from renderio_box.ffmpeg.sandbox import NOWHERE, Isolation
from renderio_box.jobs.demuxers import format_whitelist
from renderio_box.jobs.invocation import PROTOCOLS, Build

NOTHING_MORE: Final[Mapping[str, str]] = MappingProxyType({})


async def run_walled(
    isolation: Isolation,
    arguments: Sequence[str],
    *,
    timeout_s: float,
    max_output_bytes: int,
    environment: Mapping[str, str] = NOTHING_MORE,
) -> Finished:
    """Run what ``isolation.arguments`` returned; the status is that of the program itself.

    ``environment`` is what it is told besides what all are.

    Raises:
        TimeoutError: It did not end in time; it is gone.
        OSError: It could not be started.
    """
    finished = await run_tool(
        arguments,
        directory=NOWHERE,
        environment=isolation.environment() | dict(environment),
        timeout_s=timeout_s,
        max_output_bytes=max_output_bytes,
    )
    return Finished(
        isolation.exit_status(finished.exit_status), finished.output, finished.complaints
    )


def opening(path: Path, name: str, build: Build) -> tuple[str, ...]:
    """Return the words that have FFmpeg or ffprobe open one file, and no other by its content.

    ``name`` tells whether it may be a list of other files.
    """
    whitelist = format_whitelist(build.demuxers, name)
    return ("-protocol_whitelist", PROTOCOLS, *whitelist, "-i", f"file:{path}")
