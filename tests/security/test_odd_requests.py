"""Requests that look as if they meant something else, sent to a box that really runs."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from renderio_box.assets import CLIP
from tests.running_box import RunningBox, eventually, scratch_box

SUBMIT: Final = "/api/v1/run-ffmpeg-command"
TEXT: Final = {"out_text": "text.txt"}
TAGS: Final = "-i {{in_clip}} -f ffmetadata {{out_text}}"
SHELL: Final = "$(touch /tmp/pwn);`id`|x && >y"


@pytest.fixture(scope="module")
def box() -> Iterator[RunningBox]:
    with scratch_box() as opened:
        yield opened


@pytest.fixture(scope="module")
def clip(box: RunningBox) -> dict[str, str]:
    """Return the inputs of a command that has one."""
    return {"in_clip": str(box.upload(Path("renderio_box/assets") / CLIP)["file_id"])}


def tags(box: RunningBox, polled: dict[str, Any]) -> str:
    return box.download(polled["output_files"]["out_text"]["storage_url"]).decode()


def asked(box: RunningBox, target: str) -> bytes:
    """Send a request for a path exactly as it is written, and return the whole answer."""
    where = urlsplit(box.url)
    head = f"GET {target} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=5) as raw:
        raw.sendall(head.encode())
        return b"".join(iter(lambda: raw.recv(65536), b""))


def test_what_a_shell_would_run_is_text(box: RunningBox, clip: dict[str, str]) -> None:
    command = f"-i {{{{in_clip}}}} -metadata 'title={SHELL}' -f ffmetadata {{{{out_text}}}}"

    polled = box.run(command, TEXT, input_files=clip)

    assert f"title={SHELL.replace(';', chr(92) + ';')}" in tags(box, polled)


def test_text_that_reads_like_progress_is_no_progress(
    box: RunningBox, clip: dict[str, str]
) -> None:
    command = "-i {{in_clip}} -metadata 'title=out_time_us=9\nprogress=end\n' -c copy {{out_clip}}"

    polled = box.run(command, {"out_clip": "clip.mkv"}, input_files=clip)

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)


@pytest.mark.parametrize("output", ["-", "pipe:", "pipe:1", "pipe:2"])
def test_media_for_the_boxs_own_channels_end_up_nowhere(
    box: RunningBox, clip: dict[str, str], output: str
) -> None:
    command = f"-i {{{{in_clip}}}} -c copy -f mpegts {output} -c copy {{{{out_clip}}}}"

    polled = box.run(command, {"out_clip": "clip.mkv"}, input_files=clip)

    assert (polled["status"], polled["output_files"].keys()) == ("SUCCESS", {"out_clip"})
    assert len(box.log(polled["command_id"])) < 300_000


def test_a_line_break_in_a_command_is_a_blank(box: RunningBox, clip: dict[str, str]) -> None:
    polled = box.run("-i {{in_clip}}\n-f ffmetadata\r\n{{out_text}}", TEXT, input_files=clip)

    assert polled["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "more", [" -map 0" * 10_000, " x" * 8100, " -map 0" * 2000], ids=["long", "words", "maps"]
)
def test_words_without_number_are_no_failure_of_ours(
    box: RunningBox, clip: dict[str, str], more: str
) -> None:
    body = {"ffmpeg_command": TAGS + more, "input_files": clip, "output_files": TEXT}

    answer = box.http.post(SUBMIT, json=body)

    if answer.status_code == 202:
        box.finished(answer.json()["command_id"])
    assert answer.status_code in {202, 400}


def test_a_page_in_place_of_a_film_fails_the_command(box: RunningBox) -> None:
    page = box.upload_bytes("film.mp4", b"<!doctype html><title>Log in</title>")

    polled = box.run(TAGS, TEXT, input_files={"in_clip": page["file_id"]})

    assert (polled["status"], polled["error_status"]) == ("FAILED", "FFMPEG_FAILED")


def test_that_a_film_ends_early_is_told_in_the_log(box: RunningBox, clip: dict[str, str]) -> None:
    whole = box.run("-i {{in_clip}} -c copy {{out_clip}}", {"out_clip": "a.mkv"}, input_files=clip)
    film = box.download(whole["output_files"]["out_clip"]["storage_url"])
    half = box.upload_bytes("half.mkv", film[: len(film) // 2])

    polled = box.run(
        "-i {{in_clip}} -c:v mpeg4 {{out_clip}}",
        {"out_clip": "b.mkv"},
        input_files={"in_clip": half["file_id"]},
    )

    assert "ended prematurely" in box.log(polled["command_id"])


@pytest.mark.parametrize(
    "target",
    [
        *("/files/../box.sqlite3", "/files/x/../../server.json", "/files//etc/passwd"),
        *("/files/..%2f..%2fserver.json", "/files/%2e%2e/server.json", "//etc/passwd"),
        *("/files/x/..\\..\\server.json", "/../../../../etc/passwd", "/files/x/%00/etc/passwd"),
    ],
)
def test_no_path_leads_out_of_what_is_served(box: RunningBox, target: str) -> None:
    answer = asked(box, target)

    assert answer.split(b" ", 2)[1] in {b"400", b"401", b"404"}
    assert b"root:" not in answer


def test_jobs_leave_no_dead_processes(box: RunningBox, clip: dict[str, str]) -> None:
    ids = [box.submit(TAGS, TEXT, input_files=clip) for _ in range(20)]
    for command_id in ids:
        box.finished(command_id)

    assert eventually(lambda: children(box.process.pid) == [], within_s=5)


def children(parent: int) -> list[str]:
    """Return the processes that a process has not yet been told the end of, or that still run."""
    return [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and parent_of(entry) == parent
    ]


def parent_of(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
