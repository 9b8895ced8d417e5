"""What the program takes as an appliance: start, memory, processes, size; side by side.

    packaging/build all && python -m tests.bench.appliance [--rounds 5]

Compared are this checkout in its Python, the one-directory build and the one-file build, those
of them that are there. A start ends with the first 200 of /readyz, on a data directory that
has been used before. A cold one comes after the kernel has dropped its caches, which only root
may ask for; FFmpeg, which every start tries, is then read from the disk as well. A warm one is
the best and the median of several; beside it is the processor's time that a start and the stop
after it take, FFmpeg's included, which a busy machine changes less. Memory is what is used
2 seconds after a start, of all processes together.
"""

import argparse
import http.client
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running_box import PATIENCE_S, environment

MEBIBYTE = 1024 * 1024
LOOKED_EVERY_S = 0.002
SETTLED_S = 2.0
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
EVERYTHING = "3"
AIMS = "aims: one directory below 1 s, idle below 90 MiB"
DIST = Path("dist")
PARTS: dict[str, Callable[[str], bool]] = {
    "our modules and the libraries' (in the executable)": lambda path: path == "renderio-box",
    "the clip, the font and the API page": lambda path: "/renderio_box/assets/" in path,
    "the launcher": lambda path: path.endswith("/launcher"),
    "OpenSSL": lambda path: "libssl" in path or "libcrypto" in path,
    "SQLite": lambda path: "sqlite" in path,
    "Python: libpython": lambda path: "libpython" in path,
    "Python: its library": lambda path: "/lib-dynload/" in path or "base_library" in path,
    "certificates of authorities": lambda path: "/certifi/" in path,
    "everything else": lambda _path: True,
}


def programs() -> dict[str, tuple[str, ...]]:
    """Return what there is to compare, by name."""
    found = {"plain Python": (sys.executable, "-m", "renderio_box")}
    if (DIST / "renderio-box/renderio-box").exists():
        found["one directory"] = (str(DIST / "renderio-box/renderio-box"),)
    files = [path for path in DIST.glob("renderio-box-*") if path.suffix != ".gz"]
    if files:
        found["one file"] = (str(files[0]),)
    return found


def free_port() -> int:
    """Return a port that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def started(program: tuple[str, ...], data: Path) -> Iterator[tuple[int, float]]:
    """Run a box while the block runs; yield its process id and the seconds until it was ready."""
    port = free_port()
    command = (*program, "serve", "--data", str(data), "--port", str(port))
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while not is_ready(port):
                if time.perf_counter() - began > PATIENCE_S or process.poll() is not None:
                    raise SystemExit(f"{' '.join(command)} does not become ready")
                time.sleep(LOOKED_EVERY_S)
            yield process.pid, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def is_ready(port: int) -> bool:
    """Ask once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except ConnectionError:
        return False
    finally:
        connection.close()


def family(process_id: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield process_id
    for task in Path(f"/proc/{process_id}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def memory(process_id: int, field: str) -> float:
    """Return the MiB that a process has, counted as the field of its smaps_rollup says."""
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process_id)


def size(program: tuple[str, ...]) -> str:
    """Return how much of the disk a built program takes."""
    path = Path(program[0])
    if path.parent.name != "renderio-box":
        return "-" if len(program) > 1 else f"{path.stat().st_size / MEBIBYTE:.1f}"
    return f"{sum(map(bytes_of, files_below(path.parent))) / MEBIBYTE:.1f}"


def files_below(directory: Path) -> Iterator[Path]:
    yield from (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def bytes_of(path: Path) -> int:
    return path.stat().st_size


def cold_start(program: tuple[str, ...], data: Path) -> str:
    """Return the seconds of a start with nothing in the kernel's caches, or why there is none."""
    os.sync()
    try:
        DROP_CACHES.write_text(EVERYTHING)
    except OSError as error:
        return error.strerror
    with started(program, data) as (_, seconds):
        return f"{seconds:.2f} s"


def measure(program: tuple[str, ...], rounds: int) -> list[str]:
    """Return the cells of one program."""
    with tempfile.TemporaryDirectory(prefix="renderio-") as scratch:
        data = Path(scratch, "data")
        with started(program, data) as (process_id, _):
            time.sleep(SETTLED_S)
            members = [*family(process_id)]
            resident, shared_out = (
                sum(memory(member, field) for member in members) for field in ("Rss", "Pss")
            )
        warm: list[float] = []
        busy: list[float] = []
        for _ in range(rounds):
            before = processor_seconds()
            with started(program, data) as (_, seconds):
                warm.append(seconds)
            busy.append(processor_seconds() - before)
        return [
            cold_start(program, data),
            f"{min(warm):.2f} / {statistics.median(warm):.2f} s",
            f"{min(busy):.2f} s",
            f"{resident:.0f} / {shared_out:.0f} MiB",
            str(len(members)),
            size(program),
        ]


def processor_seconds() -> float:
    """Return the processor's time of everything that we started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def explain_size(directory: Path) -> None:
    """Print what the one-directory build is made of."""
    sizes = dict.fromkeys(PARTS, 0)
    for path in files_below(directory):
        name = str(path.relative_to(directory))
        sizes[next(part for part, has in PARTS.items() if has(name))] += bytes_of(path)
    print("\nin the one-directory build, MiB:")
    for part, taken in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"  {taken / MEBIBYTE:5.1f}  {part}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    names = [
        "",
        "cold start",
        "warm best/median",
        "CPU of a start",
        "idle RSS/PSS",
        "processes",
        "MiB on disk",
    ]
    print("".join(name.ljust(18) for name in names))
    for name, program in programs().items():
        print("".join(cell.ljust(18) for cell in (name, *measure(program, rounds))), flush=True)
    print(AIMS)
    if (DIST / "renderio-box").is_dir():
        explain_size(DIST / "renderio-box")


if __name__ == "__main__":
    main()
