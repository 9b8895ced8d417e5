"""What every field of the API means, said once for all requests and answers that have it."""

from collections.abc import Mapping
from typing import Final

FIELDS: Final[Mapping[str, str]] = {
    # What is sent to have commands run
    "ffmpeg_command": "FFmpeg's argument list as one string, with {{in_x}} and {{out_x}} where"
    " files stand. A leading ffmpeg, -y and -n are dropped.",
    "ffmpeg_commands": "Commands that run one after another in one directory. A later one may"
    " read {{out_x}} of an earlier one, or a plain name that it wrote.",
    "input_files": "Where each {{in_x}} comes from: an http or https URL, a storage_url or a"
    " file_id of this box, or data: text of up to 64 KiB. Empty when nothing is read.",
    "output_files": "What each {{out_x}} is to be called: a bare file name, whose extension"
    " decides the format; out_playlist_x is stored with every segment. Or the text OUTPUT_FOLDER:"
    " whatever is written is stored as one zip.",
    "input_compressed_folder": "A zip, by URL or file_id, that is unpacked before the run, so that"
    " the command may name its files as they are; it takes the place of input_files.",
    "metadata": "Whatever the caller wants to find again: at most 10 flat values, repeated in"
    " polls, lists and webhooks.",
    "webhook_url": "Told when this command has ended, in place of the owner's webhook.",
    "max_command_run_seconds": "How long FFmpeg may run. The box has a default and a ceiling.",
    "vcpu_count": "How many CPUs the command counts for and is held to; never more than there are.",
    "priority": "0 to 100, 50 by default. Higher goes first; among equals owners take"
    " turns, and an owner's own go first come, first served.",
    "verify": "What is checked of every output before it counts as done: how far it decodes, how"
    " long it is, which streams it has. What is left out is as the operator has set it. A failed"
    " check ends the command with VERIFICATION_FAILED, and nothing is stored.",
    "VerifyRequest.decode": "Every output decodes to its end without an error.",
    "VerifyRequest.duration_tolerance_seconds": "How far an output may be from the length that the"
    " command and its inputs let expect; 0 means that lengths are not checked.",
    "VerifyRequest.streams": "Every output has the video, audio and subtitle streams that FFmpeg said"
    " it would write, and none of them is empty.",
    "RunChainRequest.commands": "Steps with files of their own; a source may be {{out_x}} of an"
    " earlier step. In place of ffmpeg_commands, input_files and output_files.",
    "StepRequest.output_files": "What each {{out_x}} of this step is to be called.",
    "valid": "Always true; a body that a submit would refuse gets that refusal.",
    "arguments": "The words of every command or step, with {{alias}} where a file will stand.",
    # Presets
    "preset_id": "The preset's id, a UUID.",
    "presets": "The owner's presets, newest first, and after them those of the box.",
    "is_system": "It came with the box: it can be used, but not changed or deleted.",
    "description": "What it is for.",
    "category": "A word to find it by.",
    "input_file_keys": "The inputs, in_x, that whoever executes it has to name.",
    "output_file_definitions": "What each {{out_x}} is called unless an execution says otherwise.",
    "updated_at": "When it was changed last.",
    "PresetView.created_at": "When it was made.",
    "PresetView.input_files": "The default of each input; empty where it has none.",
    **{
        f"{schema}.{field}": text
        for schema in ("NewPreset", "PresetChange", "PresetView")
        for field, text in {
            "name": "What the preset is called.",
            "command_type": "FFMPEG_COMMAND for one command, CHAINED_COMMAND for several.",
            "metadata": "Given to every command that is made from it; a change replaces all of it.",
        }.items()
    },
    **{
        f"{schema}.{field}": text
        for schema in ("NewPreset", "PresetChange")
        for field, text in {
            "input_files": "In place of input_file_keys: the inputs, each with its default or"
            ' with "" for none.',
            "output_files": "The same as output_file_definitions, by its other name.",
        }.items()
    },
    "Execution.input_files": "A source for each input of the preset, and for no other; those with"
    " a default may be left out.",
    "Execution.output_files": "Outputs of the preset that are to be called otherwise.",
    "Execution.metadata": "Added to the preset's; wins where both have a key.",
    # Commands
    "command_id": "The command's id, a UUID.",
    "commands": "The commands, newest first.",
    "command_ids": "The ids of the commands, in the request's order.",
    "AcceptedBatch.commands": "The commands, in the request's order.",
    "RunMultipleRequest.commands": "1 to 10 commands, each with files and options of its own.",
    "status": "QUEUED, PROCESSING, SUCCESS or FAILED; it only moves forward.",
    "command_type": "How the command was submitted.",
    "created_at": "When it was accepted, in UTC.",
    "started_at": "When the box began with it.",
    "finished_at": "When it ended.",
    "total_processing_seconds": "From acceptance to the end.",
    "ffmpeg_command_run_seconds": "How long FFmpeg itself ran.",
    "original_request": "The request as sent, with the defaults that were applied.",
    "CommandView.output_files": "The stored outputs by alias; empty before SUCCESS.",
    "error_status": "Why it failed, out of a closed list; null or absent unless it did.",
    "external_error_message": "What went wrong, in one sentence.",
    "output_file_count": "How many outputs it has; only after SUCCESS.",
    "error_message": "What went wrong, in one sentence, then FFmpeg's own telling line.",
    "error": "The same text as error_message.",
    "suggestion": "The command that failed, of a chain the step, with its fault corrected; only"
    " where one change of its words is known to be enough: for -c:v libx246 the same with"
    " -c:v libx264.",
    "progress": "How far FFmpeg has come; only while PROCESSING.",
    "percent": "0 to 100.",
    "out_time_seconds": "How much of the output is written, in seconds of playing time.",
    "fps": "Frames encoded per second.",
    "speed": "Seconds of output per second of work.",
    "eta_seconds": "How long FFmpeg will still run.",
    "processing_stage": "What the box is doing; only while PROCESSING.",
    "queue_position": "1 is next; only while QUEUED. Owners of commands of the same priority take"
    " turns, so a command that another owner sends may come before it.",
    "waiting_for": "What there is too little of for the first in the queue to start, and so for"
    " all behind it, such as CPUS, or RESUME while the operator has no command taken up; only"
    " while QUEUED, null or absent when nothing keeps it.",
    "attempt": "How often the box has begun with it; more than once only after a crash.",
    "warnings": "What was changed in the command so that the installed FFmpeg takes it, and what"
    " of verify means nothing.",
    "verification": "What was checked of each output, by alias, as in"
    ' {"out_video": {"decode": "passed", ...}}; null or absent when nothing was.',
    "OutputVerification.decode": "passed, failed, or skipped: it was not asked for, or cannot be.",
    "OutputVerification.duration": "Its length.",
    "OutputVerification.streams": "Its streams.",
    "OutputVerification.message": "What is wrong, or why nothing was checked; null otherwise.",
    "result": "passed, failed, skipped where it was not asked for, or unknown where nobody can tell"
    " what would be right; unknown fails nothing.",
    "at_least_seconds": "The shortest it should be, before the tolerance; null when unknown.",
    "at_most_seconds": "The longest it should be, before the tolerance; null when unknown.",
    "found_seconds": "How long it is; null where it does not say.",
    "expected": "How many streams of each kind FFmpeg said it would write; null when unknown.",
    "found": "How many it has of each kind; null when it was not read.",
    "log_url": "FFmpeg's log as text; needs the key.",
    "files_deleted": "How many outputs were deleted now.",
    # Files
    "file_id": "The file's id, a UUID; it may stand as a source of an input.",
    "files": "The files, newest first.",
    "FileRecord.status": "PROCESSING while it is being fetched, then STORED or FAILED.",
    "storage_url": "Where the file is served to whoever has this address, without a key. Where the"
    " box lets addresses expire, every look at the command or the file shows a fresh one.",
    "filename": "The file's name; the last part of its storage_url.",
    "size_mbytes": "Size in MiB, unrounded; of a playlist or folder, of all its files together.",
    "size_compressed_mbytes": "Size of a folder's zip in MiB.",
    "file_count": "How many files a playlist or folder has.",
    "rendi_store_type": "Where it came from: OUTPUT, UPLOAD or STORED_FILE.",
    "is_deleted": "Its bytes are gone; only this record is left.",
    "original_file_url": "Where it was fetched from.",
    "mime_type": "The media type of its name.",
    "file_type": "What it is for a person.",
    "file_format": "The extension of its name.",
    "codec": "The codec of the main stream.",
    "pixel_format": "How the picture is kept, such as yuv420p.",
    "duration": "Playing time in seconds.",
    "width": "In pixels, as displayed.",
    "height": "In pixels, as displayed.",
    "frame_rate": "Frames per second.",
    "is_varying_frame_rate": "The frame rate is only an average.",
    "bitrate_video_kb": "Bits per second of the video, divided by 1024.",
    "bitrate_audio_kb": "Bits per second of the sound, divided by 1024.",
    "sample_rate": "Samples per second of the sound.",
    "channels": "Channels of the sound.",
    "video_profile_level": "Profile and level of the video.",
    "timebase": "The unit of the stream's timestamps, as a fraction of a second.",
    "sha256": "Digest of the content, in hex.",
    "expires_at": "When it will be deleted by itself; null when it will not.",
    "deleted": "Always true.",
    "token": "The secret part of the address.",
    "path": "The file's name; a playlist's token opens the files that it names as well.",
    "file_ids": "The files to delete; all of them, or none.",
    "deleted_file_ids": "The files whose bytes are gone now.",
    "file_url": "Where the file is fetched from: an http or https URL.",
    "StoreFileRequest.url": "The same as file_url, by its other name.",
    "StoreFileRequest.filename": "What the file shall be called.",
    "ProbeRequest.url": "An http or https URL; in place of file_id.",
    "ProbeRequest.file_id": "A file of the box; in place of url.",
    # Uploads in parts
    "InitUploadRequest.filename": "What the file is called.",
    "size_bytes": "Size of the whole file in bytes.",
    "part_size": "Size of every part but the last, in bytes.",
    "upload_urls": "Where each part is PUT, in order, without a key. They work for a limited time.",
    "parts": "Every part of the upload, in any order.",
    "part_number": "1 for the first of upload_urls.",
    "etag": "The header ETag of the answer to the part.",
    "number": "The number of the part, from 1.",
    # Webhooks
    "url": "Where it is told that commands have ended.",
    "secret": "Signs every message, as HMAC-SHA256 of its body; never shown again.",
    "success": "Always true.",
    "configured": "There is a hook.",
    "is_active": "It is used; after 8 failed deliveries in a row it is not, until it is set again.",
    "consecutive_failures": "How many deliveries in a row have failed.",
    "disabled_at": "When it was given up.",
    "deliveries": "The deliveries, newest first.",
    "delivery_id": "The delivery's id; its messages carry it as webhook-id.",
    "list_deliveries.command_id": "Only deliveries about this command.",
    "kind": "account for the owner's hook, command for a command's own URL, test for a sample.",
    "DeliveryView.url": "Where it goes at present; null when there is no place any more.",
    "DeliveryView.status": "pending, delivered or failed.",
    "attempts": "How often it was tried.",
    "next_attempt_at": "When it is tried next; null once it has ended.",
    "last_attempt_at": "When it was tried last.",
    "last_status_code": "What the receiver answered last; null when it did not.",
    "last_error": "Why the last attempt failed.",
    # Keys
    "keys": "Every key, oldest first.",
    "key_id": "The key's id or its name.",
    "id": "The id, a UUID.",
    "name": "What the operator calls the key.",
    "owner": "Who the key speaks for: it sees only what its owner submitted.",
    "scopes": "What the key may be used for; admin includes everything and sees everybody's.",
    "key": "The key itself, shown this once.",
    "last_used_at": "When it was last used.",
    "revoked_at": "When it was revoked.",
    "NewKeyRequest.expires_at": "When it ends by itself; never unless given.",
    "KeyView.expires_at": "When it ends by itself; null for never.",
    # The queue
    "drained": "An operator had the box take up no command until it is told to, or started anew.",
    "quiet_until": "When the present quiet hours end, in which no command is taken up; null when"
    " there are none.",
    "running": "How many commands run.",
    "queued": "How many commands wait.",
    # Backups
    "with_files": "Also take every stored file.",
    "snapshot": "What the snapshot is called in the data directory.",
    "schema_version": "The schema of its database.",
    "stored_files": "How many stored files are in it; null when they were not asked for.",
    "stored_bytes": "How large these are together.",
    "missing_keys": "Stored files that the box should have and has not.",
    # Pages of a list
    "limit": "How many entries at most.",
    "offset": "How many entries to leave out first.",
    "list_commands.status": "Only commands with this status.",
    "list_commands.command_type": "Only commands of this type.",
    "total": "How many there are in all.",
    "next_cursor": "Where the next page begins; null on the last one.",
    "cursor": "The next_cursor of the page before. It excludes offset, and stays fast and exact"
    " in long lists that grow meanwhile.",
    # Streams of events
    "after": "The id of the last event that the reader knows; the stream goes on after it.",
    "Last-Event-ID": "The same as after, and wins over it: an EventSource sends it by itself.",
    # Errors
    "RenderioError.error": "Why the request was refused; never renamed.",
    "message": "What is wrong and what to change, for people.",
    "detail": "The fields at fault; absent where no field is.",
    "loc": "The path of the field.",
    "msg": "What is wrong with it.",
    "type": "Always value_error.",
    # The box itself
    "Alive.status": "Always ok.",
    "ready": "Commands can run now.",
    "box": "What does not change while the box runs.",
    "checks": "Every check with what it found.",
    "ok": "It is well.",
    "Check.message": "What was found.",
    "BoxFacts.version": "The version of the box.",
    "isolation": "How commands are walled in.",
    "instance": "Which run of which box this is; it says nothing else.",
    "vcpus": "How many CPUs all commands may use together.",
    "ffmpeg": "The FFmpeg that runs commands.",
    "FfmpegFacts.version": "FFmpeg's version.",
    "FfmpegFacts.ffmpeg": "Where ffmpeg is on the box.",
    "ffprobe": "Where ffprobe is; null where facts come from FFmpeg itself.",
    "missing_encoders": "The usual encoders that this build lacks.",
}
"""Descriptions by the name of a field or parameter, or by ``Schema.field`` where one differs."""


def meaning_of(field: str, *, schema: str) -> str | None:
    """Return what the field means in that schema, None when nobody has said it."""
    return FIELDS.get(f"{schema}.{field}") or FIELDS.get(field)
