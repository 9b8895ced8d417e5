"""Success that stands for more: what passes, and what real FFmpeg calls success and is none."""

from pathlib import Path
from typing import Any

import pytest

from tests.media.stand_ins import make
from tests.running_box import RunningBox, running_box

VERIFY = {"decode": True, "duration_tolerance_seconds": 0.5, "streams": True}
HEAD_OF_A_FILE = 0.6


def run(box: RunningBox, source: Path, options: str, name: str, **more: object) -> dict[str, Any]:
    """Run a command on one file with everything verified."""
    inputs = {"in_1": str(box.upload(source)["file_id"])}
    alias = "out_playlist_1" if name.endswith(".m3u8") else "out_1"
    command = f"-i {{{{in_1}}}} {options} {{{{{alias}}}}}"
    return box.run(command, {alias: name}, input_files=inputs, **({"verify": VERIFY} | more))


def report(polled: dict[str, Any]) -> dict[str, Any]:
    (found,) = polled["verification"].values()
    return dict(found)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return four seconds of picture and sound whose index comes first."""
    path = tmp_path_factory.mktemp("verified") / "whole.mp4"
    pictures = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=4")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
    h264 = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    make(path, *pictures, *sound, *h264, "-movflags", "+faststart")
    return path


def cut_off(source: Path, target: Path) -> Path:
    """Write the beginning of a file, as a download leaves it that broke off."""
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * HEAD_OF_A_FILE)])
    return target


def damaged(source: Path, target: Path) -> Path:
    """Write a file with nonsense in the middle of its pictures."""
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\x5a" * 4000
    target.write_bytes(content)
    return target


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("-c:v libx264 -preset ultrafast -c:a aac", "clip.mp4"),
        ("-c copy", "clip.mkv"),
        ("-c:v libvpx -deadline realtime -cpu-used 8 -b:v 100k -c:a libopus", "clip.webm"),
        ("-vn", "clip.mp3"),
        ("-vn", "clip.wav"),
        ("-frames:v 1", "clip.png"),
        ("-vf fps=5", "clip.gif"),
        ("-ss 1 -t 2 -c:v libx264 -preset ultrafast", "part.mp4"),
        ("-c:v libx264 -preset ultrafast -f hls -hls_time 1", "list.m3u8"),
    ],
)
def test_what_is_whole_passes(box: RunningBox, clip: Path, options: str, name: str) -> None:
    polled = run(box, clip, options, name)

    found = report(polled)
    assert polled["status"] == "SUCCESS", polled["error_message"]
    assert (found["decode"], found["streams"]["result"], found["message"]) == (
        "passed",
        "passed",
        None,
    )
    assert found["duration"]["result"] in {"passed", "unknown"}


def test_the_length_of_an_encode_is_known(box: RunningBox, clip: Path) -> None:
    polled = run(box, clip, "-vf scale=80:-2 -c:v libx264 -preset ultrafast", "small.mp4")

    length = report(polled)["duration"]
    assert (length["result"], length["at_least_seconds"]) == ("passed", pytest.approx(4, abs=0.2))


def test_subtitles_pass(box: RunningBox, stand_ins: Path) -> None:
    polled = run(box, stand_ins / "captions.srt", "", "same.srt")

    assert (polled["status"], report(polled)["decode"]) == ("SUCCESS", "passed")
    assert report(polled)["streams"]["expected"] == {"subtitle": 1}


def test_text_is_not_looked_into(box: RunningBox, clip: Path) -> None:
    polled = run(box, clip, "-f framemd5", "sums.framemd5")

    assert (polled["status"], report(polled)["decode"]) == ("SUCCESS", "skipped")
    assert "no media" in report(polled)["message"]


def test_every_step_of_a_chain_is_verified(box: RunningBox, clip: Path) -> None:
    command_id = box.submit_chain(
        ["-i {{in_1}} -c copy {{out_1}}", "-i {{out_1}} -vn {{out_2}}"],
        {"out_1": "first.mkv", "out_2": "second.wav"},
        input_files={"in_1": str(box.upload(clip)["file_id"])},
        verify=VERIFY,
    )

    polled = box.finished(command_id)

    verdicts = {alias: each["decode"] for alias, each in polled["verification"].items()}
    assert polled["status"] == "SUCCESS", polled["error_message"]
    assert verdicts == {"out_1": "passed", "out_2": "passed"}


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_an_input_that_breaks_off_makes_an_output_that_is_too_short(
    box: RunningBox, clip: Path, tmp_path: Path, container: str
) -> None:
    whole = tmp_path / f"whole.{container}"
    make(whole, "-i", str(clip), "-c", "copy", "-movflags", "+faststart")
    broken = cut_off(whole, tmp_path / f"broken.{container}")
    only = {"verify": {"duration_tolerance_seconds": 0.5}}

    polled = run(box, broken, "-c:v libx264 -preset ultrafast", "out.mp4", **only)

    assert (polled["error_status"], polled["output_files"]) == ("VERIFICATION_FAILED", {})
    assert report(polled)["duration"]["result"] == "failed"
    assert "should be at least" in polled["error_message"]


def test_without_verification_the_same_command_counts_as_done(
    box: RunningBox, clip: Path, tmp_path: Path
) -> None:
    broken = cut_off(clip, tmp_path / "broken.mp4")

    polled = run(box, broken, "-c:v libx264 -preset ultrafast", "out.mp4", verify={})

    assert (polled["status"], polled["verification"]) == ("SUCCESS", None)


def test_a_damaged_picture_that_was_copied_does_not_decode(
    box: RunningBox, clip: Path, tmp_path: Path
) -> None:
    polled = run(box, damaged(clip, tmp_path / "bad.mp4"), "-c copy", "copy.mp4")

    assert (polled["error_status"], polled["output_files"]) == ("VERIFICATION_FAILED", {})
    assert report(polled)["decode"] == "failed"
    assert str(box.data) not in str(polled["verification"])


def test_a_stream_in_which_nothing_is_fails(box: RunningBox, clip: Path) -> None:
    polled = run(box, clip, "-c:v copy -af atrim=start=100 -c:a aac", "mute.mkv")

    assert polled["error_status"] == "VERIFICATION_FAILED"
    assert report(polled)["streams"]["result"] == "failed"
    assert "audio" in polled["error_message"]


def test_the_operators_file_says_what_is_checked_without_a_word_from_the_caller(
    clip: Path, tmp_path: Path
) -> None:
    config = tmp_path / "box.toml"
    config.write_text("[verify]\ndecode = true\nduration_tolerance_seconds = 0.5\n")
    broken = damaged(clip, tmp_path / "bad.mp4")

    with running_box(tmp_path / "data", "--config", str(config)) as box:
        usual = run(box, broken, "-c copy", "copy.mp4", verify=None)
        unchecked = run(box, broken, "-c copy", "copy.mp4", verify={"decode": False})

    assert (usual["error_status"], usual["output_files"]) == ("VERIFICATION_FAILED", {})
    assert (report(usual)["decode"], report(usual)["streams"]["result"]) == ("failed", "skipped")
    assert (unchecked["status"], report(unchecked)["decode"]) == ("SUCCESS", "skipped")
