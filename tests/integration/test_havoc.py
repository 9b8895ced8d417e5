"""What native code inside FFmpeg may leave behind in place of outputs, and what becomes of it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import Job
from renderio_box.scheduler import written
from renderio_box.scheduler.collect import Collector
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.publish import Published, Publisher
from renderio_box.scheduler.verification import Ran, Verifier
from renderio_box.scheduler.workspace import Workspace, Workspaces
from renderio_box.storage.local import LocalStorage
from tests.builders import make_body, make_job, make_spec
from tests.fakes import Script, ScriptedPlayer, ScriptedProber
from tests.integration.box import MAX_OUTPUT_BYTES, Box, files_kept, show, submit, upload

Havoc = Callable[[Path], object]
PLAYLIST = "playlist.m3u8"
SECRET = b"secret of the box"
FILES = {"clip.mp4": b"clip", PLAYLIST: b"sub/a.ts\n", "sub/a.ts": b"a"}
PLACES: dict[str, tuple[str, dict[str, object]]] = {
    "output": ("clip.mp4", {"outputs": {"out_clip": "clip.mp4"}}),
    "folder": ("clip.mp4", {"folder": True, "outputs": {}}),
    "playlist": (PLAYLIST, {"outputs": {"out_playlist_a": PLAYLIST}}),
    "segment": ("sub/a.ts", {"outputs": {"out_playlist_a": PLAYLIST}}),
}
"""What is stored in different ways: a file of each, and what a job is that stores it."""


@pytest.fixture
async def storage(tmp_path: Path) -> LocalStorage:
    opened = LocalStorage(tmp_path / "files", reserve_bytes=0)
    await opened.open()
    return opened


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the directory that a job leaves behind, full of plain files."""
    (tmp_path / "secret").write_bytes(SECRET)
    workspace = Workspace(tmp_path / "workspace")
    workspace.make()
    for path, content in FILES.items():
        (workspace.outputs / path).parent.mkdir(exist_ok=True)
        (workspace.outputs / path).write_bytes(content)
    return workspace.outputs


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def job_of(place: str) -> Job:
    return make_job(attempt=1, spec=make_spec(**PLACES[place][1]))


async def collected(storage: LocalStorage, out: Path, place: str) -> Published:
    """Collect what lies in a directory, as after a run."""
    prober = ScriptedProber()
    verifier = Verifier(ScriptedPlayer(), prober)
    collector = Collector(Publisher(storage), prober, verifier, max_bytes=MAX_OUTPUT_BYTES)
    return await collector.collect(job_of(place), Workspace(out.parent), {}, Ran())


async def refused(storage: LocalStorage, out: Path, place: str) -> ErrorStatus:
    """Return why it cannot be collected; nothing must have been stored."""
    with pytest.raises(AttemptFailedError) as refusal:
        await collected(storage, out, place)
    assert contents(out.parents[1] / "files") == []
    return refusal.value.status


def contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.rglob("*") if path.is_file()]


def secret_beside(path: Path) -> Path:
    """Return what must not be reached from a workspace."""
    (workspace,) = [parent for parent in path.parents if parent.name == "workspace"]
    return workspace.with_name("secret")


def cleared(path: Path) -> Path:
    """Remove a file or a folder and return where it was."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


async def test_what_is_left_in_good_order_is_stored(
    storage: LocalStorage, out: Path, place: str
) -> None:
    published = await collected(storage, out, place)

    assert len(published.outputs) == 1


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.symlink_to(secret_beside(path)),
        lambda path: path.symlink_to(path.name),
        lambda path: path.hardlink_to(secret_beside(path)),
        os.mkfifo,
    ],
    ids=["link", "link to itself", "second name", "pipe"],
)
async def test_what_is_no_plain_file_is_never_stored(
    storage: LocalStorage, out: Path, place: str, put: Havoc
) -> None:
    put(cleared(out / PLACES[place][0]))

    assert await refused(storage, out, place) is ErrorStatus.OUTPUT_MISSING
    assert (out.parents[1] / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("place", ["output", "playlist", "segment"])
async def test_a_folder_in_the_place_of_a_file_is_never_stored(
    storage: LocalStorage, out: Path, place: str
) -> None:
    cleared(out / PLACES[place][0]).mkdir()

    assert await refused(storage, out, place) is ErrorStatus.OUTPUT_MISSING


async def test_what_nobody_declared_is_not_stored(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, lambda out: (out / "extra.bin").write_bytes(b"extra"))

    assert (shown["status"], shown["output_files"].keys()) == ("SUCCESS", {"out_clip"})
    assert (len(files_kept(box)), list((box.root / "work").iterdir())) == (1, [])


@pytest.mark.parametrize("put", [Path.mkdir, Path.touch, os.mkfifo])
async def test_a_folder_of_segments_is_needed(storage: LocalStorage, out: Path, put: Havoc) -> None:
    put(cleared(out / "sub"))

    assert await refused(storage, out, "segment") is ErrorStatus.OUTPUT_MISSING


async def test_a_folder_of_segments_that_was_made_a_link_is_not_followed(
    storage: LocalStorage, out: Path
) -> None:
    (out / "sub").rename(out.parent / "moved")
    (out / "sub").symlink_to(out.parent / "moved")

    assert await refused(storage, out, "segment") is ErrorStatus.OUTPUT_MISSING


async def test_a_directory_that_was_made_a_link_is_not_followed(
    storage: LocalStorage, out: Path, place: str
) -> None:
    out.rename(out.with_name("moved"))
    out.symlink_to("moved")

    assert await refused(storage, out, place) is ErrorStatus.OUTPUT_MISSING


async def test_a_hollow_file_of_terabytes_is_not_read(
    storage: LocalStorage, out: Path, place: str
) -> None:
    os.truncate(out / PLACES[place][0], 2**42)

    assert await refused(storage, out, place) in {
        ErrorStatus.OUTPUT_TOO_LARGE,
        ErrorStatus.OUTPUT_MISSING,
    }


async def test_a_file_that_is_still_written_to_is_not_stored(
    storage: LocalStorage, out: Path, place: str
) -> None:
    with (out / PLACES[place][0]).open("ab"):
        assert await refused(storage, out, place) is ErrorStatus.OUTPUT_MISSING


async def test_a_stored_file_can_neither_be_written_nor_executed(
    storage: LocalStorage, out: Path, place: str
) -> None:
    for path in FILES:
        (out / path).chmod(0o6777)

    await collected(storage, out, place)

    kept = [path for path in (out.parents[1] / "files").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o7777 for path in kept} == {0o440}


async def run(box: Box, client: AsyncClient, havoc: Havoc, **changes: object) -> dict[str, Any]:
    """Run a command in whose directory something else happens as well."""
    box.executor.script = Script(writes=FILES, havoc=havoc)
    command_id = await submit(client, make_body(**changes))
    await box.work_until_final(command_id)
    return await show(client, command_id)


FOLDER: dict[str, object] = {"ffmpeg_command": "-i x y", "output_files": "OUTPUT_FOLDER"}


async def test_an_input_under_the_name_of_an_output_is_not_stored_again(
    box: Box, client: AsyncClient
) -> None:
    source = await upload(client, b"input", "in.mp4")

    def havoc(out: Path) -> None:
        (out / "clip.mp4").unlink()
        (out / "clip.mp4").hardlink_to(out.parent / "in/in_a.mp4")

    shown = await run(
        box,
        client,
        havoc,
        ffmpeg_command="-i {{in_a}} {{out_clip}}",
        input_files={"in_a": source["file_id"]},
    )

    assert shown["error_status"] == "OUTPUT_MISSING"
    assert (await client.get(str(source["storage_url"]))).content == b"input"


def deep(out: Path) -> None:
    at = os.open(out, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("d", dir_fd=at)
        at, outer = os.open("d", os.O_RDONLY, dir_fd=at), at
        os.close(outer)
    os.close(at)


def long_names(out: Path) -> None:
    at = out
    for _ in range(6):
        at /= "x" * 250
        at.mkdir()


@pytest.mark.parametrize("havoc", [deep, long_names])
async def test_folders_without_measure_fail_the_command_and_are_removed(
    box: Box, client: AsyncClient, havoc: Havoc
) -> None:
    shown = await run(box, client, havoc, **FOLDER)

    assert (shown["error_status"], files_kept(box)) == ("OUTPUT_TOO_LARGE", [])
    assert "too deep or too long" in shown["error_message"]
    assert list((box.root / "work").iterdir()) == []


@pytest.mark.parametrize("place", ["folder", "playlist"])
async def test_files_without_number_are_not_all_looked_at(
    storage: LocalStorage, out: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(written, "MAX_FILES", 50)
    for number in range(50):
        (out / "sub" / str(number)).touch()

    assert await refused(storage, out, place) is ErrorStatus.OUTPUT_TOO_LARGE


@pytest.mark.parametrize("name", [b"a\nb.mp4", b"\xff\xfe.mp4", b"-rf", b"\x1b[31m", b"x" * 255])
async def test_odd_names_beside_an_output_are_no_matter(
    box: Box, client: AsyncClient, name: bytes
) -> None:
    shown = await run(box, client, lambda out: (out / os.fsdecode(name)).touch())

    assert (shown["status"], len(files_kept(box))) == ("SUCCESS", 1)


@pytest.mark.parametrize("name", [b"\xff\xfe.mp4", b"\xed\xa0\x80"])
async def test_a_name_that_is_no_text_is_told_in_text(
    box: Box, client: AsyncClient, name: bytes
) -> None:
    shown = await run(box, client, lambda out: (out / os.fsdecode(name)).touch(), **FOLDER)

    assert shown["error_status"] == "OUTPUT_MISSING"
    assert shown["error_message"].endswith("' is not UTF-8.")


async def test_a_name_cannot_blot_out_what_is_said_of_it(box: Box, client: AsyncClient) -> None:
    shown = await run(
        box,
        client,
        lambda out: os.mkfifo(out / "\n\x1b[2Jpipe"),
        **FOLDER,
    )

    assert shown["error_message"] == "'\\n\\x1b[2Jpipe' is not a plain file."


async def test_a_start_sweeps_whatever_is_in_the_way(tmp_path: Path) -> None:
    work, kept = tmp_path / "work", tmp_path / "kept"
    kept.mkdir()
    (work / "left/sub").mkdir(parents=True)
    deep(work / "left/sub")
    (work / "file").touch()
    (work / "link").symlink_to(kept)
    os.mkfifo(work / "pipe")

    await Workspaces(work).sweep()

    assert (list(work.iterdir()), kept.is_dir()) == ([], True)
