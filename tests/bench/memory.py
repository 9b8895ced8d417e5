"""The server's memory during a 2 GiB upload and a 2 GiB ranged download.

    python -m tests.bench.memory [--gibibytes 2]

Prints how far the resident memory rose above idle, sampled every 20 ms, and the speed.
Needs twice the size in free disk space in the temporary directory.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.running_box import RunningBox, scratch_box

MEBIBYTE = 1024 * 1024
BOUNDARY = "bench"
SAMPLED_EVERY_S = 0.02


def resident_bytes(box: RunningBox) -> int:
    """Return the server's resident set size (VmRSS of proc(5))."""
    for line in Path(f"/proc/{box.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(box.process.pid)


def multipart(size: int) -> Iterator[bytes]:
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="zeros.zip"\r\n\r\n'
    ).encode()
    piece = bytes(MEBIBYTE)
    for _ in range(size // MEBIBYTE):
        yield piece
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def highest_during(box: RunningBox, work: Callable[[], Any]) -> tuple[int, Any]:
    """Return the largest resident size seen while ``work`` ran, and what it returned."""
    highest, stop = [resident_bytes(box)], threading.Event()

    def sample() -> None:
        while not stop.wait(SAMPLED_EVERY_S):
            highest.append(resident_bytes(box))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        result = work()
    finally:
        stop.set()
        sampler.join()
    return max(highest), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gibibytes", type=int, default=2)
    size = parser.parse_args().gibibytes * 1024 * MEBIBYTE
    with scratch_box() as box:
        for path in ("/readyz", "/api/v1/files", "/api/v1/commands"):
            box.http.get(path).raise_for_status()
        idle = resident_bytes(box)
        print(f"idle: {idle / MEBIBYTE:.1f} MiB resident")

        def upload() -> str:
            headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
            answer = box.http.post("/api/v1/files/upload", content=multipart(size), headers=headers)
            return str(answer.raise_for_status().json()["storage_url"])

        def download() -> int:
            received = 0
            headers = {"range": f"bytes=1-{size - 1}"}
            with box.http.stream("GET", url, headers=headers) as answer:
                for piece in answer.iter_raw(MEBIBYTE):
                    received += len(piece)
            return received

        for name, work in (("upload", upload), ("ranged download", download)):
            started = time.monotonic()
            highest, result = highest_during(box, work)
            seconds = time.monotonic() - started
            url = str(result)
            print(
                f"{name} of {size // MEBIBYTE} MiB: at most {(highest - idle) / MEBIBYTE:+.1f} MiB"
                f" above idle, {size / MEBIBYTE / seconds:.0f} MiB/s"
            )
            if name == "ranged download" and result != size - 1:
                raise SystemExit(f"{result} bytes came of {size - 1}")


if __name__ == "__main__":
    main()
