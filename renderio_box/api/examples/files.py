"""Files: uploaded, looked at, deleted."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import FILE, FILE_ID, STORAGE_URL, Example

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
}
