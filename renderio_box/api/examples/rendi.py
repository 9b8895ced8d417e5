"""What Rendi's dialect answers in words of its own."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import (
    COMMAND_ID,
    CREATED,
    DONE,
    FILE,
    FILE_ID,
    PART_ETAG,
    UPLOAD_ID,
    Example,
)

RENDI_FILE: Final = {name: value for name, value in FILE.items() if name != "filename"}
RENDI_DONE: Final = {
    **{name: value for name, value in DONE.items() if value is not None},
    "output_files": {"out_video": RENDI_FILE},
}

RENDI: Final[Mapping[str, Mapping[str, Example]]] = {
    "rendi_show_command": {"done": Example(summary="A command that is done", answer=RENDI_DONE)},
    "rendi_list_commands": {
        "page": Example(
            summary="A page",
            answer=[
                {
                    "command_id": COMMAND_ID,
                    "status": "SUCCESS",
                    "created_at": CREATED,
                    "output_file_count": 1,
                }
            ],
        )
    },
    "rendi_list_files": {"page": Example(summary="A page", answer=[RENDI_FILE])},
    "rendi_show_file": {"file": Example(summary="A file", answer=RENDI_FILE)},
    "rendi_store_file": {
        "wanted": Example(
            summary="Have a file fetched and kept",
            body={"file_url": "https://example.com/clip.mp4"},
            answer={"file_id": FILE_ID},
        )
    },
    "rendi_complete_upload": {
        "whole": Example(
            summary="Make the file of its only part",
            path={"file_id": UPLOAD_ID},
            body={"parts": [{"part_number": 1, "etag": PART_ETAG}]},
            answer={
                "file_id": UPLOAD_ID,
                "storage_url": FILE["storage_url"],
                "status": "STORED",
                "size_mbytes": 0.25,
            },
        )
    },
}
