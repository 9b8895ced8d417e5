"""The presets that come with the box, each through the whole of it."""

from pathlib import Path
from typing import Any, Final

import pytest

from renderio_box.jobs.preset import Preset
from renderio_box.jobs.recipes import SYSTEM_PRESETS
from tests.media.stand_ins import H264, make
from tests.running_box import RunningBox

SIX_SECONDS: Final = (
    *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=6"),
    *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=6"),
    *("-ac", "2", *H264, "-crf", "10", "-c:a", "aac", "-b:a", "192k"),
)
HALF_A_MINUTE: Final = (
    *("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=5:duration=32"),
    *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=32"),
    *(*H264, "-c:a", "aac"),
)
VIDEO: Final = {"file_type": "video", "codec": "h264", "pixel_format": "yuv420p", "channels": 2}
ABOUT_6: Final = pytest.approx(6.0, abs=0.2)
OUTPUTS: Final[dict[str, dict[str, Any]]] = {
    "MP4 to WebM": VIDEO
    | {"codec": "vp9", "file_format": "webm", "width": 160, "height": 90, "duration": ABOUT_6},
    "Extract MP3": {"file_type": "audio", "codec": "mp3", "channels": 2, "duration": ABOUT_6},
    "Resize to 720p": VIDEO | {"width": 1280, "height": 720, "duration": ABOUT_6},
    "Compress": VIDEO | {"width": 160, "height": 90, "duration": ABOUT_6},
    "Thumbnail at 5 seconds": {"file_type": "image", "codec": "mjpeg", "width": 160, "height": 90},
    "Watermark": VIDEO | {"width": 160, "height": 90, "duration": ABOUT_6},
    "GIF": {"file_type": "image", "codec": "gif", "width": 480, "frame_rate": 10.0},
    "Trim 10 to 30 seconds": VIDEO
    | {"channels": 1, "duration": pytest.approx(20.0, abs=0.2), "width": 64},
    "Mute": VIDEO | {"channels": None, "sample_rate": None, "duration": ABOUT_6},
    "Side by side": VIDEO
    # FFmpeg 5.1 lets the sound run on for some tenths of a second.
    | {"width": 2560, "height": 720, "duration": pytest.approx(1.0, abs=0.5), "frame_rate": 30.0},
}
SOURCES: Final = {
    "Watermark": {"in_video": "six.mp4", "in_logo": "logo.png"},
    "Trim 10 to 30 seconds": {"in_video": "long.mp4"},
    "Side by side": {"in_left": "six.mp4", "in_right": "bars.mp4"},
}


@pytest.fixture(scope="module")
def media(stand_ins: Path) -> Path:
    """The small media with clips that are long enough for every preset."""
    make(stand_ins / "six.mp4", *SIX_SECONDS)
    make(stand_ins / "long.mp4", *HALF_A_MINUTE)
    return stand_ins


def run(box: RunningBox, preset: Preset, media: Path) -> dict[str, Any]:
    """Execute the preset and return its output's record."""
    names = SOURCES.get(preset.recipe.name, {"in_video": "six.mp4"})
    inputs = {alias: box.upload(media / name)["file_id"] for alias, name in names.items()}
    accepted = box.http.post(f"/api/v1/presets/{preset.id}/execute", json={"input_files": inputs})
    polled = box.finished(accepted.json()["command_id"])
    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    (record,) = polled["output_files"].values()
    return dict(record)


@pytest.mark.parametrize("preset", SYSTEM_PRESETS.values(), ids=lambda preset: preset.recipe.name)
def test_a_system_preset_makes_what_its_name_says(
    preset: Preset, box: RunningBox, media: Path
) -> None:
    record = run(box, preset, media)

    expected = OUTPUTS[preset.recipe.name]
    assert {fact: record[fact] for fact in expected} == expected


def named(name: str) -> Preset:
    return next(each for each in SYSTEM_PRESETS.values() if each.recipe.name == name)


def test_compressing_makes_a_file_smaller(box: RunningBox, media: Path) -> None:
    record = run(box, named("Compress"), media)

    assert record["size_mbytes"] < 0.7 * (media / "six.mp4").stat().st_size / 1024**2


def test_muting_leaves_the_pictures_as_they_are(box: RunningBox, media: Path) -> None:
    record = run(box, named("Mute"), media)

    before = box.upload(media / "six.mp4")
    shown = box.http.get(f"/api/v1/files/{before['file_id']}").json()
    assert record["bitrate_video_kb"] == pytest.approx(shown["bitrate_video_kb"], rel=0.01)
