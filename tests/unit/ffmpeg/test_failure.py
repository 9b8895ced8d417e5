import signal

import pytest
from msgspec import structs

from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.executor import (
    DiskRunningOut,
    Ended,
    Stalled,
    Stop,
    TooManyBytes,
    TooManyFiles,
)
from renderio_box.ffmpeg.failure import MAX_LINE, explain, telling_line, why_nothing
from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Failed
from tests.unit.samples import NEW_BUILD

ASKED = Asked(words=("-i", "{{in_video}}", "{{out_video}}"), paths={}, build=NEW_BUILD)
BANNER = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from '../in/in_video.mp4':
  Duration: 00:00:02.00, start: 0.000000, bitrate: 180 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x180, 29.97 fps
Stream mapping:
  Stream #0:0 -> #0:0 (h264 (native) -> h264 (libx264))
"""
ODD_SIZE_5 = """\
[libx264 @ 0x5594e54265c0] width not divisible by 2 (321x181)
Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe \
incorrect parameters such as bit_rate, rate, width or height
[aac @ 0x5594e546ce40] Qavg: 289.380
[aac @ 0x5594e546ce40] 2 frames left in the queue on closing
Conversion failed!
"""
ODD_SIZE_9 = """\
[libx264 @ 0x55b0181d6440] width not divisible by 2 (321x181)
[vost#0:0/libx264 @ 0x55b01825fb80] [enc:libx264 @ 0x55b0181bca00] Error while opening encoder - \
maybe incorrect parameters such as bit_rate, rate, width or height.
[vf#0:0 @ 0x55b0182607c0] Error sending frames to consumers: Generic error in an external library
[vf#0:0 @ 0x55b0182607c0] Task finished with error code: -542398533 (Generic error in an external \
library)
[vf#0:0 @ 0x55b0182607c0] Terminating thread with return code -542398533 (Generic error)
[vost#0:0/libx264 @ 0x55b01825fb80] [enc:libx264 @ 0x55b0181bca00] Could not open encoder before EOF
[vost#0:0/libx264 @ 0x55b01825fb80] Task finished with error code: -22 (Invalid argument)
[out#0/mp4 @ 0x55b0181da600] Nothing was written into output file, because at least one of its \
streams received no packets.
frame=    0 fps=0.0 q=0.0 Lsize=       0KiB time=00:00:00.40 bitrate=   0.0kbits/s speed=26.8x
[aac @ 0x55b0181c9780] Qavg: 335.637
Conversion failed!
"""
NO_FILTER_5 = """\
[AVFilterGraph @ 0x55fbfa778e80] No such filter: 'nosuch'
Error reinitializing filters!
Failed to inject frame into filter network: Invalid argument
Error while processing the decoded data for stream #0:0
[aac @ 0x55fbfa22ae00] Qavg: 289.380
Conversion failed!
"""
NO_ENCODER_9 = """\
[vost#0:0 @ 0x55c636594ac0] Unknown encoder 'nosuch'
[vost#0:0 @ 0x55c636594ac0] Error selecting an encoder
Error opening output file o.mp4.
Error opening output files: Encoder not found
"""
NO_FILE_9 = """\
[in#0 @ 0x5564e29e1cc0] Error opening input: No such file or directory
Error opening input file nope.mp4.
Error opening input files: No such file or directory
"""
NO_STREAM_5 = """\
Stream map '0:s' matches no streams.
To ignore this, add a trailing '?' to the map.
"""
CUT_OFF_5 = """\
[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55d1af96b880] moov atom not found
../in/in_video.mp4: Invalid data found when processing input
"""


def ended(exit_status: int, log: str = "", *, timed_out: bool = False) -> Ended:
    return Ended(exit_status=exit_status, timed_out=timed_out, log=log, run_seconds=1.5)


def test_memory_that_a_driver_lacks_where_there_is_no_device_is_not_the_jobs() -> None:
    failed = explain(
        ended(1, "Device creation failed: -12.\nError opening output: Cannot allocate memory\n"),
        timeout_s=60,
        asked=ASKED,
    )

    assert failed is not None
    assert failed.status is ErrorStatus.FFMPEG_FAILED


def test_a_run_that_ended_well_needs_no_explanation() -> None:
    assert explain(ended(0, BANNER), timeout_s=60, asked=ASKED) is None


@pytest.mark.parametrize(
    ("run", "status", "sentence"),
    [
        (
            ended(255, timed_out=True),
            ErrorStatus.TIMEOUT,
            (
                "FFmpeg was stopped at this command's time limit of 60 s;"
                " ask for more with max_command_run_seconds."
            ),
        ),
        (
            ended(1, "Error: Cannot allocate memory\n"),
            ErrorStatus.OUT_OF_MEMORY,
            "FFmpeg ran out of memory. Error: Cannot allocate memory",
        ),
        (
            ended(-signal.SIGXFSZ),
            ErrorStatus.OUTPUT_TOO_LARGE,
            "An output grew past the largest allowed size (jobs.output_mbytes).",
        ),
        (
            ended(228, "av_interleaved_write_frame(): No space left on device\n"),
            ErrorStatus.STORAGE_FULL,
            (
                "The disk was full while FFmpeg wrote."
                " av_interleaved_write_frame(): No space left on device"
            ),
        ),
        (
            ended(0, "Error writing trailer of a.mkv: No space left on device\n"),
            ErrorStatus.STORAGE_FULL,
            (
                "The disk was full while FFmpeg wrote."
                " Error writing trailer of a.mkv: No space left on device"
            ),
        ),
        (
            ended(0, "[out#0/matroska] Error closing file: No space left on device\n"),
            ErrorStatus.STORAGE_FULL,
            (
                "The disk was full while FFmpeg wrote."
                " [out#0/matroska] Error closing file: No space left on device"
            ),
        ),
        (ended(187), ErrorStatus.FFMPEG_FAILED, "FFmpeg ended with status 187."),
        (
            ended(-signal.SIGKILL),
            ErrorStatus.FFMPEG_FAILED,
            (
                "FFmpeg was ended by SIGKILL: something outside of the box ended it; look for it in"
                " the machine's log."
            ),
        ),
        (
            ended(-signal.SIGILL, "Unknown encoder 'libx999'"),
            ErrorStatus.FFMPEG_FAILED,
            (
                "FFmpeg was ended by SIGILL: it was built for another kind of CPU; install one for"
                " this machine. Unknown encoder 'libx999'"
            ),
        ),
        (ended(-99), ErrorStatus.FFMPEG_FAILED, "FFmpeg was ended by signal 99."),
    ],
)
def test_a_failure_has_a_status_and_a_sentence(
    run: Ended, status: ErrorStatus, sentence: str
) -> None:
    failed = explain(run, timeout_s=60, asked=ASKED)

    assert failed is not None
    assert (failed.status, failed.message) == (status, sentence)


def test_a_run_that_ended_well_on_a_full_disk_failed() -> None:
    run = structs.replace(ended(0, "frame=1"), disk_was_full=True)

    failed = explain(run, timeout_s=60, asked=ASKED)

    assert failed is not None
    assert failed.status is ErrorStatus.STORAGE_FULL


def test_a_title_about_full_disks_is_no_failure() -> None:
    run = ended(0, "    title           : Error closing file: No space left on device\n")

    assert explain(run, timeout_s=60, asked=ASKED) is None


@pytest.mark.parametrize(
    ("stop", "status", "sentence"),
    [
        (
            Stalled(quiet_seconds=300.4, last=Report(out_time_us=83_500_000, frame=2087)),
            ErrorStatus.STALLED,
            (
                "FFmpeg was stopped because nothing had happened for 300 s (jobs.stall_seconds);"
                " its output had come to 83.50 s and 2087 frames."
            ),
        ),
        (
            Stalled(quiet_seconds=2, last=Report(out_time_us=1_500_000)),
            ErrorStatus.STALLED,
            (
                "FFmpeg was stopped because nothing had happened for 2 s (jobs.stall_seconds);"
                " its output had come to 1.50 s."
            ),
        ),
        (
            Stalled(quiet_seconds=2, last=Report(frame=7)),
            ErrorStatus.STALLED,
            (
                "FFmpeg was stopped because nothing had happened for 2 s (jobs.stall_seconds);"
                " its output had come to 7 frames."
            ),
        ),
        (
            Stalled(quiet_seconds=2, last=Report(out_time_us=0, frame=0)),
            ErrorStatus.STALLED,
            (
                "FFmpeg was stopped because nothing had happened for 2 s (jobs.stall_seconds);"
                " it had not made anything until then."
            ),
        ),
        (
            TooManyBytes(3 * 1024 * 1024),
            ErrorStatus.OUTPUT_TOO_LARGE,
            (
                "FFmpeg was stopped because its files were larger than 3 MiB together"
                " (jobs.workspace_mbytes)."
            ),
        ),
        (
            DiskRunningOut(3 * 1024 * 1024),
            ErrorStatus.STORAGE_FULL,
            (
                "FFmpeg was stopped because the disk had less than 3 MiB left and it took more"
                " (half of storage.reserve_mbytes)."
            ),
        ),
        (
            TooManyFiles(100),
            ErrorStatus.OUTPUT_TOO_LARGE,
            (
                "FFmpeg was stopped because it had written more than 100 files and folders"
                " (jobs.workspace_files)."
            ),
        ),
    ],
)
def test_a_run_that_had_to_be_stopped_is_told_why(
    stop: Stop, status: ErrorStatus, sentence: str
) -> None:
    run = structs.replace(ended(255, BANNER), stopped_by=stop)

    assert explain(run, timeout_s=60, asked=ASKED) == Failed(
        status=status, message=sentence, run_seconds=1.5, log=BANNER
    )


def test_a_run_that_stood_still_is_told_what_it_did_last() -> None:
    log = f"{BANNER}[mov @ 0x1] Invalid data found\n"
    run = structs.replace(ended(0, log), stopped_by=Stalled(quiet_seconds=9, last=Report()))

    failed = explain(run, timeout_s=60, asked=ASKED)

    assert failed is not None
    assert failed.message.endswith(". [mov] Invalid data found")


def test_a_run_that_lost_frames_to_lack_of_memory_failed_whatever_its_status() -> None:
    failed = explain(
        ended(0, "[libx264 @ 0x1] Cannot allocate memory\n"), timeout_s=60, asked=ASKED
    )

    assert failed is not None
    assert failed.status is ErrorStatus.OUT_OF_MEMORY


def test_a_failure_keeps_the_log_and_the_time_it_took() -> None:
    failed = explain(ended(1, BANNER), timeout_s=60, asked=ASKED)

    assert failed is not None
    assert (failed.log, failed.run_seconds) == (BANNER, 1.5)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (ODD_SIZE_5, "[libx264] width not divisible by 2 (321x181)"),
        (ODD_SIZE_9, "[libx264] width not divisible by 2 (321x181)"),
        (NO_FILTER_5, "[AVFilterGraph] No such filter: 'nosuch'"),
        (NO_ENCODER_9, "[vost#0:0] Unknown encoder 'nosuch'"),
        (NO_FILE_9, "[in#0] Error opening input: No such file or directory"),
        (NO_STREAM_5, "Stream map '0:s' matches no streams."),
        (CUT_OFF_5, "../in/in_video.mp4: Invalid data found when processing input"),
    ],
)
def test_the_line_that_says_what_went_wrong_is_found(log: str, line: str) -> None:
    assert telling_line(BANNER + log) == line


@pytest.mark.parametrize("log", ["", "\n\n", BANNER, "frame=1 fps=0\nConversion failed!\n"])
def test_a_log_without_complaints_has_no_telling_line(log: str) -> None:
    assert telling_line(log) == ""


def test_without_a_known_complaint_the_last_line_counts() -> None:
    assert telling_line(f"{BANNER}[aac @ 0x1] odd\n[mp4 @ 0x2] odder\n") == "[mp4] odder"


def test_a_long_line_is_shortened() -> None:
    assert telling_line("Unknown " + "x" * 1000) == ("Unknown " + "x" * 1000)[:MAX_LINE]


@pytest.mark.parametrize(
    "log",
    [
        "[hls @ 0x55ff2c3cb0c0] Format not on whitelist '3gp,mov'\n../in/a.mp4: Invalid argument\n",
        (
            "[in#0 @ 0x5629eb169940] Format not on whitelist '3gp,mov'\n"
            "[in#0 @ 0x5629eb1695c0] Error opening input: Invalid argument\n"
        ),
        (
            "Not detecting m3u8/hls with non standard extension and non standard mime type\n"
            "[in#0 @ 0x5629eb169940] moov atom not found\n"
        ),
    ],
    ids=["FFmpeg 5", "FFmpeg 9", "FFmpeg 9 finds a playlist"],
)
def test_an_input_that_is_a_list_under_another_name_is_refused(log: str) -> None:
    failed = explain(
        Ended(exit_status=1, timed_out=False, log=log, run_seconds=0.1), timeout_s=60, asked=ASKED
    )

    assert failed is not None
    assert failed.status is ErrorStatus.INPUT_REFUSED
    assert failed.message.startswith(
        "An input is a list of other files, and neither its name nor the command says so; call it"
        " .m3u8, .mpd or .ffconcat as it fits, or name its format with -f before -i. "
    )
    assert "3gp,mov" not in failed.message


def test_a_known_complaint_is_explained_with_its_own_line() -> None:
    failed = explain(ended(1, BANNER + ODD_SIZE_9), timeout_s=60, asked=ASKED)

    assert failed is not None
    assert failed.message == (
        "The encoder takes only pictures with an even number of columns and rows; use scale=-2:…"
        " or crop the picture to even sides. [libx264] width not divisible by 2 (321x181)"
    )
    assert failed.suggestion == (
        "-i {{in_video}} -vf 'crop=trunc(iw/2)*2:trunc(ih/2)*2' {{out_video}}"
    )


def test_a_full_disk_is_told_before_what_follows_from_it() -> None:
    log = "No space left on device\nCould not write header (incorrect codec parameters ?)\n"

    failed = explain(ended(1, log), timeout_s=60, asked=ASKED)

    assert failed is not None
    assert (failed.status, failed.suggestion) == (ErrorStatus.STORAGE_FULL, None)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("Trailing option(s) found in the command: may be ignored.", "behind the last output"),
        ("Output file is empty, nothing was encoded(check -ss)", "-ss lies within the input"),
        ("frame=1", ""),
    ],
)
def test_a_run_that_ends_well_may_say_why_it_left_nothing(log: str, words: str) -> None:
    assert words in why_nothing(log)
    assert (why_nothing(log) == "") == (words == "")
