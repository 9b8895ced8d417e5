"""Checking what a job made before any of it is published."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import to_thread

from renderio_box.ffmpeg.playthrough import Player
from renderio_box.ffmpeg.probe import Prober
from renderio_box.ffmpeg.stream_log import written_streams
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.file_types import PROBED_TYPES, extension_of
from renderio_box.jobs.files import FOLDER_ALIAS, FileType, is_playlist
from renderio_box.jobs.job import Job
from renderio_box.jobs.output_length import NOTHING_KNOWN, Length, length_of, output_lengths
from renderio_box.jobs.verification import (
    Found,
    OutputVerification,
    Played,
    Verification,
    judged,
    skipped,
)
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.publish import Product, Products
from renderio_box.scheduler.taken import called
from renderio_box.scheduler.tracker import StepRun
from renderio_box.scheduler.workspace import Workspace

INPUT: Final = "../in/"
PICTURES: Final = frozenset({"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub"})
"""Subtitles that are pictures."""
ESTIMATED: Final = frozenset({"aac", "ac3", "eac3", "mp2", "amr", "ts", "m2ts", "mts", "h264"})
"""Files that do not say how long they are; FFmpeg's own estimate would be checked."""
ZIP: Final = "A zip is not looked into."
NO_MEDIA: Final = "It is no media; only that it is there and not empty was checked."


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a whole job was run, with FFmpeg's log of all of it."""

    steps: tuple[StepRun, ...] = ()
    log: str = ""


class VerificationFailedError(AttemptFailedError):
    """An output is not what it should be; nothing was published."""

    def __init__(self, message: str, verification: Verification) -> None:
        super().__init__(ErrorStatus.VERIFICATION_FAILED, message)
        self.verification = verification


class Verifier:
    """Checks outputs side by side; the player has only so many at once."""

    def __init__(self, player: Player, prober: Prober) -> None:
        self._player = player
        self._prober = prober

    async def verify(
        self, job: Job, workspace: Workspace, ran: Ran, products: Products
    ) -> Verification | None:
        """Return the report on every output, None where none was asked for.

        Raises:
            VerificationFailedError: An output failed a check; it has the whole report.
        """
        verify = job.spec.verify
        if not verify.is_wanted:
            return None
        if job.spec.folder:
            return {FOLDER_ALIAS: skipped(ZIP)}
        lengths = await self._lengths(job, workspace, ran, products)
        promised = written_streams(ran.log)
        reports: dict[str, OutputVerification] = {}

        async def check(product: Product) -> None:
            name = product.path.name
            if not is_checked(product):
                reports[product.alias] = skipped(NO_MEDIA)
                return
            found = Found(
                length=lengths.get(name, NOTHING_KNOWN),
                seconds=seconds_of(product),
                promised=promised.get(name),
                played=await self._played(job, workspace, product, products.segments),
                is_playlist=is_playlist(product.alias),
            )
            reports[product.alias] = judged(verify, found)

        async with anyio.create_task_group() as checking:
            for product in products.outputs:
                checking.start_soon(check, product)
        report = {each.alias: reports[each.alias] for each in products.outputs}
        refuse_faults(report, products)
        return report

    async def _played(
        self, job: Job, workspace: Workspace, product: Product, segments: Mapping[str, Path]
    ) -> Played | None:
        """Read one output to its end where that is asked for and can be done."""
        verify = job.spec.verify
        if not verify.plays:
            return None
        path = product.path
        if is_playlist(product.alias):
            path = workspace.taken / "played" / product.alias / path.name
            await to_thread.run_sync(lay_out, path, product.path, segments)
        elif product.media.file_type is FileType.IMAGE and not product.media.width:
            return Played(is_undecodable=True)
        beside = workspace.taken if is_playlist(product.alias) else path.parent
        return await self._player.play(
            path,
            decode=verify.decode,
            has_pictures=await self._has_picture_subtitles(path),
            beside=beside,
            within_s=float(job.spec.max_run_seconds),
        )

    async def _has_picture_subtitles(self, path: Path) -> bool:
        _, described = await self._prober.describe(path, path.name)
        return any(stream.get("codec_name") in PICTURES for stream in described.streams)

    async def _lengths(
        self, job: Job, workspace: Workspace, ran: Ran, products: Products
    ) -> dict[str, Length]:
        """Return how long every output should be, by its name; a later step's word counts."""
        found: dict[str, Length] = {}
        if not job.spec.verify.duration_tolerance_seconds:
            return found
        known = await self._input_lengths(workspace, ran.steps)
        for product in products.outputs:
            if (seconds := product.media.duration) is not None:
                known[product.path.name] = Length(low=seconds, high=seconds)
        for step in ran.steps:
            found |= output_lengths(step.arguments, known, written_seconds=step.written_seconds)
        return found

    async def _input_lengths(
        self, workspace: Workspace, steps: Sequence[StepRun]
    ) -> dict[str, Length]:
        """Measure the inputs of all steps, by the words that name them."""
        known: dict[str, Length] = {}
        words = {word for step in steps for word in step.arguments if word.startswith(INPUT)}
        for word in sorted(words):
            path = workspace.inputs / word.removeprefix(INPUT)
            media, described = await self._prober.describe(path, path.name)
            format_name = described.format.get("format_name")
            known[word] = length_of(media, described.streams, format_name)
        return known


def is_checked(product: Product) -> bool:
    """Tell whether the output is media that can be read to its end."""
    if is_playlist(product.alias):
        return True
    media = product.media
    return media.file_type in PROBED_TYPES and media.codec is not None


def seconds_of(product: Product) -> float | None:
    """Return how long the output is, None where it has no length or does not say."""
    is_timed = product.media.file_type is not FileType.SUBTITLES
    is_stated = extension_of(product.path.name) not in ESTIMATED
    return product.media.duration if is_timed and is_stated else None


def lay_out(path: Path, playlist: Path, segments: Mapping[str, Path]) -> None:
    """Put a playlist at ``path`` and what it names beside it, as links. Blocks."""
    path.parent.mkdir(mode=0o700, parents=True)
    path.symlink_to(playlist)
    for name, segment in segments.items():
        place = path.parent / name
        if not place.is_symlink():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.symlink_to(segment)


def refuse_faults(report: Verification, products: Products) -> None:
    """Raise VerificationFailedError about the first output that failed a check, if one did."""
    for product in products.outputs:
        verdict = report[product.alias]
        if verdict.has_failed:
            what = called(product.alias, product.path.name)
            raise VerificationFailedError(
                f"FFmpeg ended well but {what} failed its verification: {verdict.message}.", report
            )
