"""Why jobs end without success."""

from renderio_box.errors import Explained


class ErrorStatus(Explained):
    """Why a job ended without success; a closed list that callers may switch on."""

    UNREACHABLE_INPUT_FILE = (
        "UNREACHABLE_INPUT_FILE",
        "An input could not be fetched, or a stored file was deleted before the command ran.",
        "Check the URL from the box's machine; the message says what the server answered.",
    )
    INPUT_TOO_LARGE = (
        "INPUT_TOO_LARGE",
        "An input, or what an archive unpacks to, is over the limit.",
        "Raise inputs.max_mbytes.",
    )
    INPUT_REFUSED = (
        "INPUT_REFUSED",
        "The address of an input may not be contacted, or an archive may not be unpacked.",
        "Allow the address with network.allow; make archives of plain, relative files.",
    )
    INVALID_COMMAND = (
        "INVALID_COMMAND",
        "The installed FFmpeg cannot be given the command as written.",
        "Change the command as the message says.",
    )
    FFMPEG_FAILED = (
        "FFMPEG_FAILED",
        "FFmpeg ended with an error.",
        "Read the last line of the message, then the log.",
    )
    OUTPUT_MISSING = (
        "OUTPUT_MISSING",
        "FFmpeg ended well, but a declared output is missing, empty or unreadable.",
        "Write to every declared {{out_…}} file; the log shows what was written.",
    )
    VERIFICATION_FAILED = (
        "VERIFICATION_FAILED",
        "FFmpeg ended well, but an output failed a check that verify asked for.",
        "Read verification in the poll response; mend the input or the command.",
    )
    OUTPUT_TOO_LARGE = (
        "OUTPUT_TOO_LARGE",
        "An output, or everything that the command wrote, grew past the limit.",
        "Raise jobs.output_mbytes, jobs.workspace_mbytes or jobs.workspace_files; or write less.",
    )
    TIMEOUT = (
        "TIMEOUT",
        "FFmpeg ran longer than the command was allowed to.",
        "Ask for more with max_command_run_seconds.",
    )
    STALLED = (
        "STALLED",
        "FFmpeg came to a standstill: no new frame, nothing read or written, no CPU used.",
        "Submit it again; if it stalls again, read the log, or raise jobs.stall_seconds.",
    )
    OUT_OF_MEMORY = (
        "OUT_OF_MEMORY",
        "FFmpeg needed more memory than one command may use.",
        "Raise jobs.memory_mbytes, or use a smaller picture or preset.",
    )
    STORAGE_FULL = (
        "STORAGE_FULL",
        "The disk was full while the command ran.",
        "Delete files or add disk space, then submit the command again.",
    )
    CANCELLED = (
        "CANCELLED",
        "Somebody asked to stop the command.",
        "Submit it again if that was a mistake.",
    )
    INTERRUPTED = (
        "INTERRUPTED",
        "The box died three times while the command ran.",
        "Submit it with less work at a time, if it may be the cause.",
    )
    INTERNAL_ERROR = (
        "INTERNAL_ERROR",
        "A fault of the box.",
        "Look for the command's id in the box's log.",
    )
