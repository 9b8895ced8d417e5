"""Which ffmpeg and ffprobe there are, and what they can do."""

import importlib.util
import os
import re
import shutil
from pathlib import Path
from typing import Final

import anyio
import msgspec

from renderio_box.ffmpeg.sandbox import Isolation, Reach
from renderio_box.ffmpeg.walled import run_walled
from renderio_box.jobs.invocation import Build

ASK_SECONDS: Final = 20.0
ANSWER_BYTES: Final = 4 * 1024 * 1024
QUESTIONS: Final = ("-encoders", "-filters", "-demuxers", "-devices", "-h long")
USUAL_ENCODERS: Final = (
    "libx264",
    "libx265",
    "libvpx-vp9",
    "libsvtav1",
    "aac",
    "libmp3lame",
    "libopus",
    "libwebp",
    "png",
    "mjpeg",
    "gif",
)
"""What documented commands use most; which of them are missing is told at start."""
ENCODER_LINE: Final = re.compile(r"^ [VAS][F.][S.][X.][B.][D.] ([^\s=]\S*)", re.MULTILINE)
FILTER_LINE: Final = re.compile(r"^ [TSC.]{2,3} (\w+) +[AVN|]+->[AVN|]+", re.MULTILINE)
FORMAT_LINE: Final = re.compile(r"^ D[E ][d ]? +([\w,]+)(?: |$)", re.MULTILINE)
OPTION_LINE: Final = re.compile(r"^-([A-Za-z_]\w*)", re.MULTILINE)
VERSION: Final = re.compile(r"^ffmpeg version (\S+)", re.MULTILINE)


class FfmpegMissingError(Exception):
    """There is no usable FFmpeg; the text says how to get one."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An FFmpeg that runs here.

    ``ffprobe`` is None where there is none: facts are then read from ``ffmpeg -i``.
    """

    ffmpeg: Path
    ffprobe: Path | None
    build: Build

    @property
    def encoders(self) -> frozenset[str]:
        """Return the encoders of this build by name."""
        return self.build.encoders

    @property
    def filters(self) -> frozenset[str]:
        """Return the filters of this build by name."""
        return self.build.filters

    @property
    def missing_encoders(self) -> tuple[str, ...]:
        """Return the usual encoders that this build lacks."""
        return tuple(name for name in USUAL_ENCODERS if name not in self.encoders)


def locate_ffmpeg(configured: str) -> Path:
    """Return the FFmpeg to use: as configured, else on PATH, else from its wheel.

    Raises:
        FfmpegMissingError: There is none.
    """
    path = locate("ffmpeg", configured) or bundled()
    if path is None:
        raise FfmpegMissingError(
            "no FFmpeg found: install one (apt-get install ffmpeg, or"
            " pip install 'renderio-box[ffmpeg]'), or set ffmpeg.ffmpeg to its path."
        )
    return path


async def describe_ffmpeg(path: Path, ffprobe: str, isolation: Isolation) -> Found:
    """Return what an FFmpeg can do, with the ffprobe to use beside it.

    Raises:
        FfmpegMissingError: It does not run.
    """
    answers: dict[str, str] = {}
    async with anyio.create_task_group() as questions:
        for question in QUESTIONS:
            questions.start_soon(ask, path, question, isolation, answers)
    version = read_version(path, answers["-encoders"])
    return Found(
        ffmpeg=path,
        ffprobe=locate("ffprobe", ffprobe) if ffprobe else beside(path) or locate("ffprobe", ""),
        build=Build(
            version=version,
            options=frozenset(OPTION_LINE.findall(answers["-h long"])),
            demuxers=formats_in(answers["-demuxers"]) - formats_in(answers["-devices"]),
            encoders=frozenset(ENCODER_LINE.findall(answers["-encoders"])),
            filters=frozenset(FILTER_LINE.findall(answers["-filters"])),
        ),
    )


async def version_of(path: Path, isolation: Isolation) -> str:
    """Start FFmpeg and return its version; FfmpegMissingError when it does not run."""
    answers: dict[str, str] = {}
    await ask(path, "-version", isolation, answers)
    return read_version(path, answers["-version"])


def read_version(path: Path, answer: str) -> str:
    """Return the version in what FFmpeg printed; FfmpegMissingError when there is none."""
    match = VERSION.search(answer)
    if match is None:
        said = answer.strip()[:200] or "it printed nothing"
        raise FfmpegMissingError(f"{path} does not run as FFmpeg: {said}.")
    return match[1]


def formats_in(answer: str) -> frozenset[str]:
    """Return every name of every format that FFmpeg lists as one that it reads."""
    lines: list[str] = FORMAT_LINE.findall(answer)
    return frozenset(name for line in lines for name in line.split(","))


async def ask(path: Path, question: str, isolation: Isolation, answers: dict[str, str]) -> None:
    """Keep what FFmpeg prints about itself: its banner, its answer, and complaints."""
    try:
        finished = await run_walled(
            isolation,
            isolation.arguments(path, *question.split(), reach=Reach()),
            timeout_s=ASK_SECONDS,
            max_output_bytes=ANSWER_BYTES,
        )
    except TimeoutError:
        answers[question] = f"no answer in {ASK_SECONDS:g} seconds"
        return
    answers[question] = (finished.complaints + finished.output).decode(errors="replace")


def locate(name: str, configured: str) -> Path | None:
    """Return the configured program, or the one on PATH, or None.

    Raises:
        FfmpegMissingError: A program is configured that is not there.
    """
    if configured:
        path = shutil.which(configured)
        if path is None:
            raise FfmpegMissingError(
                f"the setting ffmpeg.{name} is {configured}, which is no program;"
                " name one, or leave it empty."
            )
        return Path(path).absolute()
    path = shutil.which(name)
    return None if path is None else Path(path).absolute()


def beside(ffmpeg: Path) -> Path | None:
    """Return the ffprobe of the same installation, so that both are of one version."""
    path = ffmpeg.with_name("ffprobe")
    return path if os.access(path, os.X_OK) else None


def bundled() -> Path | None:
    """Return the FFmpeg that the imageio-ffmpeg wheel brings, None where it is not installed."""
    package = importlib.util.find_spec("imageio_ffmpeg")
    if package is None or package.origin is None:
        return None
    binaries = sorted((Path(package.origin).parent / "binaries").glob("ffmpeg-*"))
    return binaries[-1] if binaries else None
