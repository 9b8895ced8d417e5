"""The box itself."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.records import Example

OPERATION: Final[Mapping[str, Mapping[str, Example]]] = {
    "healthz": {
        "well": Example(
            summary="It lives",
            answer={
                "status": "ok",
                "isolation": "bubblewrap with landlock",
                "instance": "9f86d081884c7d65",
            },
        )
    },
    "readyz": {
        "well": Example(
            summary="Commands can run",
            answer={
                "ready": True,
                "box": {"version": "0.1.0", "vcpus": 4, "ffmpeg": {"version": "7.1"}},
                "checks": {},
            },
        )
    },
}
