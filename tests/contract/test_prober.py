"""What every Prober promises; the real one asks a real FFmpeg, with ffprobe and without."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import structs

from renderio_box.ffmpeg.builds import describe_ffmpeg
from renderio_box.ffmpeg.isolation import Wanted, find_isolation
from renderio_box.ffmpeg.probe import Described, FfmpegProber, Prober, UnreadableError
from renderio_box.ffmpeg.sandbox import ResourceLimits, process_limit
from renderio_box.jobs.files import FileType, MediaInfo
from tests.fakes import ScriptedProber

LIMITS = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
SOURCE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "libx264")


@pytest.fixture(scope="session")
async def real() -> Mapping[str, Prober]:
    ffmpeg = Path("/usr/bin/ffmpeg")
    isolation = await find_isolation(ffmpeg, LIMITS, Wanted(), font_config=None)
    found = await describe_ffmpeg(ffmpeg, "", isolation)
    without = structs.replace(found, ffprobe=None)
    return {
        "ffprobe": FfmpegProber(found, isolation, at_once=1),
        "ffmpeg": FfmpegProber(without, isolation, at_once=1),
    }


@pytest.fixture(params=["ffprobe", "ffmpeg", "scripted"])
def prober(request: pytest.FixtureRequest, real: Mapping[str, Prober]) -> Prober:
    scripted = ScriptedProber()
    scripted.unreadable.add("noise.mp4")
    return real.get(request.param, scripted)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a clip, with noise, and with a text; none is named as it was sent."""
    directory = tmp_path_factory.mktemp("media")
    subprocess.run(
        ["/usr/bin/ffmpeg", "-v", "error", *SOURCE, "-f", "mp4", str(directory / "clip")],
        check=True,
    )
    (directory / "noise").write_bytes(b"\x00\x01\x02\x03" * 400)
    (directory / "text").write_text("To be cut on Friday.\n")
    return directory


async def test_a_clip_is_known_by_its_codec_and_its_size(prober: Prober, media: Path) -> None:
    facts = await prober.probe(media / "clip", "clip.mp4")

    assert (facts.file_type, facts.codec, facts.width, facts.height) == (
        FileType.VIDEO,
        "h264",
        64,
        48,
    )


async def test_noise_that_is_called_media_is_unreadable(prober: Prober, media: Path) -> None:
    with pytest.raises(UnreadableError):
        await prober.probe(media / "noise", "noise.mp4")


async def test_a_description_agrees_with_the_facts(prober: Prober, media: Path) -> None:
    facts, described = await prober.describe(media / "clip", "clip.mp4")

    assert facts == await prober.probe(media / "clip", "clip.mp4")
    assert [stream["codec_name"] for stream in described.streams] == ["h264"]


async def test_a_description_has_the_files_name_and_never_its_path(
    prober: Prober, media: Path
) -> None:
    _, described = await prober.describe(media / "clip", "my clip.mp4")

    assert described.format["filename"] == "my clip.mp4"
    assert str(media) not in str(described)


@pytest.mark.parametrize(
    ("path", "name", "file_type"),
    [
        ("noise", "noise.mp4", FileType.VIDEO),
        ("noise", "noise.blob", FileType.OTHER),
        ("text", "text.txt", FileType.TEXT),
    ],
)
async def test_what_is_no_media_is_described_by_its_name_alone(
    prober: Prober, media: Path, path: str, name: str, file_type: FileType
) -> None:
    found = await prober.describe(media / path, name)

    assert found == (MediaInfo(file_type=file_type), Described())
