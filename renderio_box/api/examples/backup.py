"""Snapshots, for administrators."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import Example

BACKUP: Final[Mapping[str, Mapping[str, Example]]] = {
    "take_snapshot": {
        "database": Example(
            summary="The database alone",
            body={"with_files": False},
            answer={"stored_files": None, "stored_bytes": 0, "missing_keys": []},
        )
    },
}
