"""Every way a command can end without success, brought about by a real box with real FFmpeg."""

import functools
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from uuid import uuid4
from zipfile import ZipFile

import msgspec
import pytest

from renderio_box.jobs.error_status import ErrorStatus
from tests.running_box import RunningBox, eventually, ffmpegs, running_box

MEBIBYTE: Final = 1024 * 1024
TIGHT: Final = {
    "RENDERIO_INPUTS_MAX_MBYTES": "1",
    "RENDERIO_JOBS_OUTPUT_MBYTES": "1",
    "RENDERIO_JOBS_MEMORY_MBYTES": "256",
    "RENDERIO_JOBS_STALL_SECONDS": "2",
}
LEFT_MBYTES: Final = 200
LARGE: Final = "-f lavfi -i color=size=1280x720:duration=18 -c:v rawvideo"
"""Three times what is left."""
COLOR: Final = "-f lavfi -i color=size=64x36:duration=1"
ENDLESS: Final = "-re -f lavfi -i testsrc2=size=64x36:rate=5 -metadata title={marker} {{{{out_1}}}}"
OUTPUTS: Final = {"out_1": "out.mkv"}
INTERRUPTIONS: Final = 3
UNWALLED = {"RENDERIO_SANDBOX_TIER": "unsandboxed", "RENDERIO_SANDBOX_ALLOW_UNSAFE": "true"}
"""For a stand-in that is a script, which could not start a shell behind walls."""
DROPS_ASYNC: Final = "grep -v '^-async'"
BUILD: Final = """#!/bin/sh
case "$*" in *"-h long"*) {{ {ffmpeg} "$@"; echo "-async audio sync method"; }} | {keeps}; exit ;; esac
exec {ffmpeg} "$@"
"""
"""Our FFmpeg in everything but what it says of its option -async."""

Polled = dict[str, Any]


class Stage(msgspec.Struct, frozen=True):
    """A box with usual limits, one with tight limits, and room for more."""

    usual: RunningBox
    tight: RunningBox
    room: Path

    @property
    def data(self) -> Path:
        return self.room / "data"


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    with running_box(tmp_path_factory.mktemp("tight") / "data", **TIGHT) as box:
        yield box


@pytest.fixture
def stage(box: RunningBox, tight: RunningBox, tmp_path: Path) -> Stage:
    return Stage(box, tight, tmp_path)


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Serve the directory over HTTP and yield its address."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def started(box: RunningBox) -> str:
    """Submit a command without an end and return its id once its FFmpeg runs."""
    marker = uuid4().hex
    command_id = box.submit(ENDLESS.format(marker=marker), OUTPUTS)
    eventually(lambda: ffmpegs(marker))
    return command_id


def kill(box: RunningBox) -> None:
    box.process.kill()
    box.process.wait()


def unreachable_input_file(stage: Stage) -> Polled:
    inputs = {"in_1": "http://127.0.0.1:1/gone.mp4"}
    return stage.usual.run("-i {{in_1}} {{out_1}}", OUTPUTS, input_files=inputs)


def input_too_large(stage: Stage) -> Polled:
    (stage.room / "big.wav").write_bytes(bytes(2 * MEBIBYTE))
    with serving(stage.room) as url:
        inputs = {"in_1": f"{url}/big.wav"}
        return stage.tight.run("-i {{in_1}} {{out_1}}", OUTPUTS, input_files=inputs)


def input_refused(stage: Stage) -> Polled:
    """Send an archive that would write beside the directory that it is unpacked in."""
    hostile = stage.room / "hostile.zip"
    with ZipFile(hostile, "w") as archive:
        archive.writestr("../in_1.wav", b"")
    source = stage.usual.upload(hostile)["file_id"]
    return stage.usual.run("-i in_1.wav {{out_1}}", OUTPUTS, input_compressed_folder=source)


def invalid_command(stage: Stage) -> Polled:
    """Let the installed FFmpeg be replaced while a command for the old one waits."""
    old, new = build(stage.room / "old", keeps="cat"), build(stage.room / "new", keeps=DROPS_ASYNC)
    with running_box(
        stage.data, RENDERIO_JOBS_VCPUS="1", RENDERIO_FFMPEG_FFMPEG=old, **UNWALLED
    ) as box:
        started(box)
        command_id = box.submit(f"{COLOR} -async 1 {{{{out_1}}}}", OUTPUTS)
        kill(box)
    with running_box(
        stage.data, RENDERIO_JOBS_VCPUS="2", RENDERIO_FFMPEG_FFMPEG=new, **UNWALLED
    ) as box:
        return box.finished(command_id)


def build(path: Path, *, keeps: str) -> str:
    """Make a build whose options are ours as far as the filter ``keeps`` them."""
    path.write_text(BUILD.format(ffmpeg=shutil.which("ffmpeg"), keeps=keeps))
    path.chmod(0o755)
    return str(path)


def ffmpeg_failed(stage: Stage) -> Polled:
    return stage.usual.run(f"{COLOR} -c:v libx999 {{{{out_1}}}}", OUTPUTS)


def output_missing(stage: Stage) -> Polled:
    return stage.usual.run(f"{COLOR} -metadata a={{{{out_1}}}} -f null -", OUTPUTS)


def verification_failed(stage: Stage) -> Polled:
    mute = "-f lavfi -i sine=duration=1 -af atrim=start=100"
    return stage.usual.run(
        f"{COLOR} {mute} {{{{out_1}}}}", {"out_1": "mute.mkv"}, verify={"streams": True}
    )


def output_too_large(stage: Stage) -> Polled:
    pictures = "-f lavfi -i testsrc2=size=640x360:duration=2 -c:v rawvideo"
    return stage.tight.run(f"{pictures} {{{{out_1}}}}", OUTPUTS)


def timeout(stage: Stage) -> Polled:
    return stage.usual.run(ENDLESS.format(marker="x"), OUTPUTS, max_command_run_seconds=1)


def stalled(stage: Stage) -> Polled:
    """Let FFmpeg wait for a quarter of an hour between two pictures."""
    pictures = "-re -f lavfi -i testsrc2=size=64x36:rate=1/1000"
    return stage.tight.run(f"{pictures} {{{{out_1}}}}", OUTPUTS)


def out_of_memory(stage: Stage) -> Polled:
    return stage.tight.run(f"{COLOR} -vf scale=24000:24000 -frames:v 1 {{{{out_1}}}}", OUTPUTS)


def storage_full(stage: Stage) -> Polled:
    free_mbytes = shutil.disk_usage(stage.data.parent).free // 2**20
    scarce = {"RENDERIO_STORAGE_RESERVE_MBYTES": str(free_mbytes - LEFT_MBYTES)}
    with running_box(stage.data, **scarce) as box:
        return box.run(f"{LARGE} {{{{out_1}}}}", OUTPUTS)


def cancelled(stage: Stage) -> Polled:
    command_id = started(stage.usual)
    stage.usual.cancel(command_id)
    return stage.usual.finished(command_id)


def interrupted(stage: Stage) -> Polled:
    marker, command_id = uuid4().hex, ""
    for _ in range(INTERRUPTIONS):
        with running_box(stage.data) as box:
            command_id = command_id or box.submit(ENDLESS.format(marker=marker), OUTPUTS)
            eventually(lambda: ffmpegs(marker))
            kill(box)
    with running_box(stage.data) as box:
        return box.finished(command_id)


def internal_error(stage: Stage) -> Polled:
    """Take away the directory that commands run in."""
    with running_box(stage.data) as box:
        (stage.data / "work").rename(stage.data / "gone")
        (stage.data / "work").touch()
        return box.run(f"{COLOR} {{{{out_1}}}}", OUTPUTS)


PRODUCERS: Final[Mapping[ErrorStatus, Callable[[Stage], Polled]]] = {
    ErrorStatus.UNREACHABLE_INPUT_FILE: unreachable_input_file,
    ErrorStatus.INPUT_TOO_LARGE: input_too_large,
    ErrorStatus.INPUT_REFUSED: input_refused,
    ErrorStatus.INVALID_COMMAND: invalid_command,
    ErrorStatus.FFMPEG_FAILED: ffmpeg_failed,
    ErrorStatus.OUTPUT_MISSING: output_missing,
    ErrorStatus.VERIFICATION_FAILED: verification_failed,
    ErrorStatus.OUTPUT_TOO_LARGE: output_too_large,
    ErrorStatus.TIMEOUT: timeout,
    ErrorStatus.STALLED: stalled,
    ErrorStatus.OUT_OF_MEMORY: out_of_memory,
    ErrorStatus.STORAGE_FULL: storage_full,
    ErrorStatus.CANCELLED: cancelled,
    ErrorStatus.INTERRUPTED: interrupted,
    ErrorStatus.INTERNAL_ERROR: internal_error,
}


@pytest.mark.parametrize("status", list(ErrorStatus))
def test_every_error_status_is_brought_about(stage: Stage, status: ErrorStatus) -> None:
    polled = PRODUCERS[status](stage)

    assert (polled["status"], polled["error_status"]) == ("FAILED", status)
    assert polled["error_message"] == polled["error"] != ""
    assert str(stage.room) not in polled["error_message"]
