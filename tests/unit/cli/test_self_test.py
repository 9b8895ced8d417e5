"""What a self-test notes and tells."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec
import pytest

from renderio_box.assets import CLIP
from renderio_box.cli.client import BoxClient
from renderio_box.cli.outcome import CliError
from renderio_box.cli.self_test import (
    CheckFailedError,
    Examination,
    Visit,
    as_text,
    in_json,
    trial_config,
)
from renderio_box.settings import Config, FfmpegConfig, PauseConfig, ServerConfig, StorageConfig
from tests.fakes import ManualClock

URL = "http://box/files/x/small.mp4"
MakeVisit = Callable[[dict[str, object]], Visit]
MADE: dict[str, object] = {
    "storage_url": URL,
    "size_mbytes": 0.5,
    "sha256": sha256(b"encoded").hexdigest(),
    "codec": "mpeg4",
    "width": 640,
    "height": 360,
}


def answering(request: httpx.Request, made: dict[str, object]) -> httpx.Response:
    """Answer as a box does of which the one command makes the one file."""
    if request.url.path.startswith("/files/"):
        return httpx.Response(200, content=b"encoded")
    if request.method == "POST":
        return httpx.Response(202, json={"command_id": "1"})
    output_files = {"out_video": made}
    return httpx.Response(
        200, json={"command_id": "1", "status": "SUCCESS", "output_files": output_files}
    )


@pytest.fixture
def examination(clock: ManualClock) -> Examination:
    return Examination(clock.monotonic)


@pytest.fixture
def visit_of(tmp_path: Path, examination: Examination) -> MakeVisit:
    """Return what makes a visit to a box whose command makes the given file."""

    def make(made: dict[str, object]) -> Visit:
        transport = httpx.MockTransport(lambda request: answering(request, made))
        http = httpx.AsyncClient(transport=transport, base_url="http://box")
        return Visit(BoxClient(http, "http://box"), Path(CLIP), tmp_path, examination.report)

    return make


async def test_what_was_made_and_fetched_is_as_told(visit_of: MakeVisit) -> None:
    visit = visit_of(MADE)

    assert await visit.encode() == "640x360 mpeg4, 0.0 s of video"
    assert await visit.download() == "0.50 MiB, its SHA-256 is as told"


async def test_a_file_that_is_not_the_one_told_of_is_noticed(visit_of: MakeVisit) -> None:
    visit = visit_of({**MADE, "sha256": "0" * 64})
    await visit.encode()

    with pytest.raises(CheckFailedError, match="SHA-256 of what was fetched is"):
        await visit.download()


@pytest.mark.parametrize("wrong", [{"codec": "h264"}, {"width": 1280}])
async def test_a_file_of_another_kind_is_noticed(
    visit_of: MakeVisit, wrong: dict[str, object]
) -> None:
    with pytest.raises(CheckFailedError, match="and should be"):
        await visit_of({**MADE, **wrong}).encode()


FAILURES = [
    CheckFailedError("it is 1, and should be 2."),
    CliError("no box answers."),
    OSError(28, "No space left on device"),
    msgspec.ValidationError("Expected `str`"),
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_step_that_fails_is_noted_and_ends_the_examination(
    examination: Examination, failure: Exception
) -> None:
    async def fail() -> str:
        raise failure

    with pytest.raises(CheckFailedError):
        await examination.step("encode", fail)

    step = examination.report.steps[0]
    assert (examination.report.ok, step.ok, step.message) == (False, False, str(failure))


async def test_steps_take_the_time_between_them(
    examination: Examination, clock: ManualClock
) -> None:
    async def take_two_seconds() -> str:
        clock.advance(2)
        return "done"

    await examination.step("upload", take_two_seconds)
    await examination.step("encode", take_two_seconds)

    assert [step.seconds for step in examination.report.steps] == [2, 2]
    assert (examination.report.ok, examination.report.seconds) == (True, 4)


def test_people_are_told_which_step_failed(examination: Examination) -> None:
    examination.note("start", "ready with 2 CPUs")
    examination.note("encode", "FFMPEG_ERROR: it broke", ok=False)

    text = as_text(examination.report)

    assert "\n  ok        0.00 s  start     ready with 2 CPUs\n" in text
    assert "\n  FAILED    0.00 s  encode    FFMPEG_ERROR: it broke\n" in text
    assert text.endswith("It does not work, after 0.0 s.\n")


def test_programs_are_told_the_same(examination: Examination) -> None:
    examination.note("start", "ready with 2 CPUs")

    told = json.loads(in_json(examination.report))

    assert (told["ok"], told["build"], told["isolation"]) == (True, "python", None)
    assert told["steps"] == [
        {"name": "start", "ok": True, "seconds": 0.0, "message": "ready with 2 CPUs"}
    ]


def test_the_box_to_try_is_for_nobody_else_and_works_at_any_hour() -> None:
    tried = trial_config(
        Config(
            server=ServerConfig(host="0.0.0.0", port=8420, public_url="https://box.example"),  # noqa: S104 - as an operator sets it
            pause=PauseConfig(windows=("00:00-24:00",)),
            storage=StorageConfig(reserve_mbytes=10**9),
            ffmpeg=FfmpegConfig(ffmpeg="/opt/ffmpeg/bin/ffmpeg"),
        )
    )

    assert (tried.server.host, tried.server.port, tried.server.public_url) == ("127.0.0.1", 0, "")
    assert (tried.pause.windows, tried.storage.reserve_mbytes) == ((), 0)
    assert tried.ffmpeg.ffmpeg == "/opt/ffmpeg/bin/ffmpeg"
