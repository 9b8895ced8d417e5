import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from renderio_box.cli.doctor import ask, in_json, in_lines
from renderio_box.doctor.door import Answer
from renderio_box.doctor.finding import problem, well

FINDINGS = [well("disk", "12 MiB free"), problem("port", "it is taken", "choose another")]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Answer every request alike; yields the address, and the paths that are asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()
            thread.join()


def test_a_line_has_the_state_the_subject_what_was_seen_and_the_fix() -> None:
    assert in_lines(FINDINGS).splitlines() == [
        "ok       disk                12 MiB free",
        "problem  port                it is taken  -> choose another",
    ]


def test_machines_are_told_the_same() -> None:
    report = json.loads(in_json(FINDINGS, is_well=False))

    assert report["ok"] is False
    assert report["findings"][1] == {
        "state": "problem",
        "subject": "port",
        "what": "it is taken",
        "fix": "choose another",
    }


async def test_a_box_is_asked_which_one_it_is_below_its_path() -> None:
    with answering(200, b'{"status":"ok","instance":"7"}') as (url, paths):
        assert await ask(f"{url}/renderio/") == Answer(instance="7")

    assert paths == ["/renderio/healthz"]


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (502, b"", "it answers HTTP 502"),
        (301, b"", "it answers HTTP 301"),
        (200, b"<html>hello</html>", "something answers that is no renderio-box"),
        (200, b'{"status":"ok"}', "something answers that is no renderio-box"),
        (200, b"[" * 200_000, "something answers that is no renderio-box"),
    ],
)
async def test_whatever_else_answers_is_no_box(status: int, body: bytes, fault: str) -> None:
    with answering(status, body) as (url, _):
        assert await ask(url) == Answer(fault=fault)


async def test_nobody_at_the_address_is_told_as_such() -> None:
    assert "connection" in (await ask("http://127.0.0.1:1")).fault.lower()


async def test_an_address_that_is_none_is_told_as_such() -> None:
    assert (await ask("http://[::1")).fault
