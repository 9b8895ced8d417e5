"""What is found out about files, with ffprobe and without it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from renderio_box.ffmpeg.builds import describe_ffmpeg, locate_ffmpeg
from renderio_box.ffmpeg.isolation import Wanted, find_isolation
from renderio_box.ffmpeg.probe import FfmpegProber, UnreadableError
from renderio_box.ffmpeg.sandbox import Isolation, ResourceLimits, process_limit
from renderio_box.jobs.files import FileType, MediaInfo
from tests.running_box import RunningBox

LIMITS = ResourceLimits(
    memory_bytes=1 << 30, file_bytes=1 << 24, processes=process_limit(os.cpu_count() or 1), nice=0
)
OTHER = os.environ.get("OTHER_FFMPEG", "")
PICTURE = {"file_type": FileType.IMAGE, "duration": None, "frame_rate": None, "channels": None}
VIDEO = {"file_type": FileType.VIDEO, "codec": "h264", "width": 160, "height": 90}
SOUND = {"file_type": FileType.AUDIO, "width": None, "height": None, "frame_rate": None}
FACTS = {
    "clip.mp4": VIDEO
    | {
        "duration": pytest.approx(2.0, abs=0.1),
        "frame_rate": 10.0,
        "is_varying_frame_rate": False,
        "pixel_format": "yuv420p",
        "sample_rate": 44100,
        "channels": 2,
    },
    "silent.mp4": VIDEO | {"sample_rate": None, "channels": None, "bitrate_audio_kb": None},
    "turned.mp4": VIDEO | {"width": 90, "height": 160},
    "uneven.mp4": VIDEO | {"is_varying_frame_rate": True},
    "captioned.mkv": VIDEO | {"duration": pytest.approx(2.0, abs=0.1), "channels": 2},
    "hum.wav": SOUND
    | {
        "codec": "pcm_s16le",
        "duration": 1.0,
        "channels": 1,
        "bitrate_audio_kb": pytest.approx(705.6 / 1.024, abs=1),
    },
    "covered.mp3": SOUND | {"codec": "mp3", "duration": pytest.approx(2.0, abs=0.1), "channels": 1},
    "photo.jpg": PICTURE | {"codec": "mjpeg", "width": 200, "height": 100},
    "logo.png": PICTURE | {"codec": "png", "width": 40, "height": 20, "pixel_format": "rgba"},
    "still.webp": PICTURE | {"codec": "webp", "width": 64, "height": 64},
    "moving.gif": {
        "file_type": FileType.IMAGE,
        "codec": "gif",
        "width": 80,
        "height": 45,
        "duration": pytest.approx(2.0, abs=0.1),
        "frame_rate": 10.0,
    },
    "captions.srt": {"file_type": FileType.SUBTITLES, "codec": "subrip", "width": None},
    "captions.vtt": {"file_type": FileType.SUBTITLES, "codec": "webvtt", "width": None},
    "notes.txt": {"file_type": FileType.TEXT, "codec": None, "duration": None},
    "noise.blob": {"file_type": FileType.OTHER, "codec": None, "duration": None},
}


@pytest.fixture(scope="module")
async def isolation() -> Isolation:
    """How children are started here."""
    return await find_isolation(locate_ffmpeg(""), LIMITS, Wanted(), font_config=None)


@pytest.fixture(scope="module", params=["ffprobe", "no ffprobe", "another FFmpeg"])
async def prober(request: pytest.FixtureRequest, isolation: Isolation) -> FfmpegProber:
    """A prober that asks the machine's ffprobe, its ffmpeg, or another build of that."""
    if request.param == "another FFmpeg" and not OTHER:
        pytest.skip("OTHER_FFMPEG names no other build")
    chosen = OTHER if request.param == "another FFmpeg" else ""
    found = await describe_ffmpeg(locate_ffmpeg(chosen), "", isolation)
    kept = found if request.param == "ffprobe" else structs.replace(found, ffprobe=None)
    return FfmpegProber(kept, isolation, at_once=1)


def named(facts: MediaInfo, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in names}


@pytest.mark.parametrize("name", FACTS)
async def test_a_file_is_known_for_what_it_is(
    name: str, prober: FfmpegProber, stand_ins: Path
) -> None:
    facts = await prober.probe(stand_ins / name, name)

    assert named(facts, FACTS[name]) == FACTS[name]


@pytest.mark.parametrize("name", FACTS)
def test_an_upload_is_known_for_what_it_is(name: str, box: RunningBox, stand_ins: Path) -> None:
    uploaded = box.upload(stand_ins / name)

    record = box.http.get(f"/api/v1/files/{uploaded['file_id']}").json()

    assert {fact: record[fact] for fact in FACTS[name]} == FACTS[name]


async def test_noise_that_is_called_a_video_is_unreadable(
    prober: FfmpegProber, stand_ins: Path
) -> None:
    with pytest.raises(UnreadableError):
        await prober.probe(stand_ins / "noise.blob", "noise.mp4")


async def test_a_photo_has_no_duration_to_measure_progress_by(
    prober: FfmpegProber, stand_ins: Path
) -> None:
    assert await prober.duration(stand_ins / "photo.jpg") is None


async def test_an_h264_video_has_profile_and_level(isolation: Isolation, stand_ins: Path) -> None:
    found = await describe_ffmpeg(locate_ffmpeg(""), "", isolation)
    prober = FfmpegProber(found, isolation, at_once=1)

    facts = await prober.probe(stand_ins / "clip.mp4", "clip.mp4")

    assert facts.video_profile_level == "Constrained Baseline@L1"
