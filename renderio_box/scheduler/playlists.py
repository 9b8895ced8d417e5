"""Finding the files that a command's playlists name."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import msgspec
from anyio import from_thread

from renderio_box.jobs.command_line import shortened
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import extension_of
from renderio_box.jobs.files import Bundle, is_playlist
from renderio_box.jobs.playlist import UnusablePlaylistError, named_by
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.written import Listing, listing
from renderio_box.storage.beneath import unchanged
from renderio_box.storage.storage import UnfitOutputError

MAX_PLAYLIST_BYTES: Final = 8 * 1024 * 1024
MAX_PLAYLISTS: Final = 100
"""How many playlists one output may lead to, itself and nested ones together."""
MAX_SEGMENTS: Final = 50_000
"""A day in pieces of two seconds is 43,200 of them."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Where the playlists among a job's outputs lead: a bundle each, and files in common.

    ``segments`` are paths below the directory, with the state of each; outputs that a
    playlist names are counted in its bundle, but are no segments.
    """

    bundles: Mapping[str, Bundle]
    segments: Listing


def follow(outputs: Mapping[str, str], directory: Path, unpacked: Listing) -> Followed:
    """Follow every playlist among ``outputs``, file names by alias. Blocks.

    What a playlist names of the unpacked archive is left alone: it is its caller's
    already, and may be as secret as a key.

    Raises:
        AttemptFailedError: A playlist names what FFmpeg did not write.
    """
    files = listing(directory)
    written = {
        path: state
        for path, state in files.items()
        if state.is_plain and unpacked.get(path) != state
    }
    bundles: dict[str, Bundle] = {}
    segments: set[str] = set()
    for alias, name in outputs.items():
        if is_playlist(alias):
            try:
                named = led_to(name, directory, written, files.keys() & unpacked.keys())
            except UnusablePlaylistError as error:
                raise AttemptFailedError(
                    ErrorStatus.OUTPUT_MISSING, f"{alias} ({name}) {error}."
                ) from error
            size_bytes = sum(written[path].size_bytes for path in named)
            bundles[alias] = Bundle(file_count=len(named), size_bytes=size_bytes)
            segments |= named
    return Followed(
        bundles=bundles,
        segments={path: written[path] for path in sorted(segments - {*outputs.values()})},
    )


def led_to(
    playlist: str, directory: Path, written: Listing, unpacked: AbstractSet[str]
) -> AbstractSet[str]:
    """Return the playlist and every file that it, or a playlist that it names, names.

    Raises:
        UnusablePlaylistError: It names what is not there, or leads too far.
    """
    named = {playlist}
    unread = [playlist]
    for _ in range(MAX_PLAYLISTS):
        if not unread:
            return named
        from_thread.check_cancelled()
        at = unread.pop()
        text = text_of(directory, at, written)
        found = files_named(text, at, written.keys(), unpacked) - named
        unread += [path for path in found if extension_of(path) == "m3u8"]
        named |= found
        if len(named) > MAX_SEGMENTS:
            raise UnusablePlaylistError(f"names more than {MAX_SEGMENTS} files")
    raise UnusablePlaylistError(f"leads to more than {MAX_PLAYLISTS} playlists")


def files_named(
    text: str, at: str, written: AbstractSet[str], unpacked: AbstractSet[str]
) -> AbstractSet[str]:
    """Return which files of the command's own the playlist at ``at`` names."""
    named = named_by(text, at=at)
    if missing := named.paths - written - unpacked:
        raise UnusablePlaylistError(
            f"names '{shortened(min(missing))}', but FFmpeg wrote no plain file of that name"
        )
    return (named.paths & written) | named.among(written)


def text_of(directory: Path, at: str, written: Listing) -> str:
    """Return what a playlist says; a name that is not UTF-8 becomes one that is not there."""
    try:
        with unchanged(directory, at, written[at]) as file:
            content = file.read(MAX_PLAYLIST_BYTES + 1)
    except (KeyError, UnfitOutputError) as error:
        raise UnusablePlaylistError("is not a plain file") from error
    if len(content) > MAX_PLAYLIST_BYTES:
        raise UnusablePlaylistError(f"is over {MAX_PLAYLIST_BYTES // (1024 * 1024)} MiB long")
    return content.decode("utf-8-sig", errors="replace")
