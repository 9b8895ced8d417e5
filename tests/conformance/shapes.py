"""What the records of the contract must look like, field by field."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

Check = Callable[[object], bool]
Shape = Mapping[str, Check]

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
MISSING: Final = "(missing)"
ERROR_STATUSES: Final = frozenset(
    {
        *("UNREACHABLE_INPUT_FILE", "INPUT_TOO_LARGE", "INPUT_REFUSED", "INVALID_COMMAND"),
        *("FFMPEG_FAILED", "OUTPUT_MISSING", "OUTPUT_TOO_LARGE", "TIMEOUT", "STALLED"),
        *("OUT_OF_MEMORY", "STORAGE_FULL", "CANCELLED", "INTERRUPTED", "INTERNAL_ERROR"),
        "VERIFICATION_FAILED",
    }
)


def wrong_fields(record: Mapping[str, object], shape: Shape) -> dict[str, object]:
    """Return every field that is missing or not as its check wants it."""
    found = {name: record.get(name, MISSING) for name in shape}
    return {
        name: value for name, value in found.items() if value == MISSING or not shape[name](value)
    }


def wrong_rendi_fields(record: Mapping[str, object], shape: Shape) -> dict[str, object]:
    """Return what is not as Rendi sends it: fields that do not apply are left out, never null."""
    nulls = {name: value for name, value in record.items() if value is None}
    return nulls | wrong_fields(
        record, {name: shape[name] for name in shape.keys() & record.keys()}
    )


def text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def boolean(value: object) -> bool:
    return isinstance(value, bool)


def no(value: object) -> bool:
    return value is False


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def positive(value: object) -> bool:
    return whole(value) and value != 0


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def null(value: object) -> bool:
    return value is None


def mapping(value: object) -> bool:
    return isinstance(value, dict)


def empty(value: object) -> bool:
    return value == {}


def identifier(value: object) -> bool:
    """Tell whether it is a UUID as text, in its usual form."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def moment(value: object) -> bool:
    """Tell whether it is an RFC 3339 time in UTC."""
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def url(value: object) -> bool:
    return isinstance(value, str) and re.match(r"https?://[^/\s]+/\S+", value) is not None


def digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def is_one_of(*values: object) -> Check:
    return lambda value: value in values


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


COMMAND: Final[Shape] = {
    "command_id": identifier,
    "status": is_one_of("QUEUED", "PROCESSING", "SUCCESS", "FAILED"),
    "command_type": is_one_of("FFMPEG_COMMAND", "CHAINED_COMMAND", "MULTIPLE_COMMAND"),
    "created_at": moment,
    "started_at": or_null(moment),
    "finished_at": or_null(moment),
    "total_processing_seconds": or_null(number),
    "ffmpeg_command_run_seconds": or_null(number),
    "original_request": mapping,
    "metadata": mapping,
    "output_files": mapping,
    "vcpu_count": positive,
    "error_status": null,
    "error_message": null,
    "error": null,
    "suggestion": null,
    "progress": null,
    "processing_stage": null,
    "queue_position": null,
    "waiting_for": null,
    "attempt": whole,
    "log_url": url,
}
ENDED: Final[Shape] = {
    **COMMAND,
    "started_at": moment,
    "finished_at": moment,
    "total_processing_seconds": number,
    "ffmpeg_command_run_seconds": number,
    "attempt": is_one_of(1),
}
SUCCEEDED: Final[Shape] = {**ENDED, "status": is_one_of("SUCCESS")}
FAILED: Final[Shape] = {
    **ENDED,
    "status": is_one_of("FAILED"),
    "ffmpeg_command_run_seconds": or_null(number),
    "output_files": empty,
    "error_status": is_one_of(*ERROR_STATUSES),
    "error_message": text,
    "error": text,
    "suggestion": or_null(text),
}
UNFINISHED: Final[Shape] = {
    **COMMAND,
    "finished_at": null,
    "total_processing_seconds": null,
    "ffmpeg_command_run_seconds": null,
    "output_files": empty,
}
QUEUED: Final[Shape] = {
    **UNFINISHED,
    "status": is_one_of("QUEUED"),
    "started_at": null,
    "queue_position": positive,
    "waiting_for": or_null(is_one_of("CPUS", "MEMORY", "STORAGE", "RESUME")),
}
PROCESSING: Final[Shape] = {
    **UNFINISHED,
    "status": is_one_of("PROCESSING"),
    "started_at": moment,
    "progress": mapping,
    "processing_stage": is_one_of("DOWNLOADING", "FFMPEG_PROCESSING", "UPLOADING"),
    "attempt": is_one_of(1),
}
PROGRESS: Final[Shape] = {
    "percent": or_null(number),
    "out_time_seconds": or_null(number),
    "fps": or_null(number),
    "speed": or_null(number),
    "eta_seconds": or_null(number),
}

FILE: Final[Shape] = {
    "file_id": identifier,
    "storage_url": url,
    "status": is_one_of("STORED"),
    "filename": text,
    "size_mbytes": number,
    "rendi_store_type": is_one_of("OUTPUT", "STORED_FILE", "UPLOAD"),
    "is_deleted": no,
    "original_file_url": null,
    "mime_type": text,
    "file_type": is_one_of("video", "audio", "image", "subtitles", "text", "archive", "other"),
    "file_format": text,
    "codec": null,
    "pixel_format": null,
    "duration": null,
    "width": null,
    "height": null,
    "frame_rate": null,
    "is_varying_frame_rate": null,
    "bitrate_video_kb": null,
    "bitrate_audio_kb": null,
    "sample_rate": null,
    "channels": null,
    "video_profile_level": null,
    "timebase": null,
    "error_status": null,
    "error_message": null,
    "created_at": moment,
    "sha256": digest,
    "expires_at": or_null(moment),
}
VIDEO_FILE: Final[Shape] = {
    **FILE,
    "codec": text,
    "pixel_format": text,
    "duration": number,
    "width": positive,
    "height": positive,
    "frame_rate": number,
    "is_varying_frame_rate": boolean,
    "bitrate_video_kb": number,
    "bitrate_audio_kb": number,
    "sample_rate": positive,
    "channels": positive,
    "video_profile_level": text,
    "timebase": text,
}
