"""Taking what a command was to make out of the reach of whoever made it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from anyio import from_thread

from renderio_box.jobs.command_line import shortened
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import Bundle, is_playlist
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.playlists import Followed, follow
from renderio_box.scheduler.workspace import Workspace
from renderio_box.scheduler.written import Listing
from renderio_box.storage.beneath import FileState, state_at, take
from renderio_box.storage.storage import UnfitOutputError


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files are now: outputs and bundles by alias, segments by the path players ask for.

    An output keeps its name, in a folder that holds nothing else.
    """

    outputs: Mapping[str, Path]
    bundles: Mapping[str, Bundle]
    segments: Mapping[str, Path]


def take_declared(
    outputs: Mapping[str, str], workspace: Workspace, unpacked: Listing, *, max_bytes: int
) -> Taken:
    """Take the declared outputs, file names by alias, and every file that playlists name.

    What is taken is what was looked at: plain files that nobody has open for writing.
    Blocks: call it in a worker thread of anyio's.

    Raises:
        AttemptFailedError: One is missing, empty, too large or no plain file.
    """
    directory = workspace.outputs
    states = {
        alias: state_of_output(directory, alias, name, unpacked) for alias, name in outputs.items()
    }
    followed = Followed(bundles={}, segments={})
    if any(map(is_playlist, outputs)):
        followed = follow(outputs, directory, unpacked)
    sizes = {alias: state.size_bytes for alias, state in states.items()}
    sizes |= {alias: bundle.size_bytes for alias, bundle in followed.bundles.items()}
    check_sizes(sizes, max_bytes=max_bytes)
    taken = {alias: workspace.taken / alias / name for alias, name in outputs.items()}
    for alias, name in outputs.items():
        taken[alias].parent.mkdir(mode=0o700)
        take_one(directory, name, states[alias], taken[alias], what=called(alias, name))
    segments = numbered(followed.segments, workspace.taken)
    for path, state in followed.segments.items():
        from_thread.check_cancelled()
        take_one(directory, path, state, segments[path], what=f"'{shortened(path)}'")
    return Taken(outputs=taken, bundles=followed.bundles, segments=segments)


def numbered(paths: Iterable[str], directory: Path) -> dict[str, Path]:
    """Return a place for each path, in a new folder where none needs another."""
    folder = directory / "segments"
    folder.mkdir(mode=0o700)
    return {path: folder / str(number) for number, path in enumerate(paths)}


def state_of_output(directory: Path, alias: str, name: str, unpacked: Listing) -> FileState:
    """Return the state of a declared output, once there is nothing to be said against it."""
    what = called(alias, name)
    try:
        state = state_at(directory, name)
    except UnfitOutputError as error:
        raise not_plain(what) from error
    if state is None:
        raise missing(f"FFmpeg ended well but did not write {what}.")
    if unpacked.get(name) == state:
        raise missing(f"FFmpeg ended well but left {what} as it came in the archive.")
    if not state.is_plain:
        raise not_plain(what)
    if state.size_bytes == 0:
        raise missing(f"FFmpeg ended well but left {what} empty.")
    return state


def check_sizes(sizes: Mapping[str, int], *, max_bytes: int) -> None:
    """Refuse an output that is too large, alone or with all that it names."""
    for alias, size_bytes in sizes.items():
        if size_bytes > max_bytes:
            raise AttemptFailedError(
                ErrorStatus.OUTPUT_TOO_LARGE,
                f"FFmpeg wrote more than {max_bytes // (1024 * 1024)} MiB as {alias}.",
            )


def take_one(directory: Path, path: str, state: FileState, target: Path, *, what: str) -> None:
    """Take one file; ``what`` is what its caller knows it as."""
    try:
        take(directory, path, state, target)
    except UnfitOutputError as error:
        raise not_plain(what) from error


def called(alias: str, name: str) -> str:
    """Return how an output is spoken of."""
    return f"{alias} ({name})"


def not_plain(what: str) -> AttemptFailedError:
    """Return the end of an attempt that left a link, a pipe, or what cannot be read."""
    return missing(f"{what} is not a plain file.")


def missing(message: str) -> AttemptFailedError:
    """Return the end of an attempt that lacks an output."""
    return AttemptFailedError(ErrorStatus.OUTPUT_MISSING, message)
