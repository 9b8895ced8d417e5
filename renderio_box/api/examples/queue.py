"""The queue, for administrators."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import Example

QUEUE: Final[Mapping[str, Mapping[str, Example]]] = {
    "show_queue": {"now": Example(summary="What there is to do", answer={"drained": False})},
    "drain_queue": {
        "drained": Example(
            summary="Take up nothing more", answer={"drained": True, "quiet_until": None}
        )
    },
    "resume_queue": {"resumed": Example(summary="Go on", answer={"drained": False})},
}
