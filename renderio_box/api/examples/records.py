"""What examples are, and what many of them speak of."""

from collections.abc import Mapping
from typing import Final

import msgspec

COMMAND_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"
QUEUED_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6072"
FILE_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6073"
KEY_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6074"
DELIVERY_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6075"
PRESET_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6076"
UPLOAD_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6077"
UPLOAD_TOKEN: Final = "k8Rw2mVx6bTzQe0sYh4NcLg7dUj9aPf1oXi3CtKqWBM"  # noqa: S105 - an example
PART_ETAG: Final = '"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"'
TOKEN: Final = "Zq3vT0b8rW5nXk2LmY7cJd9aHs4fPg6uEo1iKtQxVBM"  # noqa: S105 - an example
STORAGE_URL: Final = f"https://box.example.org/files/{TOKEN}/small.mp4"

PATH: Final[Mapping[str, str]] = {
    "command_id": COMMAND_ID,
    "file_id": FILE_ID,
    "key_id": KEY_ID,
    "delivery_id": DELIVERY_ID,
    "preset_id": PRESET_ID,
    "token": TOKEN,
    "path": "small.mp4",
}
"""What stands in the address where an example says nothing else."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One request and an excerpt of its answer.

    ``body`` is the JSON to send; ``path`` are parts of the address that are not as usual.
    """

    summary: str
    body: Mapping[str, object] | None = None
    path: Mapping[str, str] = {}
    answer: object = None


CREATED: Final = "2026-01-01T12:00:00Z"
FILE: Final[Mapping[str, object]] = {
    "file_id": FILE_ID,
    "storage_url": STORAGE_URL,
    "status": "STORED",
    "filename": "small.mp4",
    "size_mbytes": 0.25,
    "mime_type": "video/mp4",
    "file_type": "video",
    "codec": "h264",
    "duration": 2.5,
    "width": 640,
    "height": 360,
    "is_deleted": False,
    "created_at": CREATED,
}
DONE: Final[Mapping[str, object]] = {
    "command_id": COMMAND_ID,
    "status": "SUCCESS",
    "command_type": "FFMPEG_COMMAND",
    "created_at": CREATED,
    "finished_at": "2026-01-01T12:00:03Z",
    "total_processing_seconds": 3.0,
    "ffmpeg_command_run_seconds": 1.5,
    "metadata": {"order": "A-17"},
    "output_files": {"out_video": FILE},
    "error_status": None,
    "error_message": None,
}
STOPPED: Final[Mapping[str, object]] = {
    "command_id": QUEUED_ID,
    "status": "FAILED",
    "error_status": "CANCELLED",
    "error_message": "The command was cancelled.",
    "output_files": {},
}
ACCEPTED: Final = {"command_id": COMMAND_ID}
KEY: Final[Mapping[str, object]] = {
    "id": KEY_ID,
    "name": "n8n",
    "owner": "n8n",
    "scopes": ["files", "read", "submit"],
    "created_at": CREATED,
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}
