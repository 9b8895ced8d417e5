"""Presets: kept, changed, executed."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import ACCEPTED, CREATED, FILE_ID, PRESET_ID, Example

COMMAND: Final = "-i {{in_video}} -vf scale=640:-2 {{out_video}}"
PRESET: Final[Mapping[str, object]] = {
    "preset_id": PRESET_ID,
    "name": "Small",
    "description": None,
    "category": None,
    "is_system": False,
    "command_type": "FFMPEG_COMMAND",
    "ffmpeg_command": COMMAND,
    "ffmpeg_commands": None,
    "input_file_keys": ["in_video"],
    "input_files": {"in_video": ""},
    "output_file_definitions": {"out_video": "small.mp4"},
    "metadata": {},
    "created_at": CREATED,
    "updated_at": CREATED,
}
MARKED: Final[Mapping[str, object]] = {
    **PRESET,
    "description": "640 pixels wide.",
    "metadata": {"team": "web"},
}

PRESETS: Final[Mapping[str, Mapping[str, Example]]] = {
    "add_preset": {
        "keys": Example(
            summary="A command whose input is named when it is executed",
            body={
                "name": "Small",
                "ffmpeg_command": COMMAND,
                "input_file_keys": ["in_video"],
                "output_file_definitions": {"out_video": "small.mp4"},
            },
            answer=PRESET,
        ),
        "files": Example(
            summary="A command with a default for one of its inputs",
            body={
                "name": "With our logo",
                "category": "overlay",
                "ffmpeg_command": "-i {{in_video}} -i {{in_logo}}"
                " -filter_complex overlay=10:10 {{out_video}}",
                "input_files": {"in_video": "", "in_logo": "https://example.com/logo.png"},
                "output_files": {"out_video": "marked.mp4"},
            },
            answer={
                "name": "With our logo",
                "input_file_keys": ["in_video", "in_logo"],
                "input_files": {"in_video": "", "in_logo": "https://example.com/logo.png"},
            },
        ),
        "chain": Example(
            summary="A chain",
            body={
                "name": "Loud",
                "command_type": "CHAINED_COMMAND",
                "ffmpeg_commands": [
                    "-i {{in_video}} -vn between.wav",
                    "-i between.wav -af volume=6dB {{out_sound}}",
                ],
                "input_file_keys": ["in_video"],
                "output_file_definitions": {"out_sound": "loud.mp3"},
            },
            answer={"name": "Loud", "command_type": "CHAINED_COMMAND", "ffmpeg_command": None},
        ),
    },
    "list_presets": {
        "page": Example(summary="A page", answer={"presets": [PRESET], "limit": 50, "offset": 0})
    },
    "show_preset": {"preset": Example(summary="A preset", answer=PRESET)},
    "change_preset": {
        "words": Example(
            summary="Change two fields, keep the others",
            body={"description": "640 pixels wide.", "metadata": {"team": "web"}},
            answer=MARKED,
        )
    },
    "delete_preset": {
        "gone": Example(summary="Delete it", answer={"deleted": True, "preset_id": PRESET_ID})
    },
    "execute_preset": {
        "upload": Example(
            summary="Run it on an upload",
            body={
                "input_files": {"in_video": FILE_ID},
                "output_files": {"out_video": "talk.mp4"},
                "metadata": {"order": "A-17"},
            },
            answer=ACCEPTED,
        )
    },
}
