"""``renderio-box self-test``: whether this program works on this machine, by using it."""

import hashlib
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import anyio
import anyio.to_thread
import click
import msgspec

from renderio_box import __version__
from renderio_box.bundle import Form, form
from renderio_box.cli.client import BoxClient, connected
from renderio_box.cli.options import CONFIG, finish, settings_of
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.cli.own_box import OwnBox, own_box
from renderio_box.clock import SystemClock
from renderio_box.settings import Config, ServerConfig, StorageConfig

LONGEST_S: Final = 120.0
"""How long everything may take, but for stopping the box, which is bounded by itself."""
MEBIBYTE: Final = 1024 * 1024
ENCODE: Final = "-i {{in_video}} -vf scale=640:-2 -c:v mpeg4 -c:a aac {{out_video}}"
STILL: Final = "-ss 1 -i clip.mp4 -frames:v 1 {{out_still}}"
"""Both need no more of FFmpeg than every build has."""


class Made(msgspec.Struct, frozen=True):
    """What the box says of a file that it made."""

    storage_url: str
    size_mbytes: float
    sha256: str
    codec: str
    width: int
    height: int
    duration: float | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried."""

    name: str
    ok: bool
    seconds: float
    message: str


class Report(msgspec.Struct, kw_only=True):
    """What was found; ``ffmpeg`` and ``isolation`` are None when no box came up."""

    ok: bool = False
    version: str = __version__
    build: Form = msgspec.field(default_factory=form)
    python: str = sys.version.split()[0]
    ffmpeg: str | None = None
    isolation: str | None = None
    seconds: float = 0.0
    steps: list[Step] = []


class CheckFailedError(Exception):
    """Something is not as it should be; the text says what."""


class Examination:
    """The steps of a self-test, each with what came of it and how long it took."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.report = Report()
        self._monotonic = monotonic
        self._began = self._last = monotonic()

    async def step(self, name: str, trial: Callable[[], Awaitable[str]]) -> None:
        """Try one thing; what goes wrong in it ends the examination.

        Raises:
            CheckFailedError: It went wrong, which is noted.
        """
        try:
            message = await trial()
        except (CheckFailedError, CliError, OSError, msgspec.ValidationError) as error:
            self.note(name, str(error), ok=False)
            raise CheckFailedError(name) from error
        self.note(name, message)

    def note(self, name: str, message: str, *, ok: bool = True) -> None:
        """Write down a step that took from the last one until now."""
        now = self._monotonic()
        seconds = round(now - self._last, 3)
        self.report.steps.append(Step(name=name, ok=ok, seconds=seconds, message=message))
        self.report.seconds = round(now - self._began, 3)
        self.report.ok = all(step.ok for step in self.report.steps)
        self._last = now


async def self_test(config: Config, *, as_json: bool) -> ExitStatus:
    """Send work through a box of its own in a scratch directory, and tell how that went."""
    examination = Examination(SystemClock().monotonic)
    was_done = True
    with anyio.move_on_after(LONGEST_S) as bound:
        async with own_box(trial_config(config), None) as box:
            was_done = await box.unless_stopped(partial(examine, box, examination))
    if not was_done:
        return ExitStatus.STOPPED
    if bound.cancelled_caught:
        examination.note("time", f"it is not over after {LONGEST_S:g} seconds.", ok=False)
    else:
        examination.note("stop", "the box ended in order")
    report = examination.report
    sys.stdout.write(as_text(report) if not as_json else f"{in_json(report)}\n")
    return ExitStatus.OK if report.ok else ExitStatus.COMMAND_FAILED


def trial_config(config: Config) -> Config:
    """Return settings for a box that nobody else sees: FFmpeg and walls as configured."""
    return Config(
        server=ServerConfig(host="127.0.0.1", port=0, drain_seconds=1.0),
        storage=StorageConfig(reserve_mbytes=0),
        jobs=config.jobs,
        ffmpeg=config.ffmpeg,
        sandbox=config.sandbox,
    )


async def examine(box: OwnBox, examination: Examination) -> None:
    """Go through all steps until one fails."""
    with tempfile.TemporaryDirectory(prefix="renderio-box-") as scratch:
        async with connected(box.url, box.key) as client:
            visit = Visit(client, box.clip, Path(scratch), examination.report)
            try:
                await examination.step("start", visit.ask)
                await examination.step("upload", visit.upload)
                await examination.step("encode", visit.encode)
                await examination.step("download", visit.download)
                await examination.step("unpack", visit.unpack)
            except CheckFailedError:
                return


class Visit:
    """What a client does with the box, one thing after another."""

    def __init__(self, client: BoxClient, clip: Path, scratch: Path, report: Report) -> None:
        self._client = client
        self._clip = clip
        self._scratch = scratch
        self._report = report
        self._file_id = ""
        self._made: Made | None = None

    async def ask(self) -> str:
        """Ask the box what it is and whether it can work."""
        readiness = await self._client.readiness()
        if readiness.complaints:
            raise CheckFailedError("; ".join(readiness.complaints))
        self._report.ffmpeg = readiness.box.ffmpeg.version
        self._report.isolation = readiness.box.isolation
        return f"ready with {readiness.box.vcpus} CPUs"

    async def upload(self) -> str:
        """Send the clip that ships with the program."""
        self._file_id = await self._client.upload(self._clip, unheard)
        return f"{self._clip.name}, {self._clip.stat().st_size / MEBIBYTE:.2f} MiB"

    async def encode(self) -> str:
        """Have it encoded anew."""
        body = {"ffmpeg_command": ENCODE, "input_files": {"in_video": self._file_id}}
        self._made = made = await self._run(body, "out_video", "small.mp4")
        expect("the codec", made.codec, "mpeg4")
        expect("the size of the picture", (made.width, made.height), (640, 360))
        return f"{made.width}x{made.height} {made.codec}, {made.duration or 0:.1f} s of video"

    async def download(self) -> str:
        """Fetch what was made and compare it with what the box said of it."""
        if self._made is None:
            raise CheckFailedError("nothing was encoded.")
        fetched = self._scratch / "small.mp4"
        await self._client.download(self._made.storage_url, fetched)
        digest = await anyio.to_thread.run_sync(digest_of, fetched)
        expect("the SHA-256 of what was fetched", digest, self._made.sha256)
        return f"{self._made.size_mbytes:.2f} MiB, its SHA-256 is as told"

    async def unpack(self) -> str:
        """Send a zip, which a process of our own unpacks, and take a still out of it."""
        packed = self._scratch / "clip.zip"
        with ZipFile(packed, "w") as archive:
            archive.write(self._clip, "clip.mp4")
        file_id = await self._client.upload(packed, unheard)
        body = {"ffmpeg_command": STILL, "input_compressed_folder": file_id}
        still = await self._run(body, "out_still", "still.png")
        expect("the codec of the still", still.codec, "png")
        return f"a {still.width}x{still.height} still out of a zip"

    async def _run(self, body: Mapping[str, object], alias: str, name: str) -> Made:
        command_id = await self._client.submit({**body, "output_files": {alias: name}})
        polled, answer = await self._client.wait(command_id, unheard)
        if polled.status != "SUCCESS":
            raise CheckFailedError(f"{polled.error_status}: {polled.error_message}")
        return msgspec.convert(answer["output_files"], dict[str, Made])[alias]


def unheard(*_: object) -> None:
    """Hear how far something is and tell nobody."""


def expect(what: str, seen: object, wanted: object) -> None:
    """Raise CheckFailedError when two values differ."""
    if seen != wanted:
        raise CheckFailedError(f"{what} is {seen}, and should be {wanted}.")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file. Blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def in_json(report: Report) -> str:
    """Return the report for programs."""
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def as_text(report: Report) -> str:
    """Return the report for people."""
    lines = [
        f"renderio-box {report.version}, built as {report.build}, Python {report.python}",
        f"FFmpeg {report.ffmpeg or 'unknown'}, walled in by {report.isolation or 'unknown'}",
        "",
    ]
    for step in report.steps:
        verdict = "ok" if step.ok else "FAILED"
        lines.append(f"  {verdict:<6} {step.seconds:7.2f} s  {step.name:<8}  {step.message}")
    ending = "All is well" if report.ok else "It does not work"
    return "\n".join([*lines, "", f"{ending}, after {report.seconds:.1f} s.", ""])


@click.command("self-test", short_help="Find out by a real job whether the program works here.")
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def self_test_command(*, config: Path | None, as_json: bool) -> None:
    """Start a box in a scratch directory, send work through it, and print a report.

    FFmpeg, sandbox and limits of jobs are as configured; the box that may run on this machine
    is left alone. Exit status 0 when all is well, 1 when something went wrong, 4 when a box
    cannot start here.
    """

    async def test() -> ExitStatus:
        return await self_test(settings_of(config), as_json=as_json)

    finish(test)
