"""Files: uploaded, looked at, deleted."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import (
    FILE,
    FILE_ID,
    PART_ETAG,
    STORAGE_URL,
    UPLOAD_ID,
    UPLOAD_TOKEN,
    Example,
)

PROBED: Final[Mapping[str, object]] = {
    "filename": "small.mp4",
    "codec": "h264",
    "duration": 2.5,
    "streams": [{"codec_name": "h264"}],
    "format": {"filename": "small.mp4"},
}
UPLOADED: Final[Mapping[str, object]] = {
    name: FILE[name] for name in ("storage_url", "status", "filename", "size_mbytes", "is_deleted")
}

FILES: Final[Mapping[str, Mapping[str, Example]]] = {
    "upload_file": {
        "stored": Example(
            summary="A stored upload",
            answer={
                "file_id": FILE_ID,
                "storage_url": STORAGE_URL,
                "filename": "small.mp4",
                "size_mbytes": 0.25,
            },
        )
    },
    "list_files": {
        "page": Example(summary="A page", answer={"files": [FILE], "limit": 50, "offset": 0})
    },
    "show_file": {"file": Example(summary="A file", answer=FILE)},
    "delete_file": {
        "gone": Example(summary="Delete it", answer={"deleted": True, "file_id": FILE_ID})
    },
    "bulk_delete": {
        "gone": Example(
            summary="Delete several, all or none",
            body={"file_ids": [FILE_ID]},
            answer={"deleted_file_ids": [FILE_ID]},
        )
    },
    "store_file": {
        "wanted": Example(
            summary="Have a file fetched and kept",
            body={"file_url": "https://example.com/clip.mp4", "filename": "clip.mp4"},
            answer={
                "file_id": FILE_ID,
                "storage_url": STORAGE_URL.replace("small", "clip"),
                "filename": "clip.mp4",
                "size_mbytes": None,
            },
        )
    },
    "probe": {
        "upload": Example(
            summary="Look at an upload",
            body={"file_id": FILE_ID},
            answer={**PROBED, "file_id": FILE_ID, "original_file_url": None},
        ),
        "url": Example(
            summary="Look at the file at a URL, which is not kept unless it is already",
            body={"url": STORAGE_URL},
            answer={**PROBED, "file_id": None, "original_file_url": STORAGE_URL},
        ),
    },
    "init_upload": {
        "small": Example(
            summary="Begin an upload; one of up to 16 MiB has one part",
            body={"filename": "clip.mp4", "size_bytes": 1_000_000},
            answer={
                "file_id": UPLOAD_ID,
                "part_size": 16_777_216,
                "upload_urls": [f"https://box.example.org/uploads/{UPLOAD_TOKEN}/1"],
            },
        )
    },
    "receive_part": {
        "only": Example(summary="The only part", path={"token": UPLOAD_TOKEN, "number": "1"})
    },
    "complete_upload": {
        "whole": Example(
            summary="Make the file of its only part",
            path={"file_id": UPLOAD_ID},
            body={"parts": [{"part_number": 1, "etag": PART_ETAG}]},
            answer={**UPLOADED, "file_id": UPLOAD_ID, "rendi_store_type": "UPLOAD"},
        )
    },
}
