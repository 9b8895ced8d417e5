"""The server's memory and the speed of an upload in parts, against one in a single request.

    python -m tests.bench.parts [--mebibytes 200] [--at-once 4]

Prints how far the resident memory rose above idle, sampled every 20 ms, and the seconds.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.bench.memory import BOUNDARY, MEBIBYTE, highest_during, multipart, resident_bytes
from tests.running_box import scratch_box


def send_parts(begun: Mapping[str, Any], size: int, at_once: int) -> list[Any]:
    def send(number: int) -> dict[str, Any]:
        length = min(begun["part_size"], size - (number - 1) * begun["part_size"])
        with httpx.Client(trust_env=False, timeout=60) as http:
            answer = http.put(begun["upload_urls"][number - 1], content=bytes(length))
        return {"part_number": number, "etag": answer.raise_for_status().headers["ETag"]}

    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(send, range(1, len(begun["upload_urls"]) + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mebibytes", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    size = options.mebibytes * MEBIBYTE
    with scratch_box() as box:
        for path in ("/readyz", "/api/v1/files", "/api/v1/commands"):
            box.http.get(path).raise_for_status()
        idle = resident_bytes(box)
        print(f"idle: {idle / MEBIBYTE:.1f} MiB resident")

        def measured(name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it does
            started = time.monotonic()
            highest, result = highest_during(box, work)
            seconds = time.monotonic() - started
            rise = (highest - idle) / MEBIBYTE
            print(f"{name}: at most {rise:+.1f} MiB above idle, {seconds:.2f} s")
            return result

        def in_one() -> httpx.Response:
            headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
            return box.http.post("/api/v1/files/upload", content=multipart(size), headers=headers)

        body = {"filename": "zeros.zip", "size_bytes": size}
        begun = box.http.post("/api/v1/files/init-upload", json=body).raise_for_status().json()
        parts = measured(
            f"{len(begun['upload_urls'])} parts of {options.mebibytes} MiB, {options.at_once} at once",
            lambda: send_parts(begun, size, options.at_once),
        )
        path = f"/api/v1/files/{begun['file_id']}/complete-upload"
        measured("complete", lambda: box.http.post(path, json={"parts": parts}).raise_for_status())
        measured("the same in one request", lambda: in_one().raise_for_status())


if __name__ == "__main__":
    main()
