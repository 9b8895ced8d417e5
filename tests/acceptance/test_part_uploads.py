"""An upload in parts as clients with real connections make it."""

import hashlib
import random
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.running_box import RunningBox, eventually, running_box

MEBIBYTE = 1024 * 1024
SIZE = 40 * MEBIBYTE + 12_345
SIDE_BY_SIDE = 3


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(7).randbytes(SIZE)  # noqa: S311 - noise, the same each time


def begin(box: RunningBox, size: int) -> dict[str, Any]:
    body = {"filename": "noise.zip", "size_bytes": size}
    return dict(box.http.post("/v1/files/init-upload", json=body).raise_for_status().json())


def complete(box: RunningBox, begun: dict[str, Any], etags: dict[int, str]) -> httpx.Response:
    parts = [{"part_number": number, "etag": etag} for number, etag in etags.items()]
    return box.http.post(f"/v1/files/{begun['file_id']}/complete-upload", json={"parts": parts})


def sender(begun: dict[str, Any], content: bytes) -> Callable[[int], tuple[int, str]]:
    """Return what sends a part over a connection of its own, without a key."""

    def send(number: int) -> tuple[int, str]:
        size = begun["part_size"]
        cut = content[(number - 1) * size : number * size]
        url = begun["upload_urls"][number - 1]
        with httpx.Client(trust_env=False, timeout=30) as http:
            return number, http.put(url, content=cut).raise_for_status().headers["ETag"]

    return send


def hang_up_half_way(url: str, content: bytes) -> None:
    """Send half of a part and close the connection."""
    parts = urlsplit(url)
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(head.encode() + content[: len(content) // 2])


def arriving(data: Path) -> list[Path]:
    return list((data / "files" / "incoming").iterdir())


def test_a_large_file_arrives_in_parts_side_by_side_although_one_breaks_off(
    box: RunningBox, content: bytes
) -> None:
    begun = begin(box, len(content))
    part_size = begun["part_size"]
    hang_up_half_way(begun["upload_urls"][1], content[part_size : 2 * part_size])
    refused = complete(box, begun, {1: "x"})

    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        numbers = range(len(begun["upload_urls"]), 0, -1)
        etags = dict(threads.map(sender(begun, content), numbers))
    record = complete(box, begun, etags).raise_for_status().json()

    assert (refused.status_code, len(etags)) == (422, 3)
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert hashlib.sha256(box.download(record["storage_url"])).hexdigest() == record["sha256"]
    assert [path for path in (box.data / "files" / "parts").rglob("*") if path.is_file()] == []
    assert eventually(lambda: not arriving(box.data))


def test_an_upload_goes_on_after_its_box_was_killed_in_the_middle_of_a_part(
    tmp_path: Path, content: bytes
) -> None:
    content = content[: 17 * MEBIBYTE]
    with running_box(tmp_path / "data") as box:
        begun = begin(box, len(content))
        _, first = sender(begun, content)(1)
        parts = urlsplit(begun["upload_urls"][1])
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            head = f"PUT {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {MEBIBYTE}\r\n\r\n"
            connection.sendall(head.encode() + b"begun")
            eventually(lambda: arriving(box.data))
            box.process.kill()
            box.process.wait()

    with running_box(tmp_path / "data") as box:
        path = parts.path
        second = box.http.put(path, content=content[16 * MEBIBYTE :]).raise_for_status()
        record = complete(box, begun, {1: first, 2: second.headers["ETag"]}).json()

    assert record["sha256"] == hashlib.sha256(content).hexdigest()
