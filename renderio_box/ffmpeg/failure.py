"""From FFmpeg's exit status and log to what a caller is told."""

import re
import signal
from typing import Final

from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.executor import (
    DiskRunningOut,
    Ended,
    Stalled,
    Stop,
    TooManyBytes,
    TooManyFiles,
)
from renderio_box.ffmpeg.explanations import explanation_of
from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Failed

MAX_LINE: Final = 300
MEBIBYTE: Final = 1024 * 1024
TELLING: Final = re.compile(
    r"No such|Unrecognized option|not divisible|matches no streams|Cannot |Unable to|Unknown"
    r"|Invalid data|not found|At least one output|does not contain|Missing argument|Permission"
    r"|not supported|denied|Undefined|too large|moov atom",
    re.IGNORECASE,
)
NOISE: Final = re.compile(
    r"frame=|size=|video:|Conversion failed|Exiting normally|Press \[q\]|To ignore this"
    r"|Error (?:opening|splitting|parsing options|initializing|while|sending|submitting)"
    r"|Failed to inject|(?:\[[^]]*\] )?(?:Task finished|Terminating thread|Nothing was written)"
    r"|Output #|Input #|Stream mapping|\s|$"
)
ADDRESS: Final = re.compile(r" @ 0x[0-9a-f]+")
OUT_OF_MEMORY: Final = re.compile(r"Cannot allocate memory|Error alloc")
NO_DEVICE: Final = re.compile(r"Device creation failed")
DISK_FULL: Final = re.compile(r"No space left on device")
CUT_SHORT: Final = re.compile(
    r"^(?:\[[^]]*\] )?Error (?:writing trailer|closing file)\b.*: No space left on device$",
    re.MULTILINE,
)
"""What FFmpeg 5.1 says when the end of an output did not fit, and then ends with status 0."""
UNTOLD: Final = "The disk was full while FFmpeg wrote, and what it made may lack its end."
"""What there is to say when FFmpeg says nothing: its HLS muxer does not notice such an error."""
UNANNOUNCED_LIST: Final = re.compile(
    r"Format not on whitelist|Not detecting m3u8/hls with non standard extension"
)
SAY_SO: Final = (
    "An input is a list of other files, and neither its name nor the command says so; call it"
    " .m3u8, .mpd or .ffconcat as it fits, or name its format with -f before -i."
)
CAUSES: Final = (
    (DISK_FULL, ErrorStatus.STORAGE_FULL, "The disk was full while FFmpeg wrote."),
    (UNANNOUNCED_LIST, ErrorStatus.INPUT_REFUSED, SAY_SO),
)
"""What FFmpeg's log says of a failure that is not FFmpeg's own."""
CRASHES: Final = {
    signal.SIGSEGV: "a fault of this FFmpeg; try another encoder or filter, or a newer FFmpeg",
    signal.SIGABRT: "a fault of this FFmpeg; try another encoder or filter, or a newer FFmpeg",
    signal.SIGFPE: "a fault of this FFmpeg; check sizes and rates for a 0",
    signal.SIGILL: "it was built for another kind of CPU; install one for this machine",
    signal.SIGKILL: "something outside of the box ended it; look for it in the machine's log",
    signal.SIGTERM: "something outside of the box ended it; submit the command again",
}
"""What it means that a signal ended FFmpeg."""
NOTHING_ENCODED: Final = re.compile(r"Output file is empty, nothing was encoded")
TRAILING: Final = re.compile(r"Trailing option\(s\) found in the command")
IGNORED: Final = "Options behind the last output have no effect; put them before it."
NO_FRAME: Final = (
    "No frame came as far as the output: check that -ss lies within the input and that no filter"
    " drops everything."
)
EMPTY_BECAUSE: Final = ((TRAILING, IGNORED), (NOTHING_ENCODED, NO_FRAME))
"""Why a run may end well and leave nothing."""


def explain(ended: Ended, *, timeout_s: float, asked: Asked) -> Failed | None:
    """Return why the run counts as failed, None when it ended well.

    A run that ends with status 0 after an allocation failed has silently lost frames,
    one whose disk became full may have lost the end: both count as failed too.
    """
    if ended.stopped_by is not None:
        return stopped(ended, ended.stopped_by)
    if ended.timed_out:
        return Failed(
            status=ErrorStatus.TIMEOUT,
            message=f"FFmpeg was stopped at this command's time limit of {timeout_s:g} s;"
            " ask for more with max_command_run_seconds.",
            run_seconds=ended.run_seconds,
            log=ended.log,
        )
    if ran_out_of_memory(ended):
        return failed(ended, ErrorStatus.OUT_OF_MEMORY, "FFmpeg ran out of memory.")
    if ended.exit_status == 0 and not CUT_SHORT.search(ended.log):
        return failed(ended, ErrorStatus.STORAGE_FULL, UNTOLD) if ended.disk_was_full else None
    known = None if ended.exit_status < 0 or cause_of(ended) else explanation_of(ended.log, asked)
    if known is None:
        return failed(ended, *broken_off(ended))
    return Failed(
        status=known.status,
        message=f"{known.sentence} {known.line}",
        suggestion=known.suggestion,
        run_seconds=ended.run_seconds,
        log=ended.log,
    )


def ran_out_of_memory(ended: Ended) -> bool:
    """Tell whether there was too little memory; drivers say so, too, where there is no device."""
    is_said = OUT_OF_MEMORY.search(ended.log) and not NO_DEVICE.search(ended.log)
    return ended.out_of_memory or bool(is_said)


def cause_of(ended: Ended) -> tuple[ErrorStatus, str] | None:
    """Return what is not FFmpeg's own failure, None when nothing says so."""
    for words, status, sentence in CAUSES:
        if words.search(ended.log):
            return status, sentence
    return None


def why_nothing(log: str) -> str:
    """Return why a run that ended well may have left nothing, as a sentence; empty if unknown."""
    return next((sentence for words, sentence in EMPTY_BECAUSE if words.search(log)), "")


def broken_off(ended: Ended) -> tuple[ErrorStatus, str]:
    """Return what a run that ended by itself, and badly, ends with, and the sentence about it."""
    if ended.exit_status == -signal.SIGXFSZ:
        return ErrorStatus.OUTPUT_TOO_LARGE, (
            "An output grew past the largest allowed size (jobs.output_mbytes)."
        )
    return cause_of(ended) or (ErrorStatus.FFMPEG_FAILED, f"FFmpeg {how(ended.exit_status)}.")


def stopped(ended: Ended, stop: Stop) -> Failed:
    """Return the failure of a run that had to be stopped, with what a stalled one did last."""
    because = "FFmpeg was stopped because"
    status = ErrorStatus.OUTPUT_TOO_LARGE
    match stop:
        case Stalled(quiet_seconds=seconds, last=last):
            setting = "jobs.stall_seconds"
            sentence = f"nothing had happened for {seconds:.0f} s ({setting}); {how_far(last)}."
            return failed(ended, ErrorStatus.STALLED, f"{because} {sentence}")
        case DiskRunningOut(limit=limit):
            sentence = f"the disk had less than {limit // MEBIBYTE} MiB left and it took more"
            setting = "half of storage.reserve_mbytes"
            status = ErrorStatus.STORAGE_FULL
        case TooManyBytes(limit=limit):
            sentence = f"its files were larger than {limit // MEBIBYTE} MiB together"
            setting = "jobs.workspace_mbytes"
        case TooManyFiles(limit=limit):
            sentence = f"it had written more than {limit} files and folders"
            setting = "jobs.workspace_files"
    return Failed(
        status=status,
        message=f"{because} {sentence} ({setting}).",
        run_seconds=ended.run_seconds,
        log=ended.log,
    )


def how_far(last: Report) -> str:
    """Return how far FFmpeg had come with its output, as the end of a sentence."""
    if not last.out_time_us and not last.frame:
        return "it had not made anything until then"
    reached = "" if last.out_time_us is None else f" {last.out_time_us / 1_000_000:.2f} s"
    frames = "" if last.frame is None else f" {last.frame} frames"
    return f"its output had come to{reached}{' and' if reached and frames else ''}{frames}"


def failed(ended: Ended, status: ErrorStatus, sentence: str) -> Failed:
    """Return the failure with FFmpeg's own last telling line behind our sentence."""
    line = telling_line(ended.log)
    message = f"{sentence} {line}" if line else sentence
    return Failed(status=status, message=message, run_seconds=ended.run_seconds, log=ended.log)


def how(exit_status: int) -> str:
    """Return how the process ended, as the end of a sentence."""
    if exit_status >= 0:
        return f"ended with status {exit_status}"
    try:
        number = signal.Signals(-exit_status)
    except ValueError:
        return f"was ended by signal {-exit_status}"
    meaning = CRASHES.get(number)
    return f"was ended by {number.name}" + (f": {meaning}" if meaning else "")


def telling_line(log: str) -> str:
    """Return the line that says what went wrong, shortened; empty when none does."""
    lines = [ADDRESS.sub("", line) for line in log.splitlines()]
    lines = [line for line in lines if not NOISE.match(line)]
    telling = [line for line in lines if TELLING.search(line)] or lines
    return telling[-1][:MAX_LINE] if telling else ""
