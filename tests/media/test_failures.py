"""Commands that do not work out: what their callers are told, and what stays as it was."""

import hashlib
from pathlib import Path

import pytest

from tests.running_box import BUSY_S, RunningBox

KEPT_LOG_BYTES = 64 * 1024
ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 {{out_video}}"
DEAF = "-f lavfi -i 'aevalsrc=while(1\\,1)' {{out_video}}"
"""FFmpeg never leaves this expression, so it never looks at a signal either."""


def verdict(polled: dict[str, object]) -> tuple[object, object]:
    return polled["status"], polled["error_status"]


def test_an_output_that_was_never_written_fails_the_command(box: RunningBox) -> None:
    command = "-f lavfi -i color=size=64x36:duration=1 -metadata a={{out_video}} -f null -"

    polled = box.run(command, {"out_video": "never.mp4"})

    assert verdict(polled) == ("FAILED", "OUTPUT_MISSING")
    assert polled["error_message"] == "FFmpeg ended well but did not write out_video (never.mp4)."


def test_an_output_that_is_empty_fails_the_command(box: RunningBox) -> None:
    command = (
        "-f lavfi -i color=size=64x36:duration=1"
        " -vf select=0,metadata=print:file={{out_text}} -f null -"
    )

    polled = box.run(command, {"out_text": "nothing.txt"})

    assert verdict(polled) == ("FAILED", "OUTPUT_MISSING")
    assert polled["error_message"].startswith(
        "FFmpeg ended well but left out_text (nothing.txt) empty. No frame came as far as"
    )


def test_an_output_that_is_not_what_its_name_says_fails_the_command(box: RunningBox) -> None:
    command = (
        "-f lavfi -i color=size=64x36:duration=1"
        " -vf signalstats,metadata=print:file={{out_video}} -f null -"
    )

    polled = box.run(command, {"out_video": "text.mp4"})

    assert verdict(polled) == ("FAILED", "OUTPUT_MISSING")
    assert polled["error_message"] == (
        "FFmpeg ended well but out_video (text.mp4) cannot be read as video."
    )


def test_one_missing_output_keeps_the_others_from_being_published(
    box: RunningBox, stand_ins: Path
) -> None:
    uploaded = box.upload(stand_ins / "clip.mp4")

    polled = box.run(
        "-i {{in_1}} -c copy {{out_1}} -map 0:v -c copy -t 0 -metadata a={{out_2}} -f null -",
        {"out_1": "good.mp4", "out_2": "missing.mp4"},
        input_files={"in_1": uploaded["file_id"]},
    )

    assert verdict(polled) == ("FAILED", "OUTPUT_MISSING")
    assert polled["output_files"] == {}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("-vf scle=64:36", "No such filter: 'scle'"),
        ("-c:v libx999", "Unknown encoder 'libx999'"),
        ("-map 0:a", "Stream map '0:a' matches no streams."),
        ("-c:v libx264 -vf scale=63:35 -pix_fmt yuv420p", "width not divisible by 2 (63x35)"),
        ("-frobnicate 1", "Unrecognized option 'frobnicate'."),
    ],
)
def test_a_failure_is_told_in_ffmpegs_own_words(box: RunningBox, options: str, line: str) -> None:
    command = f"-f lavfi -i color=size=64x36:duration=1 {options} {{{{out_video}}}}"

    polled = box.run(command, {"out_video": "never.mp4"})

    assert verdict(polled) == ("FAILED", "FFMPEG_FAILED")
    assert line in polled["error_message"]
    assert line in box.log(polled["command_id"])


@pytest.mark.parametrize("options", ["-vf scle=64:36", "-c:v libx246", "-pixfmt yuv420p"])
def test_what_is_suggested_works_when_it_is_submitted(box: RunningBox, options: str) -> None:
    outputs = {"out_video": "made.mp4"}
    command = f"-f lavfi -i color=size=64x36:duration=1 {options} {{{{out_video}}}}"

    suggested = box.run(command, outputs)["suggestion"]

    assert box.run(suggested, outputs)["status"] == "SUCCESS"


def test_hardware_that_commands_may_not_use_is_told_and_done_without(box: RunningBox) -> None:
    command = (
        "-vaapi_device /dev/dri/renderD128 -f lavfi -i color=size=64x36:duration=0.2"
        " -vf format=nv12,hwupload -c:v h264_vaapi -qp 23 {{out_v}}"
    )

    polled = box.run(command, {"out_v": "v.mp4"})

    assert polled["error_message"].startswith(
        "The command asks for video hardware, and this box lets commands use no device for VA-API"
        " (hardware.devices names none); use libx264: it needs no hardware. "
    )
    assert box.run(polled["suggestion"], {"out_v": "v.mp4"})["status"] == "SUCCESS"


def test_an_input_that_is_no_media_is_told_without_a_path_of_the_host(
    box: RunningBox, stand_ins: Path
) -> None:
    uploaded = box.upload(stand_ins / "noise.blob")

    polled = box.run(
        "-i {{in_1}} {{out_1}}", {"out_1": "x.mp4"}, input_files={"in_1": uploaded["file_id"]}
    )

    told = polled["error_message"]
    assert verdict(polled) == ("FAILED", "FFMPEG_FAILED")
    assert told.endswith("Invalid data found when processing input")
    assert str(box.data) not in told + box.log(polled["command_id"])


def test_an_endless_command_is_stopped_when_its_time_is_up(box: RunningBox) -> None:
    polled = box.run(ENDLESS, {"out_video": "endless.mkv"}, max_command_run_seconds=1)

    assert verdict(polled) == ("FAILED", "TIMEOUT")
    assert 1.0 <= polled["ffmpeg_command_run_seconds"] < 2.0 + BUSY_S
    assert polled["total_processing_seconds"] < 5.0 + BUSY_S


def test_a_command_that_hears_no_signal_is_stopped_too(box: RunningBox) -> None:
    polled = box.run(DEAF, {"out_video": "deaf.wav"}, max_command_run_seconds=1)

    assert verdict(polled) == ("FAILED", "TIMEOUT")
    assert polled["total_processing_seconds"] < 7.0 + BUSY_S


@pytest.mark.parametrize(
    "options",
    [
        "-vf metadata=print:file={{in_1}} {{out_1}}",
        "{{out_1}} -c copy file:{{in_1}}",
        "{{out_1}} -c copy -f hls -hls_segment_filename s%d.ts file:{{in_1}}",
    ],
)
def test_no_command_can_write_over_a_stored_file(
    box: RunningBox, stand_ins: Path, options: str
) -> None:
    uploaded = box.upload(stand_ins / "clip.mp4")

    box.run(
        f"-i {{{{in_1}}}} {options}",
        {"out_1": "copy.mp4"},
        input_files={"in_1": uploaded["file_id"]},
    )

    sent = (stand_ins / "clip.mp4").read_bytes()
    assert sha256(box.download(uploaded["storage_url"])) == sha256(sent)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_huge_log_is_kept_within_bounds(box: RunningBox) -> None:
    command = "-loglevel trace -f lavfi -i testsrc2=size=64x36:rate=500:duration=4 {{out_video}}"

    polled = box.run(command, {"out_video": "traced.mkv"})

    kept = box.log(polled["command_id"])
    assert polled["status"] == "SUCCESS"
    assert KEPT_LOG_BYTES // 2 < len(kept) < KEPT_LOG_BYTES + 100
    assert "the middle of a long log was left out" in kept
