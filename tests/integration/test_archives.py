"""Zips of inputs, from the request to what FFmpeg finds, and to what becomes of them."""

import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.fakes import Receiver, Script, answer
from tests.integration.box import (
    MAX_INPUT_BYTES,
    NOWHERE,
    RUN,
    Box,
    files_kept,
    problem,
    show,
    submit,
    upload,
)
from tests.zips import LINK, zipped

CHAIN = "/api/v1/run-chained-ffmpeg-commands"


def starting_from(source: object) -> dict[str, object]:
    """Return the body of a command that starts from that archive."""
    return make_body(ffmpeg_command="-i a.mp4 {{out_clip}}", input_compressed_folder=source)


async def run(box: Box, client: AsyncClient, content: bytes) -> dict[str, object]:
    """Run a command that starts from a stored archive; return its poll response."""
    stored = await upload(client, content, "inputs.zip")
    command_id = await submit(client, starting_from(stored["file_id"]))
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def test_ffmpeg_finds_the_files_of_the_archive_where_it_runs(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, zipped("a.mp4", ("fonts/b.ttf", b""), "empty/"))

    assert shown["status"] == "SUCCESS"
    assert box.executor.found == [{"a.mp4": b"a.mp4", "fonts/b.ttf": b""}]


async def test_an_archive_in_an_archive_is_a_file_like_any_other(
    box: Box, client: AsyncClient
) -> None:
    inner = zipped("../a.mp4", "b.mp4")

    await run(box, client, zipped(("inner.zip", inner)))

    assert box.executor.found == [{"inner.zip": inner}]


async def test_the_archive_itself_is_gone_when_ffmpeg_runs(box: Box, client: AsyncClient) -> None:
    await run(box, client, zipped("a.mp4"))

    assert box.executor.inputs == [{}]


async def test_an_archive_may_be_named_by_its_storage_url(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, zipped("a.mp4"), "inputs.zip")

    await box.work_until_final(await submit(client, starting_from(stored["storage_url"])))

    assert box.executor.found == [{"a.mp4": b"a.mp4"}]


async def test_an_archive_is_fetched_from_its_url(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    receiver.answers["/inputs"] = answer(zipped("a.mp4"))

    await box.work_until_final(await submit(client, starting_from(f"{receiver.url}/inputs")))

    assert box.executor.found == [{"a.mp4": b"a.mp4"}]


async def test_an_archive_that_cannot_be_fetched_is_called_what_it_is_called_in_the_request(
    box: Box, client: AsyncClient, receiver: Receiver
) -> None:
    command_id = await submit(client, starting_from(f"{receiver.url}/none.zip"))
    await box.work_until_final(command_id)

    shown = await show(client, command_id)
    assert shown["error_status"] == "UNREACHABLE_INPUT_FILE"
    assert shown["error_message"].startswith("input_compressed_folder could not be fetched: ")


async def test_the_steps_of_a_chain_share_the_archive(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, zipped("a.mp4"), "inputs.zip")
    body = {
        "ffmpeg_commands": ["-i a.mp4 b.mp4", "-i b.mp4 -i a.mp4 {{out_clip}}"],
        "output_files": {"out_clip": "clip.mp4"},
        "input_compressed_folder": stored["file_id"],
    }

    command_id = (await client.post(CHAIN, json=body)).json()["command_id"]
    await box.work_until_final(command_id)

    assert [sorted(found) for found in box.executor.found] == [["a.mp4"], ["a.mp4", "b.mp4"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not a zip file, or it is damaged"),
        (b"no zip", "it is not a zip file, or it is damaged"),
        (zipped("a.mp4")[:-30], "it is not a zip file, or it is damaged"),
        (zipped("a.mp4")[20:], "it is not a zip file, or it is damaged"),
        (zipped("../a.mp4"), "'../a.mp4' leads out of the folder"),
        (zipped("a.mp4", "a.mp4"), "'a.mp4' is there twice"),
        (zipped("a.mp4", mode=LINK), "'a.mp4' is a link or a device, not a plain file"),
    ],
)
async def test_an_archive_that_may_not_be_unpacked_ends_the_command(
    box: Box, client: AsyncClient, content: bytes, why: str
) -> None:
    shown = await run(box, client, content)

    assert (shown["status"], shown["error_status"]) == ("FAILED", "INPUT_REFUSED")
    assert shown["error_message"] == f"input_compressed_folder was not unpacked: {why}."
    assert box.executor.executions == []


@pytest.mark.parametrize(
    "entries",
    [
        [("a", bytes(MAX_INPUT_BYTES + 1))],
        [("a", bytes(MAX_INPUT_BYTES - 10)), ("b", bytes(11))],
        [(f"{number}", bytes(MAX_INPUT_BYTES)) for number in range(50)],
    ],
)
async def test_an_archive_that_unpacks_to_too_much_is_refused(
    box: Box, client: AsyncClient, entries: list[tuple[str, bytes]]
) -> None:
    shown = await run(box, client, zipped(*entries))

    assert (shown["status"], shown["error_status"]) == ("FAILED", "INPUT_TOO_LARGE")
    assert "unpacks to more than 0 MiB" in shown["error_message"]


async def test_an_archive_may_unpack_to_exactly_the_limit(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, zipped(("a", bytes(MAX_INPUT_BYTES - 1)), ("b", b"1")))

    assert shown["status"] == "SUCCESS"


async def test_an_archive_for_which_there_is_no_room_is_not_unpacked(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box.storage, "room_bytes", lambda: 5)

    shown = await run(box, client, zipped(("a.mp4", b"123456")))

    assert (shown["status"], shown["error_status"]) == ("FAILED", "STORAGE_FULL")
    assert shown["error_message"].startswith("The disk has no room for what input_compressed_")


async def test_what_is_unpacked_and_not_an_output_leaves_nothing_behind(
    box: Box, client: AsyncClient
) -> None:
    await run(box, client, zipped("a.mp4", "b/c.srt"))

    assert list((box.root / "work").iterdir()) == []
    assert len(files_kept(box)) == 2


async def test_a_file_of_the_archive_is_no_output_unless_ffmpeg_writes_it(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script = Script(writes={"other.mp4": b"x"})

    shown = await run(box, client, zipped("clip.mp4"))

    assert (shown["status"], shown["error_status"]) == ("FAILED", "OUTPUT_MISSING")
    assert "left out_clip (clip.mp4) as it came in the archive" in shown["error_message"]


async def test_a_file_of_the_archive_that_ffmpeg_writes_over_is_an_output(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, zipped("clip.mp4"))

    served = await client.get(shown["output_files"]["out_clip"]["storage_url"])
    assert served.content == b"written by the script"


@pytest.mark.parametrize("source", [NOWHERE, "somewhere", "ftp://host/a.zip"])
async def test_an_archive_that_is_nowhere_is_refused_at_once(
    client: AsyncClient, source: str
) -> None:
    refused = await client.post(RUN, json=starting_from(source))

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == ["input_compressed_folder"]


async def test_somebody_elses_archive_looks_like_none(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    stored = await upload(client, zipped("a.mp4"), "inputs.zip")

    refused = await stranger.post(RUN, json=starting_from(stored["file_id"]))

    assert problem(refused) == (400, "INVALID_REQUEST")
