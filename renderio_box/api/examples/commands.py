"""Commands: submitted, watched, stopped."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import (
    ACCEPTED,
    COMMAND_ID,
    CREATED,
    DONE,
    FILE_ID,
    QUEUED_ID,
    STOPPED,
    Example,
)

BEGINNING: Final = "id: 1\nretry: 2000\n\n"
TOLD: Final = f"""\
id: 0
retry: 2000

id: 1
event: status
data: {{"command_id":"{COMMAND_ID}","status":"QUEUED","attempt":0,"at":"{CREATED}"}}

id: 2
event: status
data: {{"command_id":"{COMMAND_ID}","status":"PROCESSING","attempt":1,"at":"{CREATED}"}}

id: 3
event: status
data: {{"command_id":"{COMMAND_ID}","status":"SUCCESS","attempt":1,"at":"{CREATED}","error_status":null,"error_message":null}}

"""

COMMANDS: Final[Mapping[str, Mapping[str, Example]]] = {
    "run_command": {
        "url": Example(
            summary="Make a video of a URL smaller",
            body={
                "ffmpeg_command": "-i {{in_video}} -vf scale=640:-2 {{out_video}}",
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_video": "small.mp4"},
                "metadata": {"order": "A-17"},
            },
            answer=ACCEPTED,
        ),
        "upload": Example(
            summary="Take a picture out of an upload",
            body={
                "ffmpeg_command": "-ss 2 -i {{in_video}} -frames:v 1 {{out_picture}}",
                "input_files": {"in_video": FILE_ID},
                "output_files": {"out_picture": "picture.jpg"},
                "max_command_run_seconds": 60,
                "vcpu_count": 1,
            },
            answer=ACCEPTED,
        ),
        "nothing": Example(
            summary="Make a clip out of nothing",
            body={
                "ffmpeg_command": "-f lavfi -i testsrc=duration=2 {{out_video}}",
                "input_files": {},
                "output_files": {"out_video": "test.mp4"},
            },
            answer=ACCEPTED,
        ),
        "list": Example(
            summary="Join clips with a list that comes with the request",
            body={
                "ffmpeg_command": "-f concat -safe 0 -i {{in_list}} -c copy {{out_video}}",
                "input_files": {
                    "in_list": "data:text/plain,file '{{in_1}}'%0Afile '{{in_2}}'",
                    "in_1": "https://example.com/one.mp4",
                    "in_2": "https://example.com/two.mp4",
                },
                "output_files": {"out_video": "joined.mp4"},
            },
            answer=ACCEPTED,
        ),
        "playlist": Example(
            summary="Make a playlist whose address plays at once",
            body={
                "ffmpeg_command": "-i {{in_video}} -f hls {{out_playlist_hls}}",
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_playlist_hls": "playlist.m3u8"},
            },
            answer=ACCEPTED,
        ),
        "verified": Example(
            summary="Have what was made checked before it counts as done",
            body={
                "ffmpeg_command": "-i {{in_video}} -c:v libx264 {{out_video}}",
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_video": "whole.mp4"},
                "verify": {"decode": True, "duration_tolerance_seconds": 1, "streams": True},
            },
            answer=ACCEPTED,
        ),
        "folder": Example(
            summary="From a zip of pictures to a zip of pictures",
            body={
                "ffmpeg_command": "-i %03d.jpg -vf scale=320:-2 small_%03d.jpg",
                "input_compressed_folder": "https://example.com/pictures.zip",
                "output_files": "OUTPUT_FOLDER",
            },
            answer=ACCEPTED,
        ),
    },
    "run_chain": {
        "flat": Example(
            summary="Take the sound out, then make it louder",
            body={
                "ffmpeg_commands": [
                    "-i {{in_video}} -vn between.wav",
                    "-i between.wav -af volume=6dB {{out_sound}}",
                ],
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_sound": "loud.mp3"},
            },
            answer=ACCEPTED,
        ),
        "steps": Example(
            summary="Steps with files of their own",
            body={
                "commands": [
                    {
                        "ffmpeg_command": "-i {{in_video}} -vf scale=640:-2 {{out_small}}",
                        "input_files": {"in_video": FILE_ID},
                        "output_files": {"out_small": "small.mp4"},
                    },
                    {
                        "ffmpeg_command": "-i {{in_small}} -frames:v 1 {{out_picture}}",
                        "input_files": {"in_small": "{{out_small}}"},
                        "output_files": {"out_picture": "picture.jpg"},
                    },
                ]
            },
            answer=ACCEPTED,
        ),
    },
    "run_multiple": {
        "sizes": Example(
            summary="One video in two sizes, fetched once",
            body={
                "commands": [
                    {
                        "ffmpeg_command": f"-i {{{{in_video}}}} -vf scale={width}:-2 {{{{out_video}}}}",
                        "input_files": {"in_video": "https://example.com/clip.mp4"},
                        "output_files": {"out_video": f"{width}.mp4"},
                    }
                    for width in (640, 320)
                ]
            },
            answer={
                "command_ids": [COMMAND_ID, QUEUED_ID],
                "commands": [
                    {"command_id": COMMAND_ID, "status": "QUEUED"},
                    {"command_id": QUEUED_ID, "status": "QUEUED"},
                ],
            },
        ),
    },
    "validate": {
        "single": Example(
            summary="Try a command",
            body={
                "ffmpeg_command": "ffmpeg -y -i {{in_video}} -vf scale=640:-2 {{out_video}}",
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_video": "small.mp4"},
            },
            answer={
                "valid": True,
                "arguments": [["-i", "{{in_video}}", "-vf", "scale=640:-2", "{{out_video}}"]],
                "warnings": [],
            },
        ),
        "chain": Example(
            summary="Try a chain",
            body={
                "ffmpeg_commands": [
                    "-i {{in_video}} -vn between.wav",
                    "-i between.wav -af volume=6dB {{out_sound}}",
                ],
                "input_files": {"in_video": "https://example.com/clip.mp4"},
                "output_files": {"out_sound": "loud.mp3"},
            },
            answer={"valid": True, "arguments": [["-i", "{{in_video}}", "-vn", "between.wav"]]},
        ),
    },
    "watch_command": {"from_the_beginning": Example(summary="A whole stream", answer=TOLD)},
    "watch_commands": {"from_now_on": Example(summary="A stream from now on", answer=BEGINNING)},
    "show_command": {"done": Example(summary="A command that is done", answer=DONE)},
    "list_commands": {
        "page": Example(
            summary="A page",
            answer={
                "commands": [{"command_id": COMMAND_ID, "status": "SUCCESS"}],
                "limit": 50,
                "offset": 0,
                "total": 1,
                "next_cursor": None,
            },
        )
    },
    "cancel_command": {
        "queued": Example(summary="Stop a command", path={"command_id": QUEUED_ID}, answer=STOPPED)
    },
    "delete_outputs": {
        "all": Example(summary="Delete them", answer={"deleted": True, "files_deleted": 1})
    },
    "show_log": {"log": Example(summary="FFmpeg's own words", answer="frame=1\n")},
}
