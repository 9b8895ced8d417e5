"""Everything that a command writes, as one zip."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from anyio import to_thread
from httpx import AsyncClient

from renderio_box.scheduler import folder
from renderio_box.scheduler.failures import AttemptFailedError
from tests.builders import make_body
from tests.fakes import Script
from tests.integration.box import MAX_OUTPUT_BYTES, Box, files_kept, show, submit, upload
from tests.zips import zipped

MEBIBYTE = 1024 * 1024
TILES = {"tile_2.png": b"two", "tile_1.png": b"one", "sub/log.txt": b"a" * 1000, "empty.txt": b""}


def into_folder(**changes: object) -> dict[str, object]:
    """Return the body of a command that writes whatever it likes."""
    return make_body(
        ffmpeg_command="-f lavfi -i testsrc tile_%d.png", output_files="OUTPUT_FOLDER", **changes
    )


async def run(box: Box, client: AsyncClient, script: Script, **changes: object) -> dict[str, Any]:
    box.executor.script = script
    command_id = await submit(client, into_folder(**changes))
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def archive_of(client: AsyncClient, shown: dict[str, Any]) -> ZipFile:
    served = await client.get(shown["output_files"]["output_folder"]["storage_url"])
    return ZipFile(BytesIO(served.content))


async def test_everything_that_was_written_is_stored_as_one_zip(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, Script(writes=TILES))

    with await archive_of(client, shown) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == TILES
    assert files_kept(box) == [f"{shown['command_id']}-1-output_folder.zip"]


async def test_the_record_of_the_zip_says_what_is_in_it(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, Script(writes=TILES))

    record = shown["output_files"]["output_folder"]
    assert record["filename"] == f"{shown['command_id']}.zip"
    assert (record["file_format"], record["file_type"]) == ("zip", "archive")
    assert record["mime_type"] == "application/zip"
    assert (record["file_count"], record["size_mbytes"]) == (4, 1006 / MEBIBYTE)
    served = await client.get(record["storage_url"])
    assert record["size_compressed_mbytes"] == len(served.content) / MEBIBYTE


async def test_the_same_files_make_the_same_zip(box: Box, client: AsyncClient) -> None:
    first = await run(box, client, Script(writes=TILES))
    second = await run(box, client, Script(writes=dict(reversed(TILES.items()))))

    digests = [each["output_files"]["output_folder"]["sha256"] for each in (first, second)]
    assert digests[0] == digests[1]


async def test_what_is_compressed_already_is_not_compressed_again(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, Script(writes=TILES))

    with await archive_of(client, shown) as archive:
        packing = {each.filename: each.compress_type for each in archive.infolist()}
    assert packing == {
        "empty.txt": ZIP_DEFLATED,
        "sub/log.txt": ZIP_DEFLATED,
        "tile_1.png": ZIP_STORED,
        "tile_2.png": ZIP_STORED,
    }


async def test_files_of_the_archive_are_left_out_unless_they_were_changed(
    box: Box, client: AsyncClient
) -> None:
    stored = await upload(client, zipped("kept.txt", "changed.txt"), "inputs.zip")
    script = Script(writes={"changed.txt": b"longer than before", "new.txt": b"new"})

    shown = await run(box, client, script, input_compressed_folder=stored["file_id"])

    with await archive_of(client, shown) as archive:
        assert archive.namelist() == ["changed.txt", "new.txt"]


async def test_the_steps_of_a_chain_write_into_one_folder(box: Box, client: AsyncClient) -> None:
    body = {
        "ffmpeg_commands": ["-f lavfi -i testsrc a.mp4", "-i a.mp4 b.mp4"],
        "input_files": {},
        "output_files": "OUTPUT_FOLDER",
    }
    accepted = await client.post("/api/v1/run-chained-ffmpeg-commands", json=body)
    await box.work_until_final(accepted.json()["command_id"])

    with await archive_of(client, await show(client, accepted.json()["command_id"])) as archive:
        assert archive.namelist() == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("script", "status", "message"),
    [
        (Script(leaves_out=frozenset({"tile_%d.png"})), "OUTPUT_MISSING", "wrote no file into"),
        (Script(links=("a.txt",)), "OUTPUT_MISSING", "'a.txt' is not a plain file."),
        (
            Script(writes={"a.raw": bytes(MAX_OUTPUT_BYTES), "b.raw": b"1"}),
            "OUTPUT_TOO_LARGE",
            "more than 0 MiB into the output folder",
        ),
    ],
)
async def test_a_folder_that_cannot_be_kept_fails_the_command(
    box: Box, client: AsyncClient, script: Script, status: str, message: str
) -> None:
    shown = await run(box, client, script)

    assert (shown["status"], shown["error_status"]) == ("FAILED", status)
    assert message in shown["error_message"]
    assert (shown["output_files"], files_kept(box)) == ({}, [])


async def test_a_folder_may_hold_exactly_the_limit(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, Script(writes={"a.raw": bytes(MAX_OUTPUT_BYTES)}))

    assert shown["status"] == "SUCCESS"


async def test_a_folder_of_a_box_without_room_fails_the_command(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_: Path) -> None:
        monkeypatch.setattr(box.storage, "room_bytes", lambda: -1)

    shown = await run(box, client, Script(writes=TILES, havoc=fill))

    assert (shown["error_status"], files_kept(box)) == ("STORAGE_FULL", [])


async def test_a_folder_is_deleted_like_any_output(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, Script(writes=TILES))

    deleted = await client.delete(f"/api/v1/commands/{shown['command_id']}/files")

    assert (deleted.json()["files_deleted"], files_kept(box)) == (1, [])


async def zip_of(directory: Path) -> list[str]:
    target = directory.with_name("target.zip")
    await to_thread.run_sync(
        lambda: folder.zip_folder(directory, {}, target, max_bytes=MAX_OUTPUT_BYTES)
    )
    with ZipFile(target) as archive:
        return archive.namelist()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.mark.parametrize("name", ["-y", "a b", "é.txt", "a\\b", "a:b", "a\nb"])
async def test_any_name_that_is_text_is_kept(directory: Path, name: str) -> None:
    (directory / name).write_bytes(b"x")

    assert await zip_of(directory) == [name]


async def test_a_name_that_is_no_text_is_refused(directory: Path) -> None:
    (directory / os.fsdecode(b"a\xff.txt")).write_bytes(b"x")

    with pytest.raises(AttemptFailedError, match="is not UTF-8"):
        await zip_of(directory)


async def test_a_pipe_is_not_waited_for(directory: Path) -> None:
    os.mkfifo(directory / "pipe")

    with pytest.raises(AttemptFailedError, match="'pipe' is not a plain file"):
        await zip_of(directory)


async def test_a_second_name_of_a_file_is_refused(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"secret")
    (directory / "here").hardlink_to(tmp_path / "elsewhere")

    with pytest.raises(AttemptFailedError, match="'here' is not a plain file"):
        await zip_of(directory)


async def test_a_link_to_a_folder_is_not_followed(directory: Path) -> None:
    (directory / "etc").symlink_to("/etc")

    with pytest.raises(AttemptFailedError, match="'etc' is not a plain file"):
        await zip_of(directory)


async def test_more_files_than_allowed_are_refused(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 2)
    for number in range(3):
        (directory / f"{number}.txt").write_bytes(b"")

    with pytest.raises(AttemptFailedError, match=r"wrote 3 files .* which may hold 2"):
        await zip_of(directory)


async def test_what_is_in_the_zip_is_not_on_the_disk_twice(directory: Path) -> None:
    (directory / "a.txt").write_bytes(b"x")

    await zip_of(directory)

    assert list(directory.iterdir()) == []
