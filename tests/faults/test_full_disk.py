"""A disk that is full to the last block, with the database on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.faults.siege import siege
from tests.faults.small_disk import fill, small_disk_or_skip
from tests.running_box import RunningBox, eventually, running_box

DISK_MBYTES = 24
LARGER_MBYTES = 64
MEBIBYTE = 2**20
INIT = "/api/v1/files/init-upload"
SMALL = "-f lavfi -i testsrc2=size=64x36:rate=5:duration=0.4 -c:v mjpeg {{out_video}}"
LASTING = "-re -f lavfi -i testsrc2=size=64x36:rate=5:duration=1.5 -c:v mjpeg {{out_video}}"
GREEDY = "-f lavfi -i testsrc2=size=1280x720:rate=25 -c:v rawvideo {{out_video}}"
MODEST = "-re -f lavfi -i testsrc2=size=64x36:rate=5:duration=9 -c:v mjpeg {{out_video}}"
GROWING = (
    "-re -f lavfi -i testsrc2=size=640x360:rate=25 -pix_fmt yuv420p -c:v rawvideo {{out_video}}"
)
OUTPUTS = {"out_video": "video.mkv"}
MOST_SUBMITS = 300
KILLS = 5

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    with small_disk_or_skip(tmp_path / "disk", mbytes=DISK_MBYTES) as mounted:
        yield mounted


@pytest.fixture
def cramped(disk: Path) -> Iterator[RunningBox]:
    """A box on a small disk, of which it keeps nothing free beforehand."""
    settings = {"RENDERIO_STORAGE_RESERVE_MBYTES": "0", "RENDERIO_JOBS_VCPUS": "2"}
    with running_box(disk / "data", **settings) as box:
        yield box


def offered(box: RunningBox, command: str) -> Any:  # noqa: ANN401 - an answer
    body = {"ffmpeg_command": command, "input_files": {}, "output_files": OUTPUTS, "vcpu_count": 1}
    return box.http.post("/api/v1/run-ffmpeg-command", json=body)


def test_a_command_that_fills_the_disk_fails_alone(cramped: RunningBox) -> None:
    greedy = cramped.submit(GREEDY, OUTPUTS, vcpu_count=1)
    beside = cramped.submit(LASTING, OUTPUTS, vcpu_count=1)

    polled = cramped.finished(greedy, within_s=30)
    assert (polled["status"], polled["error_status"]) == ("FAILED", "STORAGE_FULL")
    assert cramped.finished(beside)["error_status"] in {None, "STORAGE_FULL"}
    assert cramped.run(SMALL, OUTPUTS)["status"] == "SUCCESS"


def test_a_box_whose_disk_is_full_refuses_waits_and_goes_on(cramped: RunningBox) -> None:
    ballast = cramped.data / "of somebody else"
    running = cramped.submit(LASTING, OUTPUTS, vcpu_count=1)
    eventually(lambda: cramped.poll(running)["status"] == "PROCESSING", within_s=10)
    fill(ballast)

    answers = [offered(cramped, SMALL)]
    while answers[-1].status_code == 202 and len(answers) < MOST_SUBMITS:
        fill(ballast)
        answers.append(offered(cramped, SMALL))
    refusal = answers.pop()
    assert (refusal.status_code, refusal.json()["error"]) == (503, "STORAGE_FULL")
    assert "Retry-After" in refusal.headers
    eventually(lambda: b"_put_off" in cramped.stderr.read_bytes(), within_s=10)
    assert cramped.http.get("/healthz").status_code == 200
    ballast.unlink()

    accepted = [running, *(answer.json()["command_id"] for answer in answers)]
    ends = [cramped.finished(each, within_s=30)["error_status"] for each in accepted]
    assert set(ends) <= {None, "STORAGE_FULL"}
    assert cramped.run(SMALL, OUTPUTS)["status"] == "SUCCESS"
    assert cramped.stop() == 0
    with closing(sqlite3.connect(cramped.data / "box.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.timeout(180)
def test_whatever_kills_a_box_on_a_disk_that_fills_up_its_promises_are_kept(
    tmp_path: Path, disk: Path
) -> None:
    with siege(tmp_path, seed=7, disk=disk) as besieged:
        besieged.begin()
        for _ in range(KILLS):
            besieged.kill_at_random()
        verdict = besieged.end()

    assert verdict.broken == []
    assert verdict.figures["times the disk was full"] > 0


@pytest.fixture
def careful(tmp_path: Path) -> Iterator[RunningBox]:
    """A box on a small disk, of which it keeps a part free."""
    settings = {"RENDERIO_STORAGE_RESERVE_MBYTES": "24", "RENDERIO_JOBS_VCPUS": "2"}
    with (
        small_disk_or_skip(tmp_path / "disk", mbytes=LARGER_MBYTES) as disk,
        running_box(disk / "data", **settings) as box,
    ):
        yield box


def test_what_is_accepted_below_the_floor_waits_and_what_is_uploaded_is_refused(
    careful: RunningBox,
) -> None:
    ballast = careful.data / "of somebody else"
    init = {"filename": "clip.mp4", "size_bytes": 1000}
    begun = careful.http.post(INIT, json=init).raise_for_status().json()
    ballast.write_bytes(bytes(50 * MEBIBYTE))

    command_id = careful.submit(SMALL, OUTPUTS, vcpu_count=1)
    eventually(lambda: careful.poll(command_id)["waiting_for"] == "STORAGE", within_s=10)
    refusals = [
        careful.http.post("/api/v1/files/upload", files={"file": ("a.mp4", b"x")}),
        careful.http.put(begun["upload_urls"][0], content=bytes(1000)),
        careful.http.post(INIT, json=init),
    ]
    assert [each.status_code for each in refusals] == [503, 503, 503]
    assert {each.json()["error"] for each in refusals} == {"STORAGE_FULL"}
    ballast.unlink()

    assert careful.finished(command_id, within_s=10)["status"] == "SUCCESS"


def test_the_command_that_eats_the_reserve_is_stopped_and_the_other_goes_on(
    careful: RunningBox,
) -> None:
    beside = careful.submit(MODEST, OUTPUTS, vcpu_count=1)
    growing = careful.submit(GROWING, OUTPUTS, vcpu_count=1)
    eventually(lambda: careful.poll(growing)["status"] == "PROCESSING", within_s=10)
    (careful.data / "of somebody else").write_bytes(bytes(20 * MEBIBYTE))

    polled = careful.finished(growing, within_s=30)
    message = "FFmpeg was stopped because the disk had less than 12 MiB left and it took more"
    assert polled["error_status"] == "STORAGE_FULL"
    assert polled["error_message"].startswith(message)
    assert careful.finished(beside, within_s=30)["status"] == "SUCCESS"
