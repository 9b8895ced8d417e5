"""What a running box lets out: in its log, in its answers, and to the curious."""

import re
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from tests.running_box import RunningBox, scratch_box

KEY: Final = "ffsk_" + "deadbeef" * 8
HOOK_SECRET: Final = "whsec-HookSecret"  # noqa: S105 - made up
USERS: Final = "UserPassword"
SIGNED: Final = "QuerySignature"
NOBODY: Final = f"http://user:{USERS}@127.0.0.1:9/clip.mp4?sig={SIGNED}"
GARBAGE: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-API-KEY: " + KEY.encode() + b"\0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /api/v1/run-ffmpeg-command HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    b"\r\n" * 5000,
)


class Seen(msgspec.Struct):
    """What a box wrote and answered while everything went wrong."""

    log: str
    errors: list[str]
    answers: list[httpx.Response]
    part_token: str
    operators_key: str


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """Have a box meet bad luck and bad manners, with a secret in each of its ways in."""
    with scratch_box(RENDERIO_LOG_LEVEL="debug") as box:
        hook = {"url": NOBODY, "secret": HOOK_SECRET}
        box.http.put("/api/v1/webhook-config", json=hook).raise_for_status()
        body = {"input_files": {"in_a": NOBODY}, "webhook_url": NOBODY}
        command_id = box.submit("-i {{in_a}} {{out_a}}", {"out_a": "a.mp4"}, **body)
        stored = box.http.post("/api/v1/files/store-file", json={"file_url": NOBODY})
        part_url = broken_part(box)
        misbehave(box)
        failed = str(box.finished(command_id)["error_message"])
        answers = [stored, *refused(box)]
        errors = [failed, *(answer.text for answer in answers)]
        log = box.stderr
        box.stop()
        key = box.http.headers["x-api-key"]
        yield Seen(log.read_text(), errors, answers, urlsplit(part_url).path, key)


def broken_part(box: RunningBox) -> str:
    """Send a part that is too short to where one was awaited; return that address."""
    upload = {"filename": "a.mp4", "size_bytes": 5}
    begun = box.http.post("/api/v1/files/init-upload", json=upload).json()
    refused = httpx.put(begun["upload_urls"][0], content=b"1", trust_env=False)
    assert refused.status_code == 400
    return str(begun["upload_urls"][0])


def misbehave(box: RunningBox) -> None:
    """Send what is no request, and hang up."""
    where = urlsplit(box.url)
    for garbage in GARBAGE:
        with socket.create_connection((where.hostname, where.port), timeout=5) as raw:
            raw.sendall(garbage)
            raw.shutdown(socket.SHUT_WR)


def refused(box: RunningBox) -> list[httpx.Response]:
    """Send requests that are refused, with secrets where they do not belong."""
    with httpx.Client(base_url=box.url, trust_env=False) as stranger:
        return [
            stranger.get(f"/api/v1/commands?key={KEY}", headers={"X-API-KEY": KEY}),
            stranger.get("/api/v1/commands", headers={"Authorization": f"Bearer {KEY}"}),
            stranger.get(f"/files/{KEY}/a.mp4?sig={SIGNED}"),
            stranger.get(f"/{KEY}"),
            stranger.get("/healthz", headers={"Host": f"user:{USERS}@evil"}),
            box.http.get(f"/api/v1/commands?limit={SIGNED}"),
        ]


def test_a_log_shows_no_secret(seen: Seen) -> None:
    token = seen.part_token.split("/")[-2]
    secrets = [KEY, HOOK_SECRET, USERS, SIGNED, token, seen.operators_key]

    assert [secret for secret in secrets if secret in seen.log] == []


def test_an_error_shows_no_secret_of_anybody(seen: Seen) -> None:
    secrets = [KEY, HOOK_SECRET, USERS, seen.operators_key]

    assert [(secret, said) for secret in secrets for said in seen.errors if secret in said] == []


def test_bad_manners_leave_no_stack_in_the_log(seen: Seen) -> None:
    assert "Traceback" not in seen.log
    assert "request_failed" not in seen.log


def test_a_log_tells_what_happened(seen: Seen) -> None:
    said = set(re.findall(r"\] (\S+)", seen.log))

    assert {"ready", "caller_refused", "uvicorn.error", "job_ended", "stopped"} <= said


def test_every_line_of_a_log_is_plain_text(seen: Seen) -> None:
    assert all(line.isprintable() for line in seen.log.splitlines())


def test_no_answer_names_its_server(seen: Seen) -> None:
    named = {"server", "x-powered-by"}

    assert [answer.url for answer in seen.answers if named & answer.headers.keys()] == []
