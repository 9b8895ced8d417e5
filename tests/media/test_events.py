"""Event streams of a box in a process of its own, through kills, restarts and stops."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from renderio_box.connections import CLOSE_SECONDS
from tests.listening import Block, block_of
from tests.media.test_restarts import LASTS_S, OUTPUTS, start_long
from tests.running_box import PATIENCE_S, RunningBox, eventually, running_box

EVENTS = "/api/v1/events"
SHORT = "-f lavfi -i color=size=64x36:duration=0.1 {{out_video}}"


@contextmanager
def listening(
    box: RunningBox, path: str = EVENTS, last_event_id: int | None = None
) -> Iterator[Iterator[Block]]:
    """Open a stream and yield its blocks as they come, until it ends."""
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    with box.http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, response.read()
        yield blocks_of(response)


def blocks_of(response: httpx.Response) -> Iterator[Block]:
    buffer = b""
    for piece in response.iter_raw():
        *whole, buffer = (buffer + piece).split(b"\r\n\r\n")
        yield from map(block_of, whole)


def until(blocks: Iterator[Block], status: str) -> list[Block]:
    """Read up to the first block with that status."""
    read: list[Block] = []
    for block in blocks:
        read.append(block)
        if block.status == status:
            break
    return read


def statuses(blocks: list[Block]) -> list[str]:
    return [block.status for block in blocks if block.status is not None]


def stuck_reader(box: RunningBox) -> socket.socket:
    """Open a stream and never read from it."""
    url = urlsplit(box.url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((url.hostname, url.port))
    key = box.http.headers["x-api-key"]
    reader.sendall(
        f"GET {EVENTS}?after=0 HTTP/1.1\r\nHost: box\r\nX-API-KEY: {key}\r\n\r\n".encode()
    )
    return reader


def add_events(database: Path, command_id: str, *, count: int) -> None:
    """Add more events of the command than any buffer between box and reader holds."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO events SELECT :sequence, job_id, owner, state, attempt, at"
            " FROM events WHERE job_id = :id AND state = 'queued' AND sequence < :sequence LIMIT 1",
            [{"sequence": 10 + number, "id": command_id} for number in range(count)],
        )


def is_stuck(box: RunningBox) -> bool:
    """Tell whether the box has rested for a while, because nobody takes what it sends."""
    before = cpu_ticks(box)
    time.sleep(0.3)
    return cpu_ticks(box) - before <= 1


def cpu_ticks(box: RunningBox) -> int:
    fields = Path(f"/proc/{box.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def stops_at_once(box: RunningBox) -> bool:
    """Stop the box; tell whether it did so without waiting for its readers."""
    started = time.monotonic()
    assert box.stop() == 0, box.stderr.read_text()
    return time.monotonic() - started < CLOSE_SECONDS


def test_a_command_is_told_from_its_submit_to_its_end(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = start_long(box, uuid4().hex)
        began = time.monotonic()
        with listening(box, f"/api/v1/commands/{command_id}/events") as blocks:
            read = list(blocks)
        lasted_s = time.monotonic() - began

    assert statuses(read) == ["QUEUED", "PROCESSING", "SUCCESS"]
    progress = [block.data for block in read if block.event == "progress"]
    assert any(data is not None and data["progress"]["fps"] for data in progress)
    assert len(progress) <= 2 * max(lasted_s, LASTS_S)


def test_who_comes_back_to_a_box_that_was_killed_misses_nothing(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box, listening(box) as blocks:
        command_id = start_long(box, uuid4().hex)
        before = until(blocks, "PROCESSING")
        box.process.kill()
        box.process.wait()

    with (
        running_box(tmp_path / "data") as box,
        listening(box, last_event_id=before[-1].id) as blocks,
    ):
        after = until(blocks, "SUCCESS")

    told = [block for block in (*before, *after) if block.event == "status"]
    assert statuses(told) == ["QUEUED", "PROCESSING", "SUCCESS"]
    assert {(block.data or {})["command_id"] for block in told} == {command_id}
    assert [(block.data or {})["attempt"] for block in told] == [0, 1, 2]


def test_who_comes_back_to_a_command_that_ended_meanwhile_is_told_so(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = start_long(box, uuid4().hex)
        path = f"/api/v1/commands/{command_id}/events"
        with listening(box, path) as blocks:
            before = until(blocks, "PROCESSING")
        box.process.kill()
        box.process.wait()

    with running_box(tmp_path / "data") as box:
        box.finished(command_id)
        with listening(box, path, before[-1].id) as blocks:
            after = list(blocks)
        again = box.http.get(path, headers={"Last-Event-ID": str(after[-1].id)})

    assert (statuses(after), again.status_code) == (["SUCCESS"], 204)


def test_a_reader_that_stops_reading_holds_nobody_up(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box, stuck_reader(box), listening(box) as blocks:
        for _ in range(10):
            command_id = box.submit(SHORT, OUTPUTS)
            told = until(blocks, "SUCCESS")
            assert (told[-1].data or {})["command_id"] == command_id


def test_a_box_with_an_open_stream_stops_at_once(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box, listening(box) as blocks:
        next(blocks)

        assert stops_at_once(box)
        assert statuses(list(blocks)) == []


def test_a_box_does_not_wait_for_readers_that_do_not_read(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        command_id = box.submit(SHORT, OUTPUTS)
        box.finished(command_id)
    add_events(tmp_path / "data" / "box.sqlite3", command_id, count=60_000)

    with running_box(tmp_path / "data") as box, stuck_reader(box):
        eventually(lambda: is_stuck(box))

        assert stops_at_once(box)
        assert "Traceback" not in box.stderr.read_text()


def test_streams_go_on_while_running_commands_are_waited_for(tmp_path: Path) -> None:
    with (
        running_box(tmp_path / "data", RENDERIO_SERVER_DRAIN_SECONDS="20") as box,
        listening(box) as blocks,
    ):
        start_long(box, uuid4().hex)
        until(blocks, "PROCESSING")
        box.process.terminate()

        assert statuses(list(blocks)) == ["SUCCESS"]
        assert box.process.wait(PATIENCE_S) == 0
