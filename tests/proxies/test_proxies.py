"""What passes through nginx and Caddy, with the box at the top of its host."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.certificates import needs_openssl
from tests.proxies.proxies import PROXIES, Proxied, proxied
from tests.running_box import cli

pytestmark = [needs_openssl, pytest.mark.timeout(180)]

GIBIBYTE: Final = 1024**3
BOX_MEMORY_MBYTES: Final = 400
SHARE: Final = 4
"""How many connections one address may hold: fewer than the proxy will have."""
LONG: Final = "-re -f lavfi -i testsrc2=size=64x36:rate=5 -t 60 {{out_1}}"


@pytest.fixture(scope="module", params=PROXIES)
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    directory = tmp_path_factory.mktemp(request.param)
    limit = {"RENDERIO_SERVER_CONNECTIONS_PER_ADDRESS": str(SHARE)}
    with proxied(request.param, directory, **limit) as opened:
        yield opened


def most_memory_mbytes(pid: int) -> int:
    """Return the most memory that the process has ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)
    return int(kilobytes) // 1024


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_a_gibibyte_arrives_whole_and_is_held_in_nobodys_memory(
    way: Proxied, tmp_path: Path
) -> None:
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        file.truncate(GIBIBYTE - 4)
        file.seek(GIBIBYTE - 4)
        file.write(b"tail")
    began = time.monotonic()
    with way.client() as client:
        sent = subprocess.run(
            [
                *("curl", "-sf", "--cacert", str(way.certificate), "-F", f"file=@{source}"),
                *("-H", f"X-API-KEY: {client.headers['x-api-key']}"),
                f"{way.url}/api/v1/files/upload",
            ],
            capture_output=True,
            timeout=150,
            check=True,
        )
        (url,) = re.findall(r'"storage_url":"([^"]+)"', sent.stdout.decode())
        head = client.head(url)
        tail = client.get(url, headers={"Range": "bytes=-4"})
        middle = client.get(url, headers={"Range": f"bytes={GIBIBYTE // 2}-{GIBIBYTE // 2 + 9}"})
        (file_id,) = re.findall(r'"file_id":"([^"]+)"', sent.stdout.decode())
        client.delete(f"/api/v1/files/{file_id}").raise_for_status()

    memory = most_memory_mbytes(way.box.process.pid)
    sys.stdout.write(f"{time.monotonic() - began:.1f} s, box {memory} MiB at most\n")
    assert (head.status_code, int(head.headers["content-length"])) == (200, GIBIBYTE)
    assert (tail.status_code, tail.content) == (206, b"tail")
    assert (middle.status_code, middle.content) == (206, bytes(10))
    assert memory < BOX_MEMORY_MBYTES


def test_events_arrive_while_the_command_still_runs(way: Proxied) -> None:
    command_id = way.box.submit(LONG, {"out_1": "a.mkv"})
    with (
        way.client() as client,
        client.stream("GET", f"/api/v1/commands/{command_id}/events") as answer,
    ):
        lines = iter(answer.iter_lines())
        began = next(line for line in lines if '"PROCESSING"' in line)
        moving = next(line for line in lines if '"progress"' in line)
        polled = way.box.poll(command_id)
    way.box.cancel(command_id)

    assert (bool(began), bool(moving), polled["status"]) == (True, True, "PROCESSING")


def test_what_is_too_large_is_refused_by_the_box(way: Proxied) -> None:
    with way.client() as client:
        refused = client.post(
            "/api/v1/run-ffmpeg-command",
            content=b" " * 2_000_000,
            headers={"Content-Type": "application/json"},
        )

    assert (refused.status_code, refused.json()["error"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "more", [{}, {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=1.2.3.4"}]
)
def test_the_box_knows_who_a_client_is_whatever_that_one_says(
    way: Proxied, more: dict[str, str]
) -> None:
    address = f"127.0.0.{50 + len(more)}"
    with way.client(from_address=address) as client:
        refused = client.get("/api/v1/commands", headers={"X-API-KEY": "x", **more})

    log = way.box.stderr.read_text()
    assert refused.status_code == 401
    assert re.search(rf"caller_refused\s+client={re.escape(address)} ", log)
    assert "203.0.113.7" not in log
    assert "1.2.3.4" not in log


def test_a_client_that_is_no_proxy_is_not_believed(way: Proxied) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.60", trust_env=False)
    with httpx.Client(base_url=way.box.url, transport=transport) as client:
        spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        client.get("/api/v1/commands", headers=spoofed)

    log = way.box.stderr.read_text()
    assert re.search(r"caller_refused\s+client=127\.0\.0\.60 ", log)
    assert "203.0.113.9" not in log


def test_a_proxy_may_hold_more_connections_than_one_address(way: Proxied) -> None:
    clients = [way.client() for _ in range(2 * SHARE)]
    try:
        streams = [
            client.send(client.build_request("GET", "/api/v1/events"), stream=True)
            for client in clients
        ]
        statuses = {stream.status_code for stream in streams}
        for stream in streams:
            stream.close()
    finally:
        for client in clients:
            client.close()

    assert statuses == {200}


def test_a_client_that_reads_slowly_gets_all_of_a_file(way: Proxied) -> None:
    stored = way.box.upload_bytes("slow.bin", bytes(8 * 1024 * 1024))
    received = 0
    with way.client() as client, client.stream("GET", stored["storage_url"]) as answer:
        for piece in answer.iter_bytes(512 * 1024):
            received += len(piece)
            time.sleep(0.02)

    assert received == 8 * 1024 * 1024


def test_the_command_line_of_the_machine_goes_on_to_work(way: Proxied) -> None:
    listed = cli("keys", "list", "--data", way.box.data)

    assert (listed.returncode, "admin" in listed.stdout) == (0, True)
