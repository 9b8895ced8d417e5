"""Reading server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

from tests.conformance.client import Client


@dataclass(frozen=True)
class Event:
    """One event; ``id`` is None for those that cannot be caught up with."""

    kind: str
    id: str | None
    data: dict[str, Any]


@contextmanager
def listening(
    client: Client, path: str, *, last_event_id: str | None = None, **parameters: str
) -> Iterator[httpx.Response]:
    """Open a stream of events; it is closed with the block."""
    headers = {"X-API-KEY": client.key, "Accept": "text/event-stream"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    url = client.url + client.dialect + path
    with client.http.stream("GET", url, headers=headers, params=parameters) as answer:
        yield answer


def events_of(answer: httpx.Response) -> Iterator[Event]:
    """Yield every event as it arrives, until the box ends the stream."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(":")
        if line:
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield Event(
                fields.get("event", "message"), fields.get("id"), json.loads(fields["data"])
            )
        fields = {}


def all_events(client: Client, path: str, **more: Any) -> list[Event]:  # noqa: ANN401 - passed on
    """Return the events of a stream that the box ends."""
    with listening(client, path, **more) as answer:
        assert answer.status_code == 200, answer.read()
        return list(events_of(answer))


def next_events(answer: httpx.Response, count: int, kind: str = "status") -> list[Event]:
    """Return the next events of that kind; the stream is used up with them."""
    return list(islice((event for event in events_of(answer) if event.kind == kind), count))
