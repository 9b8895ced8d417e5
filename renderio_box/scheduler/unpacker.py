"""Unpacking a job's archive walled in, so that a broken unpacker reaches nothing else."""

import errno
import os
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from renderio_box import inputs
from renderio_box.ffmpeg.child import Finished
from renderio_box.ffmpeg.sandbox import Isolation
from renderio_box.ffmpeg.script import run_script
from renderio_box.inputs import archive as program
from renderio_box.inputs.archive import RefusedArchiveError, TooLargeArchiveError


class UnpackerBrokeError(Exception):
    """The unpacking program itself failed; the text is what it complained of."""


class Unpacker(Protocol):
    """Something that unpacks zips of strangers."""

    async def unpack(self, archive: Path, directory: Path, *, max_bytes: int) -> None:
        """Unpack into an empty directory; may be repeated in another one.

        Raises:
            RefusedArchiveError: It is no zip, or holds what may not be unpacked.
            TooLargeArchiveError: It unpacks to more than ``max_bytes``.
            OSError: The disk is full, or the program could not be started.
        """
        ...


class WalledUnpacker:
    """Unpacks in a process of its own, which has the archive, the directory and nothing else."""

    def __init__(self, isolation: Isolation, *, within_s: float) -> None:
        self._isolation = isolation
        self._within_s = within_s

    async def unpack(self, archive: Path, directory: Path, *, max_bytes: int) -> None:
        """Unpack into an empty directory."""
        with as_file(files(inputs) / "archive.py") as script:
            try:
                finished = await run_script(
                    self._isolation,
                    script,
                    *(str(archive), str(directory), str(max_bytes)),
                    readable=(archive,),
                    writable=(directory,),
                    timeout_s=self._within_s,
                )
            except TimeoutError as error:
                raise RefusedArchiveError(
                    f"unpacking it takes more than {self._within_s:g} seconds"
                ) from error
        if finished.exit_status != 0:
            raise failure(finished)


def failure(finished: Finished) -> Exception:
    """Return what the unpacking program's end means."""
    said = finished.output.decode(errors="replace")
    known: Mapping[int, Exception] = {
        program.REFUSED: RefusedArchiveError(said),
        program.TOO_LARGE: TooLargeArchiveError(said),
        program.FULL: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    }
    complaints = finished.complaints.decode(errors="replace")
    return known.get(finished.exit_status, UnpackerBrokeError(complaints))
