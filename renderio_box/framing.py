"""Requests that a proxy in front might read otherwise than we do are not answered.

Where two readers disagree on how long a request is, the rest of it is somebody's next one.
"""

from typing import Any, Final

import h11

MOST_HEADERS: Final = 100
LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})


class StrictConnection(h11.Connection):
    """h11, which lets Transfer-Encoding win over Content-Length, and any number of headers pass."""

    def next_event(self) -> Any:  # noqa: ANN401 - h11's own
        """Return what has come; h11.RemoteProtocolError when it is no request to answer."""
        event = super().next_event()
        if isinstance(event, h11.Request) and (reason := ambiguity_of(event)):
            raise h11.RemoteProtocolError(reason)
        return event


def ambiguity_of(request: h11.Request) -> str:
    """Return what is wrong with the header of a request, empty when nothing is."""
    names = [name for name, _ in request.headers]
    lengths = LENGTHS.intersection(names)
    if len(names) > MOST_HEADERS:
        return "too many headers"
    if lengths == LENGTHS:
        return "two ways of telling how long the body is"
    if b"transfer-encoding" in lengths and request.http_version == b"1.0":
        return "chunks before they were invented"
    if request.method == b"CONNECT":
        return "this is no proxy"
    return ""
